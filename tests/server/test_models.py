"""Versions come and go: new before old, broken never before good, labels and refusals."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cbvsynth.errors import ModelError, RefusedError, UsageError

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


class Server:
    """A store with its models' folder; `log` keeps the lines for people."""

    def __init__(self, base: Path, **freedom: bool) -> None:
        from cbvsynth.server.flags import ServerOptions
        from cbvsynth.server.models import ModelStore
        from cbvsynth.server.program import build_store

        self.base, self.log = base, []
        load = build_store(ServerOptions(model_base_path="unused"))._load
        freedoms = {"new_labels_free": False, "any_labels_free": False} | freedom
        self.store = ModelStore(load, self.log.append, **freedoms)

    def serve(self, text: str = "", labels: dict[str, int] | None = None, name: str = "sum") -> None:
        from google.protobuf import text_format
        from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

        from cbvsynth.server.configuration import models_of

        shown = "".join(
            f'version_labels {{ key: "{key}" value: {one} }}' for key, one in (labels or {}).items()
        )
        entry = f'name: "{name}" base_path: "{self.base}" model_platform: "tensorflow" {text} {shown}'
        config = text_format.Parse(f"model_config_list {{ config {{ {entry} }} }}", ModelServerConfig())
        self.store.configure(models_of(config))
        self.store.reconcile()

    def states(self) -> dict[int, str]:
        return {version: record.state.name for version, record in self.store.states("sum").items()}

    def answer(self, version: int | None = None, label: str = "") -> float:
        with self.store.borrow("sum", version, label) as served:
            return run(served)


def run(served: Any) -> float:
    ones = np.ones((1, 1, 1, 4), np.float32)
    return float(served.model.run("serving_default", {"t1": ones, "adc": ones}, ("cbv",))["cbv"].max())


def put(base: Path, version: str, source: Path) -> Path:
    return Path(shutil.copytree(source, base / version))


@pytest.fixture
def base(tmp_path: Path, saved: Path) -> Path:
    """A model's folder with version 1, which answers 3."""
    put(tmp_path / "sum", "1", saved / "sum0")
    return tmp_path / "sum"


def test_the_newest_version_is_loaded_and_then_the_former_one_let_go(base, saved):
    server = Server(base)
    server.serve()
    assert server.states() == {1: "AVAILABLE"}
    put(base, "2", saved / "sum1")
    server.store.reconcile()
    assert server.states() == {2: "AVAILABLE", 1: "END"}
    assert server.answer() == 4
    lines = [line for line in server.log if "2 is available" in line or "1 is let go" in line]
    assert lines == ["sum version 2 is available", "sum version 1 is let go"]


def test_a_broken_version_never_pushes_out_one_that_works(base):
    server = Server(base)
    server.serve()
    (base / "2").mkdir()
    (base / "2" / "saved_model.pb").write_bytes(b"no program")
    server.store.reconcile()
    assert server.states() == {2: "END", 1: "AVAILABLE"}
    assert "saved_model.pb is damaged" in server.store.states("sum")[2].error
    assert server.answer() == 3


def test_a_broken_version_is_read_again_once_it_was_replaced_and_not_before(base, saved):
    server = Server(base)
    server.serve()
    (base / "2").mkdir()
    server.store.reconcile()
    server.store.reconcile()
    assert [line for line in server.log if "2 is not served" in line] == [server.log[-1]]
    shutil.rmtree(base / "2")
    put(base, "2", saved / "sum1")
    server.store.reconcile()
    assert server.answer() == 4


def test_a_version_that_was_seen_half_copied_is_served_once_its_copy_is_whole(base, saved):
    """Once broken it stayed broken: weights that grew were not seen, for their folder did not change."""
    half = put(base, "2", saved / "sum1")
    (weights,) = (half / "variables").glob("variables.data*")
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    server = Server(base)
    server.serve()
    assert server.states()[2] == "END"
    server.store.reconcile()
    assert [line for line in server.log if "2 is not served" in line] == [server.log[-1]]
    weights.write_bytes(whole)
    server.store.reconcile()
    assert server.answer() == 4


def test_missing_weights_are_an_error_of_the_version_alone(base):
    shutil.rmtree(base / "1" / "variables")
    server = Server(base)
    server.serve()
    assert "cannot be loaded" in server.store.states("sum")[1].error
    with pytest.raises(ModelError, match="'sum' has no version that can be served"):
        server.store.waiting_for()


def test_a_model_that_reads_files_is_not_loaded(tmp_path, saved):
    put(tmp_path, "1", saved / "reader")
    server = Server(tmp_path)
    server.serve()
    assert "holds the operations ReadFile" in server.store.states("sum")[1].error


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("", {10}),
        ("model_version_policy { latest { num_versions: 2 } }", {10, 9}),
        ("model_version_policy { all {} }", {10, 9, 1}),
        ("model_version_policy { specific { versions: 9 versions: 1 versions: 44 } }", {9, 1}),
    ],
)
def test_the_policy_chooses_by_number_not_by_name(base, saved, policy, expected):
    for version in ("9", "10"):
        (base / version).symlink_to(saved / "sum1")
    server = Server(base)
    server.serve(policy)
    assert set(server.states()) == expected


def test_only_folders_with_whole_numbers_are_versions(base, saved):
    for name in (".incoming-7", "8x", "-9", "final", "²"):
        (base / name).symlink_to(saved / "sum1")
    (base / "11").write_text("no folder")
    server = Server(base)
    server.serve()
    assert server.states() == {1: "AVAILABLE"}


def test_a_running_request_ends_on_the_version_it_began_with(base, saved):
    server = Server(base)
    server.serve()
    with server.store.borrow("sum", None, "") as served:
        put(base, "2", saved / "sum1")
        server.store.reconcile()
        assert server.states() == {2: "AVAILABLE", 1: "UNLOADING"}
        assert (server.answer(), run(served)) == (4, 3)
    assert server.states() == {2: "AVAILABLE", 1: "END"}


def test_a_version_can_come_back_after_it_was_let_go(base, saved):
    put(base, "2", saved / "sum1")
    server = Server(base)
    for version, answer in ((1, 3), (2, 4), (1, 3)):
        server.serve(f"model_version_policy {{ specific {{ versions: {version} }} }}")
        assert server.answer() == answer
        assert server.states()[version] == "AVAILABLE"


def test_a_missing_base_path_keeps_what_is_loaded(base):
    server = Server(base)
    server.serve()
    base.rename(base.with_name("elsewhere"))
    server.store.reconcile()
    assert server.answer() == 3
    assert "the base path 'sum' cannot be read" in server.log[-1]


def test_an_empty_folder_ends_the_model(base):
    server = Server(base)
    server.serve()
    (base / "1").rename(base.with_name("taken-away"))
    server.store.reconcile()
    assert server.states() == {1: "END"}
    with pytest.raises(RefusedError, match=r"Latest\(sum\)"):
        server.answer()


def test_the_start_waits_for_a_folder_that_is_not_there_yet(tmp_path, saved):
    server = Server(tmp_path / "sum")
    server.serve()
    assert ["cannot be read" in line for line in server.store.waiting_for()] == [True]
    (tmp_path / "sum").mkdir()
    server.store.reconcile()
    assert server.store.waiting_for() == ["sum: no wanted version in its folder"]
    put(tmp_path / "sum", "1", saved / "sum0")
    server.store.reconcile()
    assert server.store.waiting_for() == []


def test_a_model_that_is_listed_no_more_is_gone(base):
    server = Server(base)
    server.serve()
    server.store.configure({})
    assert server.states() == {}


def test_the_same_number_in_another_folder_is_another_model(base, saved, tmp_path):
    server = Server(base)
    server.serve()
    put(tmp_path / "other", "1", saved / "sum1")
    server.base = tmp_path / "other"
    server.serve()
    assert server.answer(1) == 4


NOT_AVAILABLE = "Request to assign label to version 2 of model sum, which is not currently available for inf"


def test_a_label_on_a_version_that_is_not_available_is_refused_and_changes_nothing(base):
    server = Server(base)
    server.serve()
    server.serve(labels={"stable": 1})
    with pytest.raises(RefusedError, match=NOT_AVAILABLE) as caught:
        server.serve(labels={"stable": 2})
    assert caught.value.code == "FAILED_PRECONDITION"
    assert server.answer(label="stable") == 3


def test_with_the_flag_a_new_label_may_come_first_but_a_used_one_may_not_move(base):
    server = Server(base, new_labels_free=True)
    server.serve(labels={"stable": 1, "canary": 2})
    assert server.answer(label="stable") == 3
    with pytest.raises(RefusedError, match=NOT_AVAILABLE):
        server.serve(labels={"stable": 2})


def test_with_the_other_flag_every_label_may_move(base):
    server = Server(base, any_labels_free=True)
    server.serve(labels={"stable": 1})
    server.serve(labels={"stable": 2})
    with pytest.raises(RefusedError, match=r"Specific\(sum, 2\)"):
        server.answer(label="stable")


def test_a_label_moves_once_both_versions_are_available(base, saved):
    both = "model_version_policy { specific { versions: 1 versions: 2 } }"
    put(base, "2", saved / "sum1")
    server = Server(base)
    server.serve(both)
    server.serve(both, {"stable": 1})
    assert server.answer(label="stable") == 3
    server.serve(both, {"stable": 2})
    assert server.answer(label="stable") == 4


def test_warm_up_runs_the_models_own_request(base):
    from tests.server.models import volume, write_warmup

    write_warmup(base / "1", t1=volume(1), adc=volume(2))
    server = Server(base)
    server.serve()
    assert server.states() == {1: "AVAILABLE"}


def test_a_version_that_refuses_its_warm_up_is_broken(base):
    from tests.server.models import volume, write_warmup

    write_warmup(base / "1", t1=volume(1))
    server = Server(base)
    server.serve()
    assert "warm-up request 1 failed (input size does not match" in server.store.states("sum")[1].error


def test_a_damaged_warm_up_file_breaks_the_version(base):
    (base / "1" / "assets.extra").mkdir()
    (base / "1" / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"not a TFRecord file at all")
    server = Server(base)
    server.serve()
    assert "warm-up request 1 failed" in server.store.states("sum")[1].error


def reload_request(*names: str, base: Path) -> Any:
    from tensorflow_serving.apis import model_management_pb2

    request = model_management_pb2.ReloadConfigRequest()
    for name in names:
        request.config.model_config_list.config.add(
            name=name, base_path=str(base), model_platform="tensorflow"
        )
    return request


def test_a_reload_returns_when_the_new_models_answer(base):
    from cbvsynth.server.services import reload

    server = Server(base)
    reload(server.store, reload_request("sum", base=base))
    assert server.answer() == 3


def test_a_reload_that_cannot_be_is_refused(base, tmp_path):
    from tensorflow_serving.apis import model_management_pb2

    from cbvsynth.server.services import reload

    server = Server(base)
    for request, code, text in (
        (model_management_pb2.ReloadConfigRequest(), "INVALID_ARGUMENT", "Only ModelConfigList is"),
        (reload_request("a", "a", base=base), "INVALID_ARGUMENT", "lists 'a' twice"),
        (reload_request("a", base=tmp_path / "none"), "UNKNOWN", r"1 model\(s\) did not become available: a"),
    ):
        with pytest.raises(RefusedError, match=text) as caught:
            reload(server.store, request)
        assert caught.value.code == code


def test_an_unreadable_list_of_versions_is_named_without_its_path(tmp_path):
    from cbvsynth.server.models import versions_on_disk

    with pytest.raises(UsageError, match="the base path 'none' cannot be read") as caught:
        versions_on_disk(tmp_path / "none")
    assert str(tmp_path) not in str(caught.value)
