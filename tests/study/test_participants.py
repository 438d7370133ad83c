"""Age, sex, diagnosis and quality flags come from the tables that a study brings."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.domain.options import Layout
from cbvsynth.errors import ManifestError
from cbvsynth.study.manifest import scan_study
from tests.study.study_trees import PATIENT_NAME, build


def _write(path: Path, *rows: str) -> None:
    path.write_text("\n".join(row.replace(" ", "\t") for row in rows) + "\n", encoding="utf-8")


def test_patients_and_sessions_are_described_and_a_session_precedes_its_patient(tmp_path: Path) -> None:
    build(tmp_path, Layout.BIDS)
    _write(
        tmp_path / "participants.tsv",
        "participant_id age sex diagnosis grade group metal",
        "sub-012 61.5 F glioblastoma 4 x 0",
        "sub-013 89+ n/a n/a n/a x 1",
    )
    _write(tmp_path / "sub-012/sub-012_sessions.tsv", "session_id age motion", "ses-1 62 1", "ses-2 63 0")
    first, second = scan_study(tmp_path).examinations
    assert (first.age, first.sex, first.diagnosis, first.grade) == (62.0, "F", "glioblastoma", "4")
    assert first.flags == {"motion"}
    assert (second.age, second.sex, second.diagnosis) == (89.0, "", "")
    assert second.flags == {"metal"}


def test_ids_without_prefixes_and_one_table_of_all_sessions_fit_too(tmp_path: Path) -> None:
    build(tmp_path, Layout.BIDS)
    _write(tmp_path / "participants.tsv", "Participant_ID Field_T split", "012 3 train")
    _write(tmp_path / "sessions.tsv", "participant_id session_id cbv_failed poor_standard", "012 1 yes 1")
    first, second = scan_study(tmp_path).examinations
    assert (first.field_t, first.split, first.flags) == (3.0, "train", {"cbv_failed", "poor_standard"})
    assert (second.field_t, second.split, second.flags) == (None, "", frozenset())


def test_the_tables_of_named_folders_are_matched_by_folder_and_stay_anonymous(tmp_path: Path) -> None:
    build(tmp_path, Layout.AUTHORS)
    _write(tmp_path / "participants.tsv", "participant_id age", f"{PATIENT_NAME} 70")
    manifest = scan_study(tmp_path)
    assert sorted(one.age or 0 for one in manifest.examinations) == [0, 70, 70]
    assert "MUELLER" not in str([one.exam_id for one in manifest.examinations])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ("participant_id age", "sub-012 old"),
            "sub-012_ses-1, column age: 'old'; expected a number of years",
        ),
        (("participant_id age", "sub-012 -3"), "column age: '-3'"),
        (("participant_id metal", "sub-012 maybe"), "column metal: 'maybe'; expected 0 or 1"),
        (
            ("participant_id split", "sub-012 test"),
            "column split: 'test'; expected empty or train or held-out",
        ),
        (("name age", "sub-012 50"), "participants.tsv has no column participant_id"),
        (("participant_id age", "sub-012"), "participants.tsv, row 2: 1 cells; expected 2"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path: Path, rows: tuple[str, ...], message: str) -> None:
    build(tmp_path, Layout.BIDS)
    _write(tmp_path / "participants.tsv", *rows)
    with pytest.raises(ManifestError, match=message):
        scan_study(tmp_path)


def test_a_table_in_another_encoding_or_of_absurd_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, Layout.BIDS)
    table = tmp_path / "participants.tsv"
    table.write_bytes("participant_id\tdiagnosis\nsub-012\tMénière\n".encode("latin-1"))
    with pytest.raises(ManifestError, match=r"participants\.tsv cannot be read as UTF-8"):
        scan_study(tmp_path)
    monkeypatch.setattr("cbvsynth.study.participants.MAX_TABLE_BYTES", 10)
    with pytest.raises(ManifestError, match=r"participants\.tsv is larger than 10 bytes"):
        scan_study(tmp_path)


def test_the_file_of_a_named_patient_is_not_named(tmp_path: Path) -> None:
    build(tmp_path, Layout.AUTHORS)
    _write(tmp_path / PATIENT_NAME / f"{PATIENT_NAME}_sessions.tsv", "day age", "20190304 61")
    with pytest.raises(ManifestError, match=r"A patient's sessions\.tsv has no column session_id") as caught:
        scan_study(tmp_path)
    assert "MUELLER" not in str(caught.value)
