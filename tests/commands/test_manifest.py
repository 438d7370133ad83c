"""`cbvsynth manifest ROOT` lists a study, says what it saw, and never writes over a manifest."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from cbvsynth.commands.manifest import manifest
from cbvsynth.domain.options import Layout
from cbvsynth.entrypoint import run_function
from cbvsynth.study.layout_tables import BIDS
from cbvsynth.study.manifest import load_manifest, scan_study
from tests.study.dicom.dicom_files import T2, with_key, write_examination, write_series
from tests.study.study_trees import FILES, build, write_image


def _run(*arguments: object) -> int:
    return run_function(manifest, [str(argument) for argument in arguments], "cbvsynth manifest")


@pytest.mark.parametrize("layout", list(FILES), ids=str)
def test_the_table_that_is_written_is_what_a_scan_finds(
    tmp_path: Path, layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    scanned = scan_study(build(tmp_path, layout))
    assert _run(tmp_path) == 0
    assert load_manifest(tmp_path).examinations == scanned.examinations
    shown = capsys.readouterr().out
    assert f"layout         {layout}: " in shown
    assert f"examinations   {len(scanned.examinations)}\n" in shown
    assert f"written: {tmp_path / 'manifest.csv'}" in shown


def test_the_summary_counts_sequences_and_gives_each_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(tmp_path, Layout.BIDS)
    series = "sub-013/func/sub-013_task-rest_cbv.nii.gz"
    write_image(tmp_path / series)
    (tmp_path / "participants.tsv").write_text(
        "participant_id\tage\tmetal\nsub-012\t61\t1\n", encoding="utf-8"
    )
    assert _run(tmp_path, "--layout", "bids", "--out", tmp_path / "lists" / "mine.csv") == 0
    assert capsys.readouterr().out.splitlines()[1:-2] == [
        "examinations   2",
        "patients       2",
        "sequences      T1 2, T2 1, T1C 2, T2-FLAIR 1, ADC 1",
        "all five       1",
        "CBV maps       2 (mL/100g)",
        "masks          1, segmentations 2",
        "known          age 1, sex 0, diagnosis 0; quality flags: metal 1",
        "left out       1",
        f"  {series}: {BIDS.refusals[0].reason}",
    ]
    assert (tmp_path / "lists" / "mine.csv").is_file()
    assert not (tmp_path / "manifest.csv").exists()


def test_only_the_first_reasons_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build(tmp_path, Layout.BIDS)
    for run in range(20):
        write_image(tmp_path / f"sub-013/func/sub-013_run-{run:02}_cbv.nii.gz")
    assert _run(tmp_path) == 0
    shown = capsys.readouterr().out
    assert shown.count("fMRI") == 12
    assert "  ... and 8 more" in shown


def test_hashes_are_those_of_the_files(tmp_path: Path) -> None:
    build(tmp_path, Layout.BRATS)
    assert _run(tmp_path, "--hash", "on") == 0
    (one,) = load_manifest(tmp_path).examinations
    assert set(one.sha256) == {"t1", "t2", "t1c", "flair", "seg"}
    for role, path in one.files.items():
        assert one.sha256[role] == hashlib.sha256((tmp_path / path).read_bytes()).hexdigest()


def test_a_manifest_that_exists_is_checked_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(tmp_path, Layout.BRATS)
    assert _run(tmp_path) == 0
    by_hand = (tmp_path / "manifest.csv").read_text(encoding="utf-8").replace(",0,0,0,0,", ",1,0,0,0,")
    (tmp_path / "manifest.csv").write_text(by_hand, encoding="utf-8")
    capsys.readouterr()
    assert _run(tmp_path) == 0
    assert "manifest.csv is in order. Nothing was written" in capsys.readouterr().out
    assert _run(tmp_path, "--layout", "brats") == 2
    assert "manifest.csv' exists and may hold work done by hand" in capsys.readouterr().err
    assert (tmp_path / "manifest.csv").read_text(encoding="utf-8") == by_hand
    (tmp_path / "manifest.csv").write_text(by_hand.replace("relative", "percent"), encoding="utf-8")
    assert _run(tmp_path) == 1
    assert "row 2, column target_unit: 'percent'" in capsys.readouterr().err


def test_paths_with_patients_names_stay_in_the_data_root(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = build(tmp_path / "data", Layout.AUTHORS)
    assert _run(root, "--out", tmp_path / "manifest.csv") == 2
    assert "must stay in the data root" in capsys.readouterr().err
    assert not (tmp_path / "manifest.csv").exists()
    assert _run(root, "--out", root / "lists" / "manifest.csv") == 0
    shown = capsys.readouterr()
    assert not any(name in shown.out + shown.err for name in ("MUELLER", "HANNELORE", "SCHMIDT"))


def test_an_unknown_study_ends_with_one_clear_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(tmp_path) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: No known layout was recognised. Found 0 NIfTI files.")


def test_the_command_imports_no_heavy_package() -> None:
    program = (
        "import sys; from cbvsynth.commands.manifest import manifest\n"
        "heavy = {'tensorflow', 'pandas', 'mlflow', 'matplotlib', 'pyarrow'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_doubts_about_tables_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There was no place for a warning: a cell was right, or stopped the study."""
    build(tmp_path, Layout.BIDS)
    (tmp_path / "participants.tsv").write_text("participant_id\tage\nsub-012\t35-40\n", encoding="utf-8")
    assert _run(tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    place = lines.index("warnings       1")
    assert lines[place + 1] == "  sub-012_ses-1, column age: '35-40' is a range, taken as 35"


def test_a_preference_settles_a_tie(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build(tmp_path, Layout.BIDS)
    for name in ("fs", "tse"):
        write_image(tmp_path / f"sub-013/anat/sub-013_acq-{name}_T2w.nii.gz")
    assert _run(tmp_path, "--out", tmp_path / "first.csv") == 0
    assert "say so with --prefer acq-fs or acq-tse" in capsys.readouterr().out
    assert _run(tmp_path, "--out", tmp_path / "second.csv", "--prefer", "acq-tse") == 0
    assert "acq-tse is preferred" in capsys.readouterr().out
    assert "acq-tse_T2w" in (tmp_path / "second.csv").read_text(encoding="utf-8")


def test_the_label_of_enhancing_tumour_can_be_stated_for_a_whole_study(tmp_path: Path) -> None:
    build(tmp_path, Layout.BIDS)
    assert _run(tmp_path, "--enhancing_label", "4") == 0
    assert [one.enhancing_label for one in load_manifest(tmp_path).examinations] == [4, 4]
    with pytest.raises(SystemExit):
        _run(tmp_path, "--out", tmp_path / "other.csv", "--enhancing_label", "5")


def test_dicom_is_listed_with_ties_first_and_without_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_examination(with_key(tmp_path) / "MUELLER_HANNELORE")
    write_series(tmp_path / "MUELLER_HANNELORE/9", {**T2, "SeriesDescription": "T2 BLADE"}, number=9)
    assert _run(tmp_path, "--layout", "dicom") == 0
    shown = capsys.readouterr()
    assert (
        "layout         dicom: 64 DICOM images; what each series is, is in cbvsynth-nifti/series.csv"
        in shown.out
    )
    assert "sequences      T1 1, T2 0, T1C 1, T2-FLAIR 1, ADC 1" in shown.out
    assert "CBV maps       1 (relative)" in shown.out
    left_out = shown.out.split("left out")[1].splitlines()
    assert "T2: series 3" in left_out[1]
    assert "--prefer blade or tse" in left_out[1]
    assert "a scout" in left_out[2]
    assert "MUELLER" not in (shown.out + shown.err).replace(str(tmp_path), "")
    assert load_manifest(tmp_path).examinations[0].cbv is not None


def test_files_of_any_names_are_listed_by_patterns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_image(tmp_path / "a1/first/x_T1.nii.gz")
    assert _run(tmp_path, "--pattern", "t1={subject}/{session}/*_T1.nii.gz") == 0
    assert (
        "its own: 1 of 1 NIfTI files are named as in {subject}/{session}/*_T1.nii.gz"
        in capsys.readouterr().out
    )
    assert load_manifest(tmp_path).examinations[0].exam_id == "a1_first"
    # A manifest that is there is not written over for a pattern either.
    assert _run(tmp_path, "--pattern", "t1={subject}/{session}/*_T1.nii.gz") == 2
    assert "exists and may hold work done by hand" in capsys.readouterr().err


def test_a_program_reads_the_same_before_and_after_the_list_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(tmp_path, Layout.BIDS)
    assert _run(tmp_path, "--json") == 0
    scanned = json.loads(capsys.readouterr().out)
    assert scanned["layout"] == "bids"
    assert scanned["written"] == str(tmp_path / "manifest.csv")
    assert "cbv" in scanned["examinations"][0]["images"]
    assert _run(tmp_path, "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["examinations"] == scanned["examinations"]
    assert (listed["layout"], listed["written"]) == ("its own", "")


def test_a_program_is_told_no_path_of_what_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The help promises none, as folders may bear names; `left_out` held them."""
    build(tmp_path, Layout.BIDS)
    write_image(tmp_path / "sub-013/func/sub-013_task-MUELLER_cbv.nii.gz")
    assert _run(tmp_path, "--json") == 0
    shown = capsys.readouterr().out
    assert "MUELLER" not in shown
    assert json.loads(shown)["left_out"] == [{"what": "a file or folder", "reason": BIDS.refusals[0].reason}]
