"""What is installed is what was pinned and none of it is too old; nothing of ours unpickles."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[1]
LOCKS = sorted({*ROOT.glob("*.lock"), *ROOT.glob("components/images/*.lock")} - {ROOT / "dvc.lock"})
FLOORS = {"mlflow": "3.11", "keras": "3.11", "kfp": "2.17"}
"""The oldest releases that are taken; earlier ones have holes that are known."""
UNPICKLING = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_with_hashes(lock: Path) -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", lock.read_text(encoding="utf-8"))
    packages = [entry for entry in entries if not entry.startswith("#")]
    assert packages
    for entry in packages:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z0-9,-]+\])?==[^ ]+ ", entry), entry[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry[:80]


@pytest.mark.parametrize(("package", "floor"), FLOORS.items())
def test_no_pinned_package_is_older_than_its_floor(package: str, floor: str) -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    versions = re.findall(rf"^{package}==([^ ]+) ", text, re.MULTILINE)
    assert versions
    assert all(Version(version) >= Version(floor) for version in versions)


def test_nothing_of_ours_unpickles_or_loads_a_keras_file() -> None:
    for folder in ("src", "components", "pipelines", "serving"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
                if isinstance(node, ast.Import):
                    assert not {name.name.partition(".")[0] for name in node.names} & UNPICKLING, where
                elif isinstance(node, ast.ImportFrom):
                    assert (node.module or "").partition(".")[0] not in UNPICKLING, where
                elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    assert node.func.attr not in ("load_model", "read_pickle", "unsafe_load"), where
                    for keyword in node.keywords:
                        allows = keyword.arg == "allow_pickle" and not (
                            isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                        )
                        assert not allows, where
