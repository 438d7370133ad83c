"""A manifest is read as it was written, from CSV and from Parquet."""

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
from cbvsynth.study.manifest import (
    load_manifest,
    read_manifest,
    record_manifest,
    recorded_manifest,
    scan_study,
    write_manifest,
)
from cbvsynth.study.manifest_table import ROLES
from tests.study.dicom.dicom_files import with_key, write_examination
from tests.study.manifest_rows import GOOD, OTHER, assert_refused, write_rows
from tests.study.study_trees import build, write_image

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
                enhancing_label=draw(st.sampled_from((0, 3, 4))),
                orientation=draw(st.sampled_from(("", "RAS", "LPI"))),
                scales=draw(
                    st.dictionaries(
                        st.sampled_from(ROLES), st.floats(0, exclude_min=True, allow_infinity=False)
                    )
                ),
            )
        )
    return tuple(sorted(found, key=lambda one: one.exam_id))


@settings(max_examples=60)
@given(study=_studies())
def test_what_is_written_reads_back_without_loss(
    tmp_path_factory: pytest.TempPathFactory, study: tuple[Examination, ...]
) -> None:
    root = tmp_path_factory.mktemp("study")
    write_manifest(root / "manifest.csv", study)
    assert read_manifest(root / "manifest.csv", root) == study


def test_columns_come_in_their_order_and_optional_ones_only_when_needed(tmp_path: Path) -> None:
    found = scan_study(build(tmp_path, Layout.BRATS)).examinations
    study = [replace(one, enhancing_label=0) for one in found]
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
    write_rows(tmp_path, GOOD)
    own = load_manifest(tmp_path)
    assert (own.layout, [one.exam_id for one in own.examinations]) == (Layout.AUTO, ["a-1"])
    assert own.recognised_because == "manifest.csv in the data root"
    scanned = load_manifest(tmp_path, Layout.BRATS)
    assert [one.exam_id for one in scanned.examinations] == ["BraTS-GLI-00000-000"]
    (tmp_path / "manifest.csv").unlink()
    assert load_manifest(tmp_path) == scanned


def test_a_scan_is_recorded_for_later_steps_which_need_not_scan_again(tmp_path: Path) -> None:
    root, folder = build(tmp_path / "data", Layout.BIDS), tmp_path / "validate"
    (root / "participants.tsv").write_text("participant_id\tage\tsex\nsub-012\t61\tF\n", encoding="utf-8")
    found = scan_study(root)
    assert found.examinations[0].age == 61

    record_manifest(folder, found)
    build(root, Layout.BRATS)
    recorded = recorded_manifest(folder, root)

    assert recorded == tuple(replace(one, age=None, sex="") for one in found.examinations)
    (folder / "manifest.csv").unlink()
    with pytest.raises(ManifestError, match="more than one layout"):
        recorded_manifest(folder, root)


@pytest.mark.parametrize("layout", [Layout.AUTHORS, Layout.AUTO])
def test_paths_that_may_bear_names_and_a_manifest_of_the_users_are_not_copied(
    tmp_path: Path, layout: Layout
) -> None:
    root, folder = build(tmp_path / "data", Layout.AUTHORS), tmp_path / "validate"
    record_manifest(folder, replace(scan_study(root), layout=Layout.BRATS))
    assert (folder / "manifest.csv").is_file()

    record_manifest(folder, replace(scan_study(root), layout=layout))

    assert not (folder / "manifest.csv").exists(), "nor is the one of an earlier study left there"
    assert recorded_manifest(folder, root) == scan_study(root).examinations


def test_examinations_are_sorted_and_blank_lines_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    path = write_rows(tmp_path, OTHER, GOOD)
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    first, second = load_manifest(tmp_path).examinations
    assert (first.exam_id, second.exam_id) == ("a-1", "b-1")
    assert first.sequences == (Sequence.T1, Sequence.ADC)
    assert (first.age, first.target_unit, first.mask) == (61.0, TargetUnit.ML_PER_100G, None)


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "manifest.csv"
    path.write_bytes("exam_id,diagnosis\na,Ménière\n".encode("utf-16"))
    assert_refused(tmp_path, "is not UTF-8 text; save it as 'CSV UTF-8")
    with pytest.raises(ManifestError, match=r"none\.csv cannot be opened \(No such file"):
        read_manifest(tmp_path / "none.csv", tmp_path)
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path, tmp_path)
    monkeypatch.setattr("cbvsynth.study.manifest.MAX_MANIFEST_BYTES", 10)
    assert_refused(tmp_path, "bytes; expected a list of examinations, at most 10")


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
    assert_refused(tmp_path, "manifest.parquet cannot be used", "row 2, column target_unit: 'x'")
    (tmp_path / "manifest.parquet").write_bytes(b"PAR1 no")
    assert_refused(tmp_path, "manifest.parquet is not a Parquet table")


def test_parquet_without_pyarrow_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manifest.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert_refused(tmp_path, "needs the package pyarrow", "cbvsynth[parquet]")


def test_reading_parquet_imports_no_pandas_and_reading_csv_no_pyarrow(tmp_path: Path) -> None:
    _parquet(tmp_path, {"exam_id": ["a"], "subject_id": ["a"], "t1": ["a.nii"], "target_unit": ["relative"]})
    program = (
        "import sys; from pathlib import Path; from cbvsynth.study.manifest import load_manifest\n"
        "assert 'pyarrow' not in sys.modules\n"
        f"load_manifest(Path({str(tmp_path)!r}))\n"
        "assert 'pyarrow' in sys.modules and 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_scan_takes_preferences_and_the_label_of_enhancing_tumour(tmp_path: Path) -> None:
    """validate and predict, which list a study themselves, had no way to be told either."""
    build(tmp_path, Layout.BIDS)
    first = load_manifest(tmp_path, enhancing_label=4).examinations[0]
    assert (first.seg is not None, first.enhancing_label) == (True, 4)
    for name in ("acq-a", "acq-b"):
        write_image(tmp_path / f"sub-013/anat/sub-013_{name}_T2w.nii.gz")
    assert "t2" not in load_manifest(tmp_path).examinations[1].files
    preferred = load_manifest(tmp_path, prefer=("acq-b",)).examinations[1]
    assert str(preferred.files["t2"]).endswith("acq-b_T2w.nii.gz")


def test_dicom_is_a_layout_whose_converted_images_are_recorded(tmp_path: Path) -> None:
    write_examination(with_key(tmp_path / "data") / "in")
    manifest = load_manifest(tmp_path / "data", Layout.DICOM)
    record_manifest(tmp_path, manifest)
    recorded = recorded_manifest(tmp_path, tmp_path / "data", Layout.DICOM)
    assert [one.files for one in recorded] == [one.files for one in manifest.examinations]
