"""`cbvsynth limits suggest`: from a study to a file that validate reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cbvsynth.commands.limits import suggest
from cbvsynth.domain.options import BrainMask, Register
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import QualityError, UsageError
from cbvsynth.phantom.plan import StudySettings
from cbvsynth.phantom.study import write_study
from cbvsynth.quality.limits import read_limits
from cbvsynth.study.nifti import write_volume
from tests.extraction.heads import head, program

LIMITS = Path(__file__).resolve().parents[2] / "limits.yaml"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("good") / "data"
    write_study(root, StudySettings(patients=8, matrix=32, slices=8, damaged=0, seed=3))
    return root


def test_good_examinations_become_a_file_of_limits_with_table_and_picture(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "own.yaml"

    suggest(data=data, limits=LIMITS, register=Register.OFF, out=out, workers=1)

    found = read_limits(out)
    assert found.learned.examinations == 10
    assert {"snr_min", "t1c_t1_correlation_max"} <= set(found.learned.limits)
    assert found.limits.snr_min > 6  # the phantom's images are better than the default asks for
    printed = capsys.readouterr().out
    assert "limits from 10 good examinations" in printed
    assert "| snr_min |" in printed
    assert (tmp_path / "own.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "own.md").read_text(encoding="utf-8") in printed


def test_nothing_is_written_over(data: Path, tmp_path: Path) -> None:
    (tmp_path / "own.png").write_bytes(b"")

    with pytest.raises(UsageError, match="may hold work done by hand"):
        suggest(data=data, limits=LIMITS, out=tmp_path / "own.yaml")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("sub-001_ses-1\nnobody\n", "names 'nobody', which is not in the study"),
        ("\n", "names no examination"),
    ],
)
def test_a_list_of_strangers_is_refused(data: Path, tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "good.txt").write_text(content, encoding="utf-8")

    with pytest.raises(UsageError, match=words):
        suggest(data=data, examinations=tmp_path / "good.txt", limits=LIMITS, out=tmp_path / "own.yaml")


def test_a_list_that_does_not_exist_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.txt does not exist"):
        suggest(data=data, examinations=tmp_path / "none.txt", limits=LIMITS, out=tmp_path / "own.yaml")


def test_a_list_with_a_byte_order_mark_is_read_and_one_in_utf_16_named(data: Path, tmp_path: Path) -> None:
    """The mark was part of the first name, and UTF-16, as Windows calls Unicode, a traceback."""
    good = tmp_path / "good.txt"
    for encoding, error, words in (
        ("utf-8-sig", QualityError, "1 examination could be measured"),
        ("utf-16", UsageError, r"good\.txt is not UTF-8 text; save it as UTF-8"),
    ):
        good.write_text("sub-001_ses-1\n", encoding=encoding)
        with pytest.raises(error, match=words):
            suggest(
                data=data, examinations=good, limits=LIMITS, register=Register.OFF, out=tmp_path / "own.yaml"
            )


def test_few_good_examinations_are_too_few(data: Path, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("sub-001_ses-1\n", encoding="utf-8")

    with pytest.raises(QualityError, match="1 examination could be measured; expected 10"):
        suggest(
            data=data,
            examinations=tmp_path / "good.txt",
            limits=LIMITS,
            register=Register.OFF,
            out=tmp_path / "own.yaml",
            workers=1,
        )
    assert not (tmp_path / "own.yaml").exists()


def test_heads_without_a_mask_are_measured_in_the_brain_that_a_program_finds(tmp_path: Path) -> None:
    """Nobody but deepbet was asked for it."""
    shown = head()
    for name in ("t1", "t1c", "cbv"):
        voxels = shown.data / 100.0 if name == "cbv" else shown.data
        write_volume(tmp_path / f"a_{name}.nii.gz", Volume(voxels.astype(np.float32), shown.affine))
    names = ("a_t1.nii.gz", "a_t1c.nii.gz", "a_cbv.nii.gz")
    rows = ["exam_id,subject_id,t1,t1c,cbv,target_unit", ",".join(("a", "p", *names, "mL/100g"))]
    (tmp_path / "manifest.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")

    for command, words in (
        (program(tmp_path), "^1 examination could be measured; expected 10"),
        ("false {image} {mask}", "^0 examinations could be measured .*false"),
    ):
        with pytest.raises(QualityError, match=words):
            suggest(
                data=tmp_path,
                limits=LIMITS,
                register=Register.OFF,
                brain_mask=BrainMask.EXTRACTED,
                brain_command=command,
                out=tmp_path / "own.yaml",
                workers=1,
            )
