"""Agreement of real and synthetic maps: the numbers are right, and every examination is drawn."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from scipy import stats

from cbvsynth.errors import DataError
from cbvsynth.pages.charts.agreement import (
    HOT_SPOT_RATIO,
    Pair,
    agreement_caption,
    agreement_chart,
    agreement_of,
    lesion_cbv,
    lesion_pairs,
)
from tests.domain.selection.tables import table


def test_agreement_is_bias_limits_and_concordance_of_the_examinations_with_a_lesion():
    lesions = [0.5, None, -1.0, 1.5]
    found = agreement_of(lesion_pairs(table("encdec-t1", [0.8] * 4, lesions=lesions)))
    differences = np.array([0.5, -1.0, 1.5])
    assert found.limits.pairs == 3
    assert found.limits.bias.estimate == pytest.approx(differences.mean())
    spread = stats.norm.ppf(0.975) * differences.std(ddof=1)
    assert found.limits.upper_limit.estimate == pytest.approx(differences.mean() + spread)
    assert isnan(found.concordance)
    caption = agreement_caption(found, lesion_cbv("mL/100g"))
    assert "3 examinations. Bias (synthetic minus real) +0.33 mL/100 g" in caption
    assert "concordance not defined" in caption


@pytest.mark.parametrize("lesions", [[None, None], [None, 1.0]])
def test_fewer_than_two_lesions_show_no_agreement(lesions: list[float | None]):
    assert agreement_of(lesion_pairs(table("encdec-t1", [0.8, 0.8], lesions=lesions))) is None


def test_a_value_that_is_no_number_is_an_error():
    with pytest.raises(DataError, match="NaN"):
        agreement_of([Pair("e1", "", nan, 1.0), Pair("e2", "", 2.0, 3.0)])


def pairs(groups: tuple[str, ...]) -> list[Pair]:
    return [Pair(f"e{number}", group, 4.0 + number, 5.0 + number**2) for number, group in enumerate(groups)]


def test_the_caption_is_a_sentence_with_and_without_a_unit():
    found = agreement_of(pairs(("glioma", "glioma", "lymphoma")))
    assert agreement_caption(found, lesion_cbv("mL/100g")).startswith(
        "Mean CBV of the lesion, 3 examinations."
    )
    caption = agreement_caption(found, HOT_SPOT_RATIO)
    assert caption.startswith(
        "Hot-spot nCBV of the lesion, 3 examinations. Bias (synthetic minus real) +1.67 (95 %"
    )


@pytest.mark.parametrize("groups", [("glioma", "glioma", "lymphoma"), ("", "", ""), tuple("abcdefghi")])
def test_every_pair_is_a_mark_that_names_its_examination(groups: tuple[str, ...]):
    chart = agreement_chart(agreement_of(pairs(groups)), lesion_cbv("mL/100g"), "encdec-t1")
    svg = str(chart.svg())
    assert "<title>e1: real 5.00, synthetic 6.00</title>" in svg
    assert svg.count("<title>e") == len(groups)
    assert chart.description == agreement_caption(agreement_of(pairs(groups)), lesion_cbv("mL/100g"))
    assert all(group in svg for group in groups)


def test_axes_name_quantity_and_unit_and_a_ratio_has_none():
    agreement = agreement_of(pairs(("a", "b", "c")))
    assert "Synthetic − real, mL/100 g</text>" in agreement_chart(agreement, lesion_cbv("mL/100g"), "m").svg()
    svg = agreement_chart(agreement, HOT_SPOT_RATIO, "m").svg()
    assert "Synthetic − real</text>" in svg
    assert "Mean of real and synthetic hot-spot nCBV</text>" in svg
    assert "Hot-spot nCBV, m</text>" in svg
