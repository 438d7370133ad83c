"""Files of any names are found by patterns that a person gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.errors import ManifestError, UsageError
from cbvsynth.study.manifest import scan_study
from cbvsynth.study.patterns import pattern_table
from tests.study.study_trees import files_of, reasons, write_image


def test_patterns_name_patients_sessions_and_roles(tmp_path: Path) -> None:
    for name in ("a1/v1/x_T1.nii.gz", "a1/v2/y_T1.NII", "a1/v1/deep/er/map-cbv.nii.gz", "b2/v1/seg1.nii"):
        write_image(tmp_path / name.replace("NII", "nii"))
    (tmp_path / "a1/v2/y_T1.nii").rename(tmp_path / "a1/v2/y_T1.NII")
    manifest = scan_study(
        tmp_path,
        patterns=(
            "t1={subject}/{session}/*_T1.nii.gz",
            "cbv={subject}/{session}/**/map-cbv.nii",
            "seg={subject}/{session}/seg?.nii",
        ),
    )
    found = {(one.subject_id, one.session_id): files_of(one) for one in manifest.examinations}
    assert found == {
        ("a1", "v1"): {"t1": "a1/v1/x_T1.nii.gz", "cbv": "a1/v1/deep/er/map-cbv.nii.gz"},
        ("a1", "v2"): {"t1": "a1/v2/y_T1.NII"},
    }
    assert "b2_v1: no standard MRI sequence, only SEG" in reasons(manifest)


def test_a_name_that_stands_twice_is_the_same(tmp_path: Path) -> None:
    write_image(tmp_path / "a1/a1_t1.nii.gz")
    write_image(tmp_path / "a2/a1_t1.nii.gz")
    manifest = scan_study(tmp_path, patterns=("t1={subject}/{subject}_t1.nii",))
    assert [one.subject_id for one in manifest.examinations] == ["a1"]


def test_the_first_of_several_patterns_for_a_role_comes_first(tmp_path: Path) -> None:
    write_image(tmp_path / "a1/t1_new.nii.gz")
    write_image(tmp_path / "a1/t1_old.nii.gz")
    patterns = ("t1={subject}/t1_new.nii.gz", "t1={subject}/t1_*.nii.gz")
    manifest = scan_study(tmp_path, patterns=patterns)
    assert files_of(manifest.examinations[0]) == {"t1": "a1/t1_new.nii.gz"}
    assert "t1_old.nii.gz: a1 has another T1, which comes first" in reasons(manifest)


def test_signs_of_regular_expressions_are_only_signs(tmp_path: Path) -> None:
    write_image(tmp_path / "a1/T1 (pre).nii.gz")
    write_image(tmp_path / "a1/T1 pre.nii.gz")
    (one,) = scan_study(tmp_path, patterns=("t1={subject}/T1 (pre).nii.gz",)).examinations
    assert files_of(one) == {"t1": "a1/T1 (pre).nii.gz"}


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{subject}/t1.nii.gz", "begins with no role"),
        ("t3={subject}/t1.nii.gz", "begins with no role"),
        ("t1=x/t1.nii.gz", "has no {subject}"),
        ("t1={subject}/t1.img", "ends in no .nii or .nii.gz"),
        ("t1={subject}/{visit}/t1.nii.gz", "holds {visit}"),
        ("t1={subject}/{/t1.nii.gz", "holds {"),
    ],
)
def test_a_pattern_that_is_none_says_what_is_expected(pattern: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        pattern_table([pattern])
    assert message in str(caught.value)


def test_patterns_that_fit_nothing_say_so(tmp_path: Path) -> None:
    write_image(tmp_path / "a1/t2.nii.gz")
    with pytest.raises(ManifestError, match="No file is named as in the given patterns"):
        scan_study(tmp_path, patterns=("t1={subject}/t1.nii.gz",))
