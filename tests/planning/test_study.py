"""Which examinations a plan speaks of: made, found or accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.config import PhantomConfig
from cbvsynth.domain.splits import assign_splits
from cbvsynth.errors import ManifestError
from cbvsynth.phantom.fill import fill
from cbvsynth.planning.study import ACCEPTED, FOUND, TO_BE_MADE, planned_study
from cbvsynth.records.decisions import Decision, write_decisions
from cbvsynth.study.manifest import load_manifest
from tests.planning.studies import settings

TINY = PhantomConfig(patients=4, matrix=32, slices=7, damaged=1)
NOWHERE = Path("nowhere.csv")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A phantom study on disk."""
    folder = tmp_path_factory.mktemp("study")
    fill(PhantomConfig(folder / "data", folder / "data.json", 4, 32, 7, 1))
    return folder / "data"


def test_the_phantom_is_planned_as_it_will_be_made(made: Path, tmp_path: Path) -> None:
    """The same names and diagnoses, so the same split; an empty folder is as good as none."""
    (tmp_path / "data").mkdir()
    planned = planned_study(settings(phantom=TINY), tmp_path / "data", NOWHERE)
    sound = [one for one in load_manifest(made).examinations if one.subject_id != "sub-005"]
    assert planned.source == TO_BE_MADE
    assert planned.voxels == 32 * 32 * 7
    chosen = settings().preprocess
    split = (chosen.split_by, chosen.held_out_share, chosen.seed, chosen.split_strata)
    assert assign_splits(planned.examinations, *split) == assign_splits(sound, *split)


def test_a_study_is_found_before_its_checks(made: Path) -> None:
    planned = planned_study(settings(), made, NOWHERE)
    assert (planned.source, len(planned.examinations), planned.voxels) == (FOUND, 6, 32 * 32 * 7)
    assert planned.is_phantom


def test_after_the_checks_only_accepted_examinations_count(made: Path, tmp_path: Path) -> None:
    found = load_manifest(made).examinations
    decisions = [
        Decision(one.exam_id, one.subject_id, one.session_id, *_status(one.subject_id)) for one in found
    ]
    write_decisions(tmp_path / "examinations.csv", decisions)
    planned = planned_study(settings(), made, tmp_path / "examinations.csv")
    assert (planned.source, len(planned.examinations)) == (ACCEPTED, 5)
    write_decisions(tmp_path / "examinations.csv", decisions[1:])
    assert planned_study(settings(), made, tmp_path / "examinations.csv").source == FOUND


def _status(subject: str) -> tuple[str, tuple[str, ...]]:
    return ("dropped", ("noise",)) if subject == "sub-005" else ("accepted", ())


def test_what_is_no_study_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(ManifestError, match="No known layout"):
        planned_study(settings(), tmp_path, NOWHERE)
