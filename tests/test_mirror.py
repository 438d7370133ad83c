"""Every module has its test at the mirrored place, or another test is named here, with the reason."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "cbvsynth"

ELSEWHERE = {
    "client/defaults.py": (
        "tests/test_cli.py",
        "constants, kept apart so that the command line starts without gRPC",
    ),
    "commands/rescue.py": ("tests/client/test_rescue.py", "typed, for the maps and the page it makes"),
    "commands/score.py": ("tests/external/test_score.py", "typed, for what it prints"),
    "commands/synthesise.py": ("tests/synthesis/test_maps.py", "typed, for the maps it makes"),
    "commands/steps.py": (
        "tests/test_step_contract.py",
        "each calls its step; flags are held to the steps' settings",
    ),
    "commands/serving.py": (
        "tests/test_cli.py",
        "each calls its program; sync, demo and skew have tests of their own",
    ),
    "k8s/cluster.py": ("tests/k8s/test_overlays.py", "rendered overlays are read through it"),
    "k8s/rendering.py": ("tests/k8s/test_overlays.py", "overlays are rendered by it"),
    "k8s/rules/*.py": ("tests/k8s/test_overlays.py", "every rule is held by seeded mistakes"),
}
"""Modules that are held by a test of another name: which, and why there."""

MODULES = sorted(
    path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if path.name != "__init__.py"
)


def has_its_own(module: str) -> bool:
    """Whether tests/ROOM/test_MODULE.py is there."""
    path = Path(module)
    return (ROOT / "tests" / path.parent / f"test_{path.stem.strip('_')}.py").is_file()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_its_test_or_a_reason(module: str) -> None:
    named = [pattern for pattern in ELSEWHERE if fnmatch(module, pattern)]
    assert has_its_own(module) or named, f"write tests/{Path(module).parent}/test_{Path(module).stem}.py"


@pytest.mark.parametrize("pattern", ELSEWHERE)
def test_a_reason_is_of_a_module_without_a_test_of_its_own_and_names_one(pattern: str) -> None:
    found = [module for module in MODULES if fnmatch(module, pattern) and not has_its_own(module)]
    assert found, "take it off the list"
    assert (ROOT / ELSEWHERE[pattern][0]).is_file()
