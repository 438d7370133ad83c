"""manifest.csv is read as it was written, and whatever is wrong in it is named by row and column."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cbvsynth.domain.examination import QUALITY_FLAGS, Examination
from cbvsynth.domain.options import Layout
from cbvsynth.domain.sequences import Sequence, TargetUnit
from cbvsynth.errors import ManifestError
from cbvsynth.study.manifest import load_manifest, read_manifest, scan_study, write_manifest
from cbvsynth.study.manifest_table import COLUMNS, ROLES
from tests.study.study_trees import build

GOOD = {
    "exam_id": "a-1",
    "subject_id": "a",
    "session_id": "1",
    "t1": "a/1/t1.nii.gz",
    "adc": "a/1/adc.nii.gz",
    "cbv": "a/1/cbv.nii.gz",
    "target_unit": "mL/100g",
    "age": "61",
    "split": "",
}
OTHER = {
    **GOOD,
    "exam_id": "b-1",
    "subject_id": "b",
    "t1": "b/1/t1.nii.gz",
    "adc": "b/1/adc.nii.gz",
    "cbv": "b/1/cbv.nii.gz",
}


def _write_rows(root: Path, *rows: Mapping[str, str]) -> Path:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    path = root / "manifest.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _refused(root: Path, *messages: str) -> None:
    with pytest.raises(ManifestError) as caught:
        load_manifest(root)
    for message in messages:
        assert message in str(caught.value)
    assert str(root) not in str(caught.value)


_names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,12}", fullmatch=True)
_plain = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=12).filter(
    lambda text: text == "" or text.strip() != ""
)
_numbers = st.none() | st.floats(0, 25)


@st.composite
def _studies(draw: st.DrawFn) -> tuple[Examination, ...]:
    unit = draw(st.sampled_from(TargetUnit))
    found = []
    for number, exam_id in enumerate(draw(st.lists(_names, min_size=1, max_size=4, unique=True))):
        roles = draw(st.lists(st.sampled_from(ROLES), unique=True, max_size=8))
        roles = list(dict.fromkeys([*roles, draw(st.sampled_from(list(Sequence))).value]))
        part = draw(st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="/"), min_size=1))
        paths = {role: PurePosixPath(f"{number}/_{part}/{role}.nii.gz") for role in roles}
        found.append(
            Examination(
                exam_id=exam_id,
                subject_id=f"s{number}",
                session_id=draw(st.just("") | _names),
                inputs={one: paths[one.value] for one in Sequence if one.value in paths},
                cbv=paths.get("cbv"),
                mask=paths.get("mask"),
                seg=paths.get("seg"),
                target_unit=unit,
                age=draw(st.none() | st.floats(0, 120)),
                sex=draw(_plain),
                diagnosis=draw(_plain),
                grade=draw(_plain),
                scanner=draw(_plain),
                field_t=draw(_numbers),
                flags=draw(st.frozensets(st.sampled_from(QUALITY_FLAGS))),
                split=draw(st.sampled_from(["", "train", "held-out"])),
                sha256=draw(st.dictionaries(st.sampled_from(ROLES), st.just("0123456789abcdef" * 4))),
                enhancing_label=draw(st.sampled_from((3, 4))),
                scales=draw(
                    st.dictionaries(
                        st.sampled_from(ROLES), st.floats(0, exclude_min=True, allow_infinity=False)
                    )
                ),
            )
        )
    return tuple(sorted(found, key=lambda one: one.exam_id))


@settings(max_examples=60, deadline=None)
@given(study=_studies())
def test_what_is_written_reads_back_without_loss(
    tmp_path_factory: pytest.TempPathFactory, study: tuple[Examination, ...]
) -> None:
    root = tmp_path_factory.mktemp("study")
    write_manifest(root / "manifest.csv", study)
    assert read_manifest(root / "manifest.csv", root) == study


def test_columns_come_in_their_order_and_optional_ones_only_when_needed(tmp_path: Path) -> None:
    study = scan_study(build(tmp_path, Layout.BRATS)).examinations
    write_manifest(tmp_path / "manifest.csv", study)
    header = (tmp_path / "manifest.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == (
        "exam_id,subject_id,session_id,t1,t2,t1c,flair,adc,cbv,mask,seg,target_unit,age,sex,diagnosis,grade,"
        "scanner,field_t,metal,motion,cbv_failed,poor_standard,split"
    )
    write_manifest(tmp_path / "hashed.csv", [replace(study[0], sha256={"t2": "0" * 64}, scales={"adc": 0.5})])
    assert (tmp_path / "hashed.csv").read_text(encoding="utf-8").splitlines()[0] == (
        header + ",scales,sha256_t2"
    )


def test_a_study_with_its_own_manifest_is_not_scanned_unless_a_layout_is_named(tmp_path: Path) -> None:
    build(tmp_path, Layout.BRATS)
    _write_rows(tmp_path, GOOD)
    own = load_manifest(tmp_path)
    assert (own.layout, [one.exam_id for one in own.examinations]) == (Layout.AUTO, ["a-1"])
    assert own.recognised_because == "manifest.csv in the data root"
    scanned = load_manifest(tmp_path, Layout.BRATS)
    assert [one.exam_id for one in scanned.examinations] == ["BraTS-GLI-00000-000"]
    (tmp_path / "manifest.csv").unlink()
    assert load_manifest(tmp_path) == scanned


def test_examinations_are_sorted_and_blank_lines_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    path = _write_rows(tmp_path, OTHER, GOOD)
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    first, second = load_manifest(tmp_path).examinations
    assert (first.exam_id, second.exam_id) == ("a-1", "b-1")
    assert first.sequences == (Sequence.T1, Sequence.ADC)
    assert (first.age, first.target_unit, first.mask) == (61.0, TargetUnit.ML_PER_100G, None)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("target_unit", "ml/g", "row 3, column target_unit: 'ml/g'; expected mL/100g or relative"),
        ("target_unit", "", "row 3, column target_unit: ''; expected mL/100g"),
        ("target_unit", "relative", "row 3, column target_unit: 'relative', but 'mL/100g' in row 2"),
        ("age", "sixty", "row 3, column age: 'sixty'; expected a number of years from 0 to 120, or empty"),
        ("age", "-1", "row 3, column age: '-1'"),
        ("age", "121", "row 3, column age: '121'"),
        ("age", "nan", "row 3, column age: 'nan'"),
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
    _write_rows(root, GOOD, {**OTHER, column: value})
    _refused(root, "manifest.csv cannot be used (1 found)", message)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("metal", "maybe", "column metal: 'maybe'; expected 0 or 1"),
        ("field_t", "300", "column field_t: '300'; expected a number of tesla"),
        ("sha256_t1", "abc", "column sha256_t1: not a SHA-256"),
        ("scales", "adc=0", "column scales: 'adc=0'; expected factors"),
        ("scales", "adc", "column scales: 'adc'; expected factors"),
        ("enhancing_label", "5", "column enhancing_label: '5'; expected 3, 4"),
        ("scales", "dwi=2", "column scales: 'dwi=2'; expected factors"),
        ("diagnosis", "a\tb", "column diagnosis: a line break or control character"),
    ],
)
def test_wrong_optional_cells_are_named_too(tmp_path: Path, column: str, value: str, message: str) -> None:
    _write_rows(tmp_path, {**GOOD, column: value})
    _refused(tmp_path, f"row 2, {message}")


def test_a_patient_on_both_sides_of_the_split_is_refused(tmp_path: Path) -> None:
    sibling = {**OTHER, "subject_id": "a", "session_id": "2", "split": "held-out"}
    _write_rows(tmp_path, {**GOOD, "split": "train"}, sibling)
    _refused(tmp_path, "row 3, column split: 'held-out', but 'train' in row 2 for the same patient")
    _write_rows(tmp_path, {**GOOD, "split": "train"}, {**sibling, "split": "train"})
    assert len(load_manifest(tmp_path).examinations) == 2


def test_a_row_without_any_sequence_is_refused(tmp_path: Path) -> None:
    _write_rows(tmp_path, {**GOOD, "t1": "", "adc": ""})
    _refused(tmp_path, "row 2, column t1: no sequence is given")


def test_a_message_repeats_no_path_and_no_identifier_that_may_be_a_name(tmp_path: Path) -> None:
    _write_rows(tmp_path, {**GOOD, "exam_id": "Müller; Hans", "t1": "/Mueller_Hans/t1.nii"})
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
            "age": "x",
        }
        for n in range(14)
    ]
    _write_rows(tmp_path, *rows)
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
            "exam_id,subject_id,target_unit,t1,T1C\n",
            "row 1, column T1C: unknown column; expected names among",
        ),
        ("exam_id,subject_id,target_unit,t1,t1\n", "row 1, column t1: the column is there more than once"),
        ("exam_id;subject_id;t1\na;b;c\n", "not separated by commas"),
        ("exam_id,subject_id,target_unit,t1\na,b,relative\n", "row 2: 3 cells; expected 4"),
        ("exam_id,subject_id,target_unit,t1\na,b,relative,t,u\n", "row 2: 5 cells; expected 4"),
        ('exam_id,subject_id,target_unit,t1\n"a,b,relative,t\n', "is not a CSV table"),
        ("exam_id,subject_id,target_unit,t1\na,b\0,relative,t\n", "row 2, column subject_id: characters"),
        ("exam_id,subject_id,target_unit,t1\na,b,relative,t\0.nii\n", "column t1: the path contains a NUL"),
    ],
)
def test_a_table_of_the_wrong_form_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.csv").write_text(text, encoding="utf-8")
    _refused(tmp_path, message)


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "manifest.csv"
    path.write_bytes("exam_id,diagnosis\na,Ménière\n".encode("utf-16"))
    _refused(tmp_path, "is not UTF-8 text; save it as 'CSV UTF-8")
    with pytest.raises(ManifestError, match=r"none\.csv cannot be opened \(No such file"):
        read_manifest(tmp_path / "none.csv", tmp_path)
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path, tmp_path)
    monkeypatch.setattr("cbvsynth.study.manifest.MAX_MANIFEST_BYTES", 10)
    _refused(tmp_path, "bytes; expected a list of examinations, at most 10")


def _parquet(root: Path, columns: Mapping[str, list[object]]) -> None:
    pq.write_table(pa.table(dict(columns)), root / "manifest.parquet")


def test_parquet_is_read_like_csv(tmp_path: Path) -> None:
    _parquet(
        tmp_path,
        {
            "exam_id": ["a-1", "b-1"],
            "subject_id": ["a", "b"],
            "session_id": [1, 2],
            "t1": ["a/t1.nii", "b/t1.nii"],
            "cbv": ["a/cbv.nii", None],
            "target_unit": ["mL/100g", "mL/100g"],
            "age": [61.5, float("nan")],
            "metal": [True, False],
        },
    )
    first, second = load_manifest(tmp_path).examinations
    assert (first.session_id, first.age, first.flags) == ("1", 61.5, {"metal"})
    assert (second.cbv, second.age, second.flags) == (None, None, frozenset())


def test_a_wrong_parquet_cell_or_file_is_refused(tmp_path: Path) -> None:
    _parquet(
        tmp_path, {"exam_id": ["a"], "subject_id": ["a"], "t1": ["a.nii"], "target_unit": ["x"], "age": [7]}
    )
    _refused(tmp_path, "manifest.parquet cannot be used", "row 2, column target_unit: 'x'")
    (tmp_path / "manifest.parquet").write_bytes(b"PAR1 no")
    _refused(tmp_path, "manifest.parquet is not a Parquet table")


def test_parquet_without_pyarrow_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manifest.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    _refused(tmp_path, "needs the package pyarrow", "cbvsynth[promote]")


def test_reading_parquet_imports_no_pandas_and_reading_csv_no_pyarrow(tmp_path: Path) -> None:
    _parquet(tmp_path, {"exam_id": ["a"], "subject_id": ["a"], "t1": ["a.nii"], "target_unit": ["relative"]})
    program = (
        "import sys; from pathlib import Path; from cbvsynth.study.manifest import load_manifest\n"
        "assert 'pyarrow' not in sys.modules\n"
        f"load_manifest(Path({str(tmp_path)!r}))\n"
        "assert 'pyarrow' in sys.modules and 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_manifests_columns_are_the_fields_of_an_examination() -> None:
    assert set(COLUMNS) >= {*QUALITY_FLAGS, *ROLES, "target_unit", "split"}
    assert len(set(COLUMNS)) == len(COLUMNS)
