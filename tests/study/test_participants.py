"""Age, sex, diagnosis and quality flags come from the tables that a study brings."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.domain.options import Layout
from cbvsynth.errors import ManifestError
from cbvsynth.study.manifest import scan_study
from cbvsynth.study.participants import read_study_tables
from tests.study.study_trees import PATIENT_NAME, build, write_image


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


@pytest.mark.parametrize("cell", ["2", "maybe", "x", "MUELLER"])
def test_a_flag_that_is_none_is_unknown_and_told(tmp_path: Path, cell: str) -> None:
    """A single motion of 2 stopped the listing of all patients, and a mark by x was lost without a word."""
    build(tmp_path, Layout.BIDS)
    _write(
        tmp_path / "participants.tsv", "participant_id motion metal", f"sub-012 {cell} 1.0", "sub-013 n/a 0.0"
    )
    manifest = scan_study(tmp_path)
    assert [one.flags for one in manifest.examinations] == [{"metal"}, set()]
    assert manifest.warnings == ("participants.tsv, row 2, column motion: neither 0 nor 1; taken as unknown",)


def test_a_split_that_is_none_stops_the_study_and_is_found(tmp_path: Path) -> None:
    """Nothing said that it was in participants.tsv. Passed over, a patient kept for the test might train."""
    build(tmp_path, Layout.BIDS)
    _write(
        tmp_path / "participants.tsv", "participant_id split", "sub-999 val", "sub-012 test", "sub-013 n/a"
    )
    with pytest.raises(
        ManifestError, match=r"\(1 found\):\n  participants.tsv, row 3, column split: neither train"
    ):
        scan_study(tmp_path)


def test_a_table_without_its_patients_is_refused(tmp_path: Path) -> None:
    build(tmp_path, Layout.BIDS)
    _write(tmp_path / "participants.tsv", "name age", "sub-012 50")
    with pytest.raises(ManifestError, match=r"participants\.tsv has no column participant_id"):
        scan_study(tmp_path)


def test_a_table_in_another_encoding_is_read_and_one_of_absurd_size_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, Layout.BIDS)
    table = tmp_path / "participants.tsv"
    table.write_bytes("participant_id\tdiagnosis\nsub-012\tMénière\n".encode("latin-1"))
    manifest = scan_study(tmp_path)
    assert manifest.examinations[0].diagnosis == "Ménière"
    assert "participants.tsv is not UTF-8 text; read as Latin-1" in manifest.warnings[0]
    monkeypatch.setattr("cbvsynth.study.participants.MAX_TABLE_BYTES", 10)
    with pytest.raises(ManifestError, match=r"participants\.tsv is larger than 10 bytes"):
        scan_study(tmp_path)


def test_the_file_of_a_named_patient_is_not_named(tmp_path: Path) -> None:
    build(tmp_path, Layout.AUTHORS)
    _write(tmp_path / PATIENT_NAME / f"{PATIENT_NAME}_sessions.tsv", "day age", "20190304 61")
    with pytest.raises(ManifestError, match=r"A patient's sessions\.tsv has no column session_id") as caught:
        scan_study(tmp_path)
    assert "MUELLER" not in str(caught.value)


def _ages(root: Path, *rows: str) -> tuple[list[float | None], str]:
    if not (root / "sub-012").exists():
        build(root, Layout.BIDS)
    (root / "participants.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    manifest = scan_study(root)
    return [one.age for one in manifest.examinations], "\n".join(manifest.warnings)


def test_one_odd_age_never_refuses_the_study(tmp_path: Path) -> None:
    """A single '35-40' stopped the listing of all patients."""
    ages, warnings = _ages(tmp_path, "participant_id\tage", "sub-012\t35-40", "sub-013\told")
    assert ages == [35, None]
    assert "sub-012_ses-1, column age: '35-40' is a range, taken as 35" in warnings
    assert "sub-013, column age: no age; taken as unknown" in warnings


def test_the_same_holds_for_a_tables_shape(tmp_path: Path) -> None:
    """A trailing tab, or a row that ends early, stopped the listing."""
    ages, warnings = _ages(
        tmp_path,
        "participant_id\tage\tsex",
        '"sub-012"\t"61"\tF\t',
        "sub-013\t45",
        "sub-014\t1\tF\tmore",
        "\t50\tF",
    )
    assert ages == [61, 45]
    assert "participants.tsv, row 3: 2 cells of 3" in warnings
    assert "participants.tsv, row 4: 4 cells; expected 3" in warnings
    assert "participants.tsv, row 5: nothing says whose it is" in warnings


def test_rows_that_contradict_each_other_leave_the_cell_unknown(tmp_path: Path) -> None:
    """The last of two rows for one patient won."""
    ages, warnings = _ages(
        tmp_path,
        "participant_id\tage\tsex",
        "sub-012\t61\tF",
        "sub-012\t62\tF",
        "sub-012\t61\tn/a",
        "sub-013\t45\tn/a",
        "sub-013\t45\tM",
    )
    assert ages == [None, 45]
    assert [one.sex for one in scan_study(tmp_path).examinations] == ["F", "M"]
    assert warnings.count("contradicts") == 1
    assert "participants.tsv, row 3, column age: contradicts an earlier row; taken as unknown" in warnings


def test_a_table_in_long_format_describes_sessions(tmp_path: Path) -> None:
    """The last session's row described all of a patient's sessions."""
    build(tmp_path, Layout.BIDS)
    write_image(tmp_path / "sub-012/ses-2/anat/sub-012_ses-2_T1w.nii.gz")
    ages, warnings = _ages(
        tmp_path,
        "participant_id\tsession_id\tage",
        "sub-012\tses-1\t61",
        "sub-012\t2\t63",
        "sub-013\tn/a\t40",
    )
    assert (ages, warnings) == ([61, 63, 40], "")


def test_a_column_that_is_there_twice_counts_where_both_agree(tmp_path: Path) -> None:
    """The second of two participant_id columns won, whatever it held."""
    ages, warnings = _ages(
        tmp_path,
        "participant_id\tage\tparticipant_id\tage",
        "sub-012\t61\tsub-012\t62",
        "sub-013\t40\tsub-999\t40",
    )
    assert ages == [None, None]
    assert "row 2, column age: there twice, with different cells" in warnings
    assert "row 3, column participant_id: there twice" in warnings


def test_a_number_without_its_zeros_is_the_same_patient(tmp_path: Path) -> None:
    """Age and diagnosis of every patient were silently lost."""
    ages, warnings = _ages(tmp_path, "participant_id\tage", "sub-12\t61", "13\t40", "sub-99\t1")
    assert ages == [61, 40]
    assert warnings.count("has other zeros in front") == 2


def test_a_session_without_its_zeros_is_the_same_and_one_that_is_not_here_is_told(tmp_path: Path) -> None:
    """The flag of metal and the ages of such sessions were lost without a word."""
    build(tmp_path, Layout.BIDS)
    _write(
        tmp_path / "sessions.tsv",
        "participant_id session_id age metal",
        "sub-012 ses-01 61 1",
        "sub-012 ses-9 62 0",
        "sub-012 ses-08 62 0",
        "sub-999 ses-1 50 0",
    )
    manifest = scan_study(tmp_path)
    assert (manifest.examinations[0].age, manifest.examinations[0].flags) == (61.0, {"metal"})
    assert manifest.warnings == (
        "sessions.tsv, row 2: its session_id has other zeros in front than the session's folder",
        "sessions.tsv, row 3: describes a session that is not here (the first of 2 such rows)",
    )


def test_a_number_of_two_patients_is_neither(tmp_path: Path) -> None:
    found = [("sub-1", ""), ("sub-001", ""), ("sub-2", "")]
    _write(tmp_path / "participants.tsv", "participant_id age", "sub-01 61", f"sub-{'0' * 5000}2 40")
    tables = read_study_tables(tmp_path, found)
    assert [tables.traits(*one) for one in found] == [{}, {}, {"age": "40"}]


def test_tables_of_nobody_here_are_told(tmp_path: Path) -> None:
    ages, warnings = _ages(tmp_path, "participant_id\tage", "sub-99\t61")
    assert (ages, warnings) == (
        [None, None],
        "The tables of participants and sessions describe none of the patients found",
    )


@pytest.mark.parametrize(
    ("units", "stated", "age", "warning"),
    [
        ('"Months"', "732", 61.0, ""),
        ('"months"', "420-480", 35.0, "is a range, taken as 35"),
        ('"years"', "61", 61.0, ""),
        ('"yr"', "61", 61.0, ""),
        ('"months"', "61Y", 61.0, ""),
        ('"parsecs"', "61", None, "participants.json gives ages in 'parsecs'"),
        ("null", "61", 61.0, ""),
    ],
)
def test_the_unit_that_participants_json_states_is_honoured(
    tmp_path: Path, units: str, stated: str, age: float | None, warning: str
) -> None:
    """Months were read as years: a child of 61 months was 61."""
    (tmp_path / "participants.json").write_text(f'{{"Age": {{"Units": {units}}}}}', encoding="utf-8")
    ages, warnings = _ages(tmp_path, "participant_id\tage", f"sub-012\t{stated}")
    assert ages[0] == (None if age is None else pytest.approx(age))
    assert warning in warnings
    assert bool(warning) is bool(warnings)


def test_a_sidecar_of_participants_that_is_no_json_is_told(tmp_path: Path) -> None:
    (tmp_path / "participants.json").write_text("{", encoding="utf-8")
    ages, warnings = _ages(tmp_path, "participant_id\tage", "sub-012\t61")
    assert ages[0] == 61
    assert "participants.json cannot be read" in warnings
