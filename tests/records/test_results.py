"""Score tables on disk."""

import math
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cbvsynth.domain.scores import ExamScore
from cbvsynth.errors import ResultError
from cbvsynth.records.results import read_scores, write_scores

SCORE = ExamScore(
    model="encdec-t1-t1c-adc",
    exam_id="sub-001_ses-1",
    subject_id="sub-001",
    diagnosis="high-grade glioma",
    target_unit="mL/100g",
    data_range=25.0,
    ssim_3d_whole=0.8629,
    ssim_3d_brain=0.1 + 0.2,
    ssim_2d_whole=1 / 3,
    ssim_2d_brain=0.7,
    mae_whole=0.2,
    mae_brain=0.9,
    mae_lesion=1.4,
    psnr_whole=31.0,
    psnr_brain=25.5,
    ncc_brain=0.6,
    lesion_cbv_real=5.2,
    lesion_cbv_synthetic=5.4,
    lesion_volume_ml=12.5,
    lesion_hot_spot_real=8.1,
    lesion_hot_spot_synthetic=7.9,
    ncc_lesion=0.45,
    brain_cbv_real=3.1,
    brain_cbv_synthetic=3.2,
)
WITHOUT_LESION = replace(
    SCORE,
    exam_id="sub-002_ses-1",
    mae_lesion=math.nan,
    lesion_cbv_real=math.nan,
    lesion_cbv_synthetic=math.nan,
    lesion_volume_ml=math.nan,
    lesion_hot_spot_real=math.nan,
    lesion_hot_spot_synthetic=math.nan,
    ncc_lesion=math.nan,
)


def write_lines(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def header_and_row(tmp_path: Path) -> tuple[str, str]:
    write_scores(tmp_path / "good.csv", [SCORE])
    header, row = (tmp_path / "good.csv").read_text(encoding="utf-8").splitlines()
    return header, row


def test_scores_read_back_to_the_last_bit(tmp_path: Path) -> None:
    write_scores(tmp_path / "per_exam.csv", [SCORE, replace(SCORE, exam_id="other")])
    assert read_scores(tmp_path / "per_exam.csv") == (SCORE, replace(SCORE, exam_id="other"))


def test_an_examination_without_a_lesion_keeps_its_row(tmp_path: Path) -> None:
    write_scores(tmp_path / "per_exam.csv", [WITHOUT_LESION])
    (read,) = read_scores(tmp_path / "per_exam.csv")
    assert math.isnan(read.mae_lesion)
    assert math.isnan(read.lesion_volume_ml)
    assert read.mae_brain == 0.9


def test_an_unbounded_psnr_reads_back(tmp_path: Path) -> None:
    write_scores(tmp_path / "per_exam.csv", [replace(SCORE, psnr_whole=math.inf)])
    assert read_scores(tmp_path / "per_exam.csv")[0].psnr_whole == math.inf


def test_a_table_without_rows_reads_back_as_no_scores(tmp_path: Path) -> None:
    write_scores(tmp_path / "per_exam.csv", [])
    assert read_scores(tmp_path / "per_exam.csv") == ()


def test_numpy_numbers_are_written_as_plain_numbers(tmp_path: Path) -> None:
    write_scores(tmp_path / "per_exam.csv", [replace(SCORE, mae_brain=np.float64(0.9))])
    assert "np." not in (tmp_path / "per_exam.csv").read_text(encoding="utf-8")
    assert read_scores(tmp_path / "per_exam.csv") == (SCORE,)


@settings(max_examples=60)
@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12),
    number=st.floats(0, 1e9),
)
def test_any_text_and_any_number_survive(
    tmp_path_factory: pytest.TempPathFactory, text: str, number: float
) -> None:
    path = tmp_path_factory.mktemp("scores") / "per_exam.csv"
    score = replace(SCORE, diagnosis=text, subject_id=text, mae_lesion=number)
    write_scores(path, [score])
    assert read_scores(path) == (score,)


def test_equal_scores_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write_scores(tmp_path / name, [SCORE, WITHOUT_LESION])
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert b"\r" not in (tmp_path / "a.csv").read_bytes()


def test_a_score_that_cannot_be_made_leaves_the_former_table(tmp_path: Path) -> None:
    def scores_then_failure() -> Iterator[ExamScore]:
        yield SCORE
        raise RuntimeError("the second examination fails")

    write_scores(tmp_path / "per_exam.csv", [WITHOUT_LESION])
    before = (tmp_path / "per_exam.csv").read_bytes()
    with pytest.raises(RuntimeError, match="second examination"):
        write_scores(tmp_path / "per_exam.csv", scores_then_failure())
    assert (tmp_path / "per_exam.csv").read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["per_exam.csv"]


def test_a_missing_table_says_to_run_train(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"does not exist; run train first"):
        read_scores(tmp_path / "per_exam.csv")


def test_other_columns_are_refused_and_named(tmp_path: Path) -> None:
    header, row = header_and_row(tmp_path)
    path = write_lines(tmp_path / "other.csv", header.replace("ssim_3d_whole", "ssim"), row)
    with pytest.raises(ResultError, match=r"has columns .*ssim,.*expected model, exam_id"):
        read_scores(path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    with pytest.raises(ResultError, match="has columns none"):
        read_scores(tmp_path / "empty.csv")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda row: row.replace("0.8629", "high"), "ssim_3d_whole is 'high'; expected a number"),
        (lambda row: row.rsplit(",", 3)[0], "21 values; expected 24"),
        (lambda row: row + ",7.0", "25 values; expected 24"),
        (lambda row: row.replace("12.5", ""), "lesion_volume_ml is ''; expected a number"),
        (lambda row: row.split(",", maxsplit=1)[0], "1 values; expected 24"),
    ],
    ids=["a word", "cut off", "too long", "an empty value", "one value only"],
)
def test_a_damaged_row_is_refused(tmp_path: Path, damage: Callable[[str], str], message: str) -> None:
    header, row = header_and_row(tmp_path)
    path = write_lines(tmp_path / "bad.csv", header, row, damage(row))
    with pytest.raises(ResultError, match=rf"bad\.csv, line 3: {message}; run train again"):
        read_scores(path)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("ssim_3d_whole", 1e200),
        ("ssim_2d_brain", -1.01),
        ("ssim_3d_brain", math.inf),
        ("ncc_brain", 1.01),
        ("mae_brain", -0.1),
        ("mae_lesion", 1e200),
        ("psnr_whole", 1e200),
        ("psnr_brain", -math.inf),
        ("lesion_cbv_synthetic", -1e200),
        ("lesion_volume_ml", math.inf),
        ("data_range", math.inf),
    ],
)
def test_a_score_that_no_map_can_have_is_refused(tmp_path: Path, column: str, value: float) -> None:
    """An SSIM of 1e200 used to end evaluate with a traceback; an MAE of -1 went into the verdict."""
    write_scores(tmp_path / "bad.csv", [SCORE, replace(SCORE, exam_id="other", **{column: value})])
    with pytest.raises(ResultError, match=rf"bad\.csv, line 3: {column} is .*; expected .* to .*; run train"):
        read_scores(tmp_path / "bad.csv")


def test_rounding_may_carry_a_perfect_score_beyond_one(tmp_path: Path) -> None:
    perfect = replace(SCORE, ssim_3d_whole=1 + 1e-9, ncc_brain=1 + 1e-9)
    write_scores(tmp_path / "per_exam.csv", [perfect])
    assert read_scores(tmp_path / "per_exam.csv") == (perfect,)


def test_the_table_is_this_byte_for_byte(tmp_path: Path) -> None:
    header, _ = header_and_row(tmp_path)
    write_scores(tmp_path / "per_exam.csv", [replace(WITHOUT_LESION, psnr_whole=math.inf)])
    assert (tmp_path / "per_exam.csv").read_text(encoding="utf-8") == header + (
        '\n"encdec-t1-t1c-adc","sub-002_ses-1","sub-001","high-grade glioma","mL/100g",25.0,0.8629,'
        "0.30000000000000004,0.3333333333333333,0.7,0.2,0.9,nan,inf,25.5,0.6,nan,nan,nan,nan,nan,nan,3.1,3.2\n"
    )


def test_a_table_of_an_earlier_release_reads_as_not_a_number_in_the_columns_that_came_later(
    tmp_path: Path,
) -> None:
    """A champion is compared by the table that it was promoted with, whatever release wrote it."""
    header, row = header_and_row(tmp_path)
    path = write_lines(tmp_path / "old.csv", header.rsplit(",", 5)[0], row.rsplit(",", 5)[0])
    (read,) = read_scores(path)
    assert read.lesion_volume_ml == 12.5
    assert math.isnan(read.ncc_lesion)
    assert math.isnan(read.brain_cbv_real)


def test_a_table_that_lacks_some_of_the_later_columns_is_of_no_release(tmp_path: Path) -> None:
    header, row = header_and_row(tmp_path)
    path = write_lines(tmp_path / "odd.csv", header.rsplit(",", 2)[0], row.rsplit(",", 2)[0])
    with pytest.raises(ResultError, match="has columns"):
        read_scores(path)


@pytest.mark.parametrize("column", ["ssim_3d_whole", "mae_brain", "psnr_brain", "ncc_brain", "data_range"])
def test_only_lesion_values_may_be_missing(tmp_path: Path, column: str) -> None:
    write_scores(tmp_path / "bad.csv", [replace(SCORE, **{column: math.nan})])
    with pytest.raises(ResultError, match=f"{column} is nan; expected a number"):
        read_scores(tmp_path / "bad.csv")


def test_two_rows_of_a_model_for_one_examination_are_refused(tmp_path: Path) -> None:
    write_scores(tmp_path / "bad.csv", [SCORE, WITHOUT_LESION, SCORE])
    with pytest.raises(ResultError, match="line 4: a second row for encdec-t1-t1c-adc, sub-001_ses-1"):
        read_scores(tmp_path / "bad.csv")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01binary", b"PK\x03\x04\xd8\xd8\xd8"])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    """This used to end in a UnicodeDecodeError with a traceback."""
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(ResultError, match="is not CSV in UTF-8"):
        read_scores(tmp_path / "bad.csv")


def test_a_value_beyond_csv_limits_is_refused(tmp_path: Path) -> None:
    header, _ = header_and_row(tmp_path)
    path = write_lines(tmp_path / "bad.csv", header, '"' + "x" * 200_000 + '"')
    with pytest.raises(ResultError, match="is not CSV in UTF-8"):
        read_scores(path)


def test_every_column_of_the_table_is_a_field_of_the_score(tmp_path: Path) -> None:
    header, _ = header_and_row(tmp_path)
    assert header.split(",") == [field.name for field in fields(ExamScore)]


def test_an_ssim_in_per_cent_is_named_as_one(tmp_path: Path) -> None:
    """It was told that 94 is not between -1 and 1, and nothing else."""
    write_scores(tmp_path / "s.csv", [replace(SCORE, ssim_3d_whole=94.0)])
    with pytest.raises(
        ResultError, match=r"ssim_3d_whole is 94; .*94 looks like per cent: as a share it is 0\.94"
    ):
        read_scores(tmp_path / "s.csv")
