"""Whatever is wrong in a manifest is named by row and column, without a patient's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.domain.examination import QUALITY_FLAGS
from cbvsynth.errors import ManifestError
from cbvsynth.study.manifest import load_manifest
from cbvsynth.study.manifest_table import COLUMNS, OPTIONAL_COLUMNS, ROLES
from tests.study.manifest_rows import GOOD, OTHER, assert_refused, write_rows


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("target_unit", "ml/g", "row 3, column target_unit: 'ml/g'; expected mL/100g or relative"),
        ("target_unit", "", "row 3, column target_unit: ''; expected mL/100g"),
        ("target_unit", "relative", "row 3, column target_unit: 'relative', but 'mL/100g' in row 2"),
        ("split", "test", "row 3, column split: 'test'; expected empty or train or held-out"),
        ("exam_id", "a-1", "row 3, column exam_id: the same exam_id as in row 2"),
        ("exam_id", "", "row 3, column exam_id: empty; expected letters"),
        ("exam_id", "../up", "row 3, column exam_id: characters that a file name should not have"),
        ("exam_id", "x" * 129, "row 3, column exam_id: characters"),
        ("subject_id", "a", "row 3, column session_id: the same subject and session as in row 2"),
        ("subject_id", "", "row 3, column subject_id: empty"),
        ("session_id", "a/b", "row 3, column session_id: characters"),
        ("t1", "a/1/t1.nii.gz", "row 3, column t1: the same file as in row 2"),
        ("t1", "./a//1/t1.nii.gz", "row 3, column t1: the same file as in row 2"),
        ("adc", "a/1/t1.nii.gz", "row 3, column adc: the same file as in row 2"),
        ("cbv", "b/1/t1.nii.gz", "row 3, column cbv: the same file as in row 3"),
        ("t1", "/etc/passwd", "row 3, column t1: the path is absolute"),
        ("t1", "../t1.nii.gz", "row 3, column t1: the path contains '..'"),
        ("t1", "link/t1.nii.gz", "row 3, column t1: the path leaves the data root through a link"),
        ("t1", "b\a.nii", "row 3, column t1: the path contains a line break or control character"),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(
    tmp_path: Path, column: str, value: str, message: str
) -> None:
    root = tmp_path / "data"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    write_rows(root, GOOD, {**OTHER, column: value})
    assert_refused(root, "manifest.csv cannot be used (1 found)", message)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("metal", "maybe", "column metal: 'maybe'; expected 0 or 1"),
        ("sha256_t1", "abc", "column sha256_t1: not a SHA-256"),
        ("scales", "adc=0", "column scales: 'adc=0'; expected factors"),
        ("scales", "adc", "column scales: 'adc'; expected factors"),
        ("enhancing_label", "5", "column enhancing_label: '5'; expected 3, 4"),
        ("orientation", "RAL", "column orientation: 'RAL'; expected where the three axes run"),
        ("orientation", "R", "column orientation: 'R'; expected where the three axes run"),
        ("scales", "dwi=2", "column scales: 'dwi=2'; expected factors"),
    ],
)
def test_wrong_optional_cells_are_named_too(tmp_path: Path, column: str, value: str, message: str) -> None:
    write_rows(tmp_path, {**GOOD, column: value})
    assert_refused(tmp_path, f"row 2, {message}")


def test_a_patient_on_both_sides_of_the_split_is_refused(tmp_path: Path) -> None:
    sibling = {**OTHER, "subject_id": "a", "session_id": "2", "split": "held-out"}
    write_rows(tmp_path, {**GOOD, "split": "train"}, sibling)
    assert_refused(tmp_path, "row 3, column split: 'held-out', but 'train' in row 2 for the same patient")
    write_rows(tmp_path, {**GOOD, "split": "train"}, {**sibling, "split": "train"})
    assert len(load_manifest(tmp_path).examinations) == 2


def test_a_row_without_any_sequence_is_refused(tmp_path: Path) -> None:
    write_rows(tmp_path, {**GOOD, "t1": "", "adc": ""})
    assert_refused(tmp_path, "row 2, column t1: no sequence is given")


def test_a_message_repeats_no_path_and_no_identifier_that_may_be_a_name(tmp_path: Path) -> None:
    write_rows(tmp_path, {**GOOD, "exam_id": "Müller; Hans", "t1": "/Mueller_Hans/t1.nii"})
    with pytest.raises(ManifestError) as caught:
        load_manifest(tmp_path)
    assert "ller" not in str(caught.value)


def test_all_problems_are_told_at_once_up_to_ten(tmp_path: Path) -> None:
    rows = [
        {
            **GOOD,
            "exam_id": f"e{n}",
            "subject_id": f"s{n}",
            "t1": f"{n}/a.nii",
            "adc": "",
            "cbv": "",
            "metal": "x",
        }
        for n in range(14)
    ]
    write_rows(tmp_path, *rows)
    with pytest.raises(ManifestError, match=r"\(14 found\)") as caught:
        load_manifest(tmp_path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 12
    assert lines[-1] == "  ... and 4 more"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "manifest.csv is empty"),
        ("exam_id,subject_id,target_unit,t1\n", "lists no examination"),
        ("exam_id,subject_id,t1\na,b,c\n", "row 1, column target_unit: required column is missing"),
        ("exam_id,subject_id,target_unit\na,b,relative\n", "row 1, column t1: no sequence column"),
        (
            "exam_id,subject_id,target_unit,t1,swi\n",
            "row 1, column swi: unknown column; expected names among",
        ),
        ("exam_id,subject_id,target_unit,t1,t1\n", "row 1, column t1: the column appears more than once"),
        ("exam_id,subject_id,target_unit,t1,T1\n", "row 1, column t1: the column appears more than once"),
        ("exam_id|subject_id|t1\na|b|c\n", "row 1, column exam_id: required column is missing; add it"),
        ("exam_id,subject_id,target_unit,t1\na,b,relative\n", "row 2: 3 cells; expected 4"),
        ("exam_id,subject_id,target_unit,t1\na,b,relative,t,u\n", "row 2: 5 cells; expected 4"),
        ('exam_id,subject_id,target_unit,t1\n"a,b,relative,t\n', "is not a CSV table"),
        ("exam_id,subject_id,target_unit,t1\na,b\0,relative,t\n", "row 2, column subject_id: characters"),
        ("exam_id,subject_id,target_unit,t1\na,b,relative,t\0.nii\n", "column t1: the path contains a NUL"),
    ],
)
def test_a_table_of_the_wrong_form_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.csv").write_text(text, encoding="utf-8")
    assert_refused(tmp_path, message)


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_a_manifest_that_went_through_a_spreadsheet_is_taken(tmp_path: Path, separator: str) -> None:
    """Semicolons, which spreadsheets write where the comma is decimal, and headers such as 'Exam ID' or 'T1C'
    stopped the study."""
    rows = [
        ["Exam ID", "Subject-ID ", "TARGET_UNIT", "T1C", "Age"],
        ["e1", "s1", "relative", "x.nii", '"45,5"'],
    ]
    (tmp_path / "manifest.csv").write_text("\n".join(map(separator.join, rows)) + "\n", encoding="utf-8-sig")
    (tmp_path / "x.nii").write_bytes(b"")
    found = load_manifest(tmp_path).examinations[0]
    assert (found.exam_id, found.subject_id, found.age) == ("e1", "s1", 45.5)
    assert [sequence.value for sequence in found.inputs] == ["t1c"]


def test_the_manifests_columns_are_the_fields_of_an_examination() -> None:
    assert {*COLUMNS, *OPTIONAL_COLUMNS} >= {*QUALITY_FLAGS, *ROLES, "target_unit", "split"}
    assert len({*COLUMNS, *OPTIONAL_COLUMNS}) == len(COLUMNS) + len(OPTIONAL_COLUMNS)
    assert "asl" not in COLUMNS, "a manifest of a study without it would change"


@pytest.mark.parametrize("word", ["n/a", "unk", "NULL", "missing", ".", "x", "--"])
def test_a_word_for_unknown_is_no_diagnosis_and_no_sex(tmp_path: Path, word: str) -> None:
    """Table 1 counted them as other sexes and diagnoses, and tested them; the age beside was missing."""
    write_rows(tmp_path, {**GOOD, "sex": word, "diagnosis": word, "age": word})
    (one,) = load_manifest(tmp_path).examinations
    assert (one.sex, one.diagnosis, one.age) == ("", "", None)


def test_what_people_write_freely_is_told_and_never_stops_a_study(tmp_path: Path) -> None:
    """One age of '35-40' or a stray control character stopped all examinations."""
    write_rows(
        tmp_path,
        {**GOOD, "age": "35-40", "field_t": "3T", "diagnosis": "a\tb", "metal": ""},
        {**OTHER, "age": "sixty", "field_t": "300", "diagnosis": "", "metal": "n/a"},
    )
    manifest = load_manifest(tmp_path)
    first, second = manifest.examinations
    assert (first.age, first.field_t, first.diagnosis) == (35, 3, "a b")
    assert (second.age, second.field_t, second.flags) == (None, None, frozenset())
    assert manifest.warnings == (
        "row 2, column age: '35-40' is a range, taken as 35",
        "row 2, column diagnosis: a line break or control character, taken as a space",
        "row 3, column age: no age; taken as unknown",
        "row 3, column field_t: more than 25; taken as unknown",
    )
