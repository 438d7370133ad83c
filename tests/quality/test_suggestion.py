"""Suggested limits: robust, bounded, complete with where they come from, and usable by validate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cbvsynth.errors import QualityError
from cbvsynth.quality.checks import Group
from cbvsynth.quality.limits import Learned, Limits, read_limits
from cbvsynth.quality.suggestion import Proposal, learned_from, propose, table, write_limits
from cbvsynth.quality.survey import Survey

COMMITTED = Path(__file__).parents[2] / "limits.yaml"


def surveys(snr: list[float], **others: float) -> list[Survey]:
    return [Survey(f"e{number}", {"snr": value, **others}) for number, value in enumerate(snr)]


def named(proposals: tuple[Proposal, ...], name: str) -> Proposal:
    return next(one for one in proposals if one.name == name)


GOOD = [30.0, 31.0, 29.0, 30.5, 29.5, 32.0, 28.0, 30.2, 29.8, 30.0, 30.1]


def test_a_limit_lies_five_robust_deviations_from_the_median() -> None:
    one = named(propose(surveys(GOOD), Limits()), "snr_min")

    deviations = np.abs(np.array(GOOD) - 30.0)
    assert one.median == 30.0
    assert one.spread == pytest.approx(1.4826 * np.median(deviations))
    assert one.proposed == pytest.approx(30.0 - 5 * one.spread, rel=5e-3)  # three digits
    assert (one.present, one.beyond) == (6, ())


def test_one_bad_examination_among_the_good_ones_is_named_and_moves_nothing() -> None:
    sound = named(propose(surveys(GOOD), Limits()), "snr_min").proposed
    one = named(propose(surveys([*GOOD, 4.0]), Limits()), "snr_min")

    assert one.proposed == pytest.approx(sound, rel=0.1)
    assert one.beyond == ("e11",)


@pytest.mark.parametrize(
    ("column", "value", "limit", "expected"),
    [
        ("cbv_displacement_mm", 0.1, "displacement_mm_max", 1.0),
        ("cbv_displacement_mm", 12.0, "displacement_mm_max", 8.0),
        ("t1c_t1_correlation", 0.9999, "t1c_t1_correlation_max", 0.999),
        ("edge_agreement", -0.5, "edge_agreement_min", 0.0),
        ("snr", 1.0, "snr_min", 3.0),
        ("standard_zero_fraction", 0.0, "standard_zero_fraction_max", 0.01),
    ],
)
def test_physics_bounds_what_can_be_learned(column: str, value: float, limit: str, expected: float) -> None:
    measured = [Survey(f"e{number}", {column: value}) for number in range(10)]

    assert named(propose(measured, Limits()), limit).proposed == expected


def test_what_was_measured_too_seldom_keeps_its_limit() -> None:
    one = named(propose(surveys(GOOD), Limits(ghost_ratio_max=0.05)), "ghost_ratio_max")

    assert not one.is_learned
    assert one.proposed == 0.05


def test_nine_examinations_are_too_few_and_the_reason_is_told() -> None:
    broken = Survey("bad", problems=((Group.UNREADABLE, "T1: truncated"),))

    with pytest.raises(
        QualityError, match=r"9 examinations could be measured \(T1: truncated\); expected 10"
    ):
        propose([*surveys(GOOD[:9]), broken], Limits())
    assert len(propose(surveys(GOOD[:10]), Limits())) == 7


def test_the_table_shows_the_tails() -> None:
    text = table(propose(surveys([*GOOD, 4.0]), Limits()))

    row = next(line for line in text.splitlines() if line.startswith("| snr_min"))
    assert [cell.strip() for cell in row.split("|")[2:4]] == ["12", "4"]
    assert row.rstrip().endswith("| e11 |")
    assert "kept: too few" in text


def test_the_file_says_where_it_comes_from_and_keeps_what_was_set_by_hand(tmp_path: Path) -> None:
    measured = surveys(GOOD)
    proposals = propose(measured, Limits())
    learned = learned_from(proposals, measured, "2026-01-31")
    path = tmp_path / "own.yaml"
    present = COMMITTED.read_text(encoding="utf-8").replace("matrix_min: 32", "matrix_min: 64")

    for text in (present, path):  # learning again from a learned file leaves one account of it
        source = text if isinstance(text, str) else path.read_text(encoding="utf-8")
        write_limits(path, source, proposals, learned)
    found = read_limits(path)

    assert found.learned == Learned(("snr_min",), 11, learned.study, "2026-01-31")
    assert len(learned.study) == 64
    assert found.limits == Limits(matrix_min=64, snr_min=named(proposals, "snr_min").proposed)
    assert "# Signal-to-noise ratio in the brain" in path.read_text(encoding="utf-8")
    assert "snr_min" not in found.still_default()
    assert found.sentences()[0].startswith("limits learned from 11 good examinations on 2026-01-31")


def test_a_limit_that_the_present_file_leaves_out_is_added(tmp_path: Path) -> None:
    proposals = propose(surveys(GOOD), Limits())
    path = tmp_path / "own.yaml"

    write_limits(path, "matrix_min: 64", proposals, learned_from(proposals, surveys(GOOD), "2026-01-31"))

    assert read_limits(path).limits.snr_min == named(proposals, "snr_min").proposed


def test_the_study_s_digest_follows_what_was_measured_not_the_order() -> None:
    proposals = propose(surveys(GOOD), Limits())
    one = learned_from(proposals, surveys(GOOD), "d").study

    assert learned_from(proposals, surveys(GOOD)[::-1], "d").study == one
    assert learned_from(proposals, surveys([*GOOD[:-1], 33.0]), "d").study != one
