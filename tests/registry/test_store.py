"""A new registry appears whole or not at all, and whoever may read its file can ask it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from cbvsynth.errors import RegistryError
from cbvsynth.registry.store import Registry, open_registry
from cbvsynth.registry.versions import list_versions
from tests.other_user import as_another_user, folder_for_all

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


def test_a_kill_while_the_tables_are_made_leaves_no_half_made_database(tmp_path: Path) -> None:
    """MLflow makes its tables one by one; a kill in between used to leave a file that nothing could open."""
    code = (
        f"import os; os.chdir({str(Path.cwd())!r})\n"
        "from cbvsynth.registry.store import open_registry\n"
        "open_registry('cbvsynth').client"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env={**os.environ})
    while process.poll() is None and not any(path.stat().st_size for path in Path().glob(".mlflow.db*")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not Path("mlflow.db").exists()
    assert list(Path().glob(".mlflow.db*"))
    assert open_registry("cbvsynth").client.search_registered_models() == []
    assert Path("mlflow.db").is_file()
    assert list(Path().glob(".mlflow.db*")) == [], "what was half made is gone"


def test_tables_are_made_without_waiting_for_the_disk_and_later_work_waits(tmp_path: Path) -> None:
    """MLflow's hundreds of transactions each waited for the disk: on a busy one the first promotion had not
    ended after ten minutes, and whoever waited for its lock gave up."""
    levels: dict[bool, set[int]] = {True: set(), False: set()}

    def noted(_connection: object, cursor: Any, *_: object) -> None:
        (_, _, file) = cursor.connection.execute("PRAGMA database_list").fetchone()
        (level,) = cursor.connection.execute("PRAGMA synchronous").fetchone()
        levels[Path(file).name == "new.db"].add(level)

    event.listen(Engine, "before_cursor_execute", noted)
    try:
        assert Registry(f"sqlite:///{tmp_path}/new.db", "cbvsynth").client
    finally:
        event.remove(Engine, "before_cursor_execute", noted)
    assert levels == {False: {0}, True: {2}}, "off while it is made, full from then on"


@pytest.fixture
def shared_folder(empty_database: Path) -> Iterator[Path]:
    """A folder with a registry that everybody may read and nobody may write to."""
    with folder_for_all() as folder:
        shutil.copy(empty_database, folder / "mlflow.db")
        (folder / "mlflow.db").chmod(0o444)
        folder.chmod(0o555)
        yield folder


def test_a_second_user_of_the_host_can_read_the_registry(
    shared_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock lay in the temporary folder, its owner's alone, and reading took it: a PermissionError."""
    monkeypatch.chdir(shared_folder)
    assert list_versions(open_registry("cbvsynth")) == ()  # MLflow is imported before rights are dropped
    assert as_another_user(lambda: list_versions(open_registry("cbvsynth"))) == 0


def test_reading_does_not_wait_for_a_promotion(empty_registry: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listing the versions used to wait up to ten minutes for whoever promoted."""
    monkeypatch.setattr("cbvsynth.registry.store._LOCK_TIMEOUT_S", 0.5)
    code = (
        "import sys\n"
        "from cbvsynth.registry.store import open_registry\n"
        "with open_registry('cbvsynth').lock():\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        assert list_versions(open_registry("cbvsynth")) == ()
        with (
            pytest.raises(RegistryError, match=r"has held the registry at mlflow\.db"),
            open_registry("cbvsynth").lock(),
        ):
            pass
    finally:
        process.communicate()


def test_the_lock_lies_beside_the_database_and_a_servers_is_the_users_own(tmp_path: Path) -> None:
    database = tmp_path / "some.db"
    with Registry(f"sqlite:///{database}", "cbvsynth").lock():
        assert (tmp_path / "some.db.lock").stat().st_mode & 0o777 == 0o666
    with Registry("http://registry.example.org", "cbvsynth").lock():
        assert any(Path(tempfile.gettempdir()).glob(f"cbvsynth-registry-*-{os.getuid()}.lock"))


def test_a_variable_of_our_own_names_the_registry_and_mlflows_goes_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In Kubeflow's pods both we and its MLflow plugin set MLFLOW_TRACKING_URI; the merged entry had a value
    and a reference, and Kubernetes made no pod of evaluate."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("CBVSYNTH_TRACKING_URI", "http://mlflow.cbvsynth.svc:5000")
    assert open_registry("cbvsynth").tracking_uri == "http://mlflow.cbvsynth.svc:5000"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://of-kubeflow:5000")
    assert open_registry("cbvsynth").tracking_uri == "http://of-kubeflow:5000"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert open_registry("cbvsynth").tracking_uri == "http://mlflow.cbvsynth.svc:5000"
