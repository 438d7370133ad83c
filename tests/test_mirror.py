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
    "client/batch.py": ("tests/commands/test_predict.py", "a study is predicted as it is typed"),
    "commands/synthesise.py": ("tests/synthesis/test_synthesise.py", "typed, for the maps it makes"),
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
    "models/weights.py": (
        "tests/models/test_generator.py",
        "starting weights are looked at in the networks that have them",
    ),
    "proof/options.py": ("tests/proof/test_demo.py", "settings of the programs"),
    "proof/processes.py": ("tests/proof/test_demo.py", "starts the programs that demo and skew ask"),
    "quality/checks.py": (
        "tests/quality/test_suites.py",
        "the table of checks, held to what the suites ask for",
    ),
    "quality/expectations.py": (
        "tests/quality/test_suites.py",
        "Great Expectations runs the suites through it",
    ),
    "quality/validation.py": ("tests/steps/test_validate.py", "all of validate but reading and writing"),
    "registry/candidates.py": ("tests/registry/test_promotion.py", "what promotion registers"),
    "registry/served.py": ("tests/sync/test_sync.py", "what sync reads of a registry"),
    "registry/versions.py": ("tests/registry/test_promotion.py", "versions as promotion leaves them"),
    "steps/promote.py": ("tests/registry/test_promotion.py", "the step is promotion and its record"),
    "synthesis/*.py": ("tests/synthesis/test_synthesise.py", "maps as the command makes them"),
    "training/canonical.py": ("tests/training/test_saved_model.py", "equal models are equal files"),
    "training/data.py": ("tests/training/test_dataset.py", "the face that the dataset has"),
    "training/journal.py": ("tests/training/test_fit.py", "fit writes it"),
    "training/networks.py": ("tests/training/test_fit.py", "fit builds them"),
}
"""Modules that are held by a test of another name: which, and why there."""

STILL_TO_MOVE = {
    "client/image_files.py",
    "client/prediction.py",
    "commands/phantom.py",
    "commands/registry.py",
    "domain/examination.py",
    "domain/options.py",
    "domain/scores.py",
    "domain/statistics/samples.py",
    "domain/volume.py",
    "domain/white_matter.py",
    "errors.py",
    "phantom/acquisition.py",
    "phantom/anatomy.py",
    "phantom/description.py",
    "phantom/lesions.py",
    "phantom/receipt.py",
    "phantom/recording.py",
    "phantom/streams.py",
    "phantom/tissues.py",
    "phantom/vessels.py",
    "registry/canary.py",
    "registry/champion.py",
    "registry/rollback.py",
    "sync/options.py",
    "sync/program.py",
    "sync/status.py",
    "wire/schema.py",
    "wire/tensors.py",
}
"""Modules whose tests stand at another place without a reason: to become empty."""

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
    assert has_its_own(module) or named or module in STILL_TO_MOVE, (
        f"write tests/{Path(module).parent}/test_{Path(module).stem}.py"
    )


@pytest.mark.parametrize("pattern", ELSEWHERE)
def test_a_reason_is_of_a_module_without_a_test_of_its_own_and_names_one(pattern: str) -> None:
    found = [module for module in MODULES if fnmatch(module, pattern) and not has_its_own(module)]
    assert found, "take it off the list"
    assert (ROOT / ELSEWHERE[pattern][0]).is_file()


def test_the_list_of_tests_to_move_only_shrinks() -> None:
    assert {module for module in STILL_TO_MOVE if has_its_own(module)} == set(), "take them off the list"
    assert set(MODULES) >= STILL_TO_MOVE, "take them off the list"
