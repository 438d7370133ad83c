from __future__ import annotations

import math

import numpy as np
import pytest

from cbvsynth.phantom.signals import (
    B_VALUE_S_PER_MM2,
    FLAIR_PROTOCOL,
    T1_PROTOCOL,
    T2_PROTOCOL,
    USUAL_DELAY_MINUTES,
    Protocol,
    adc_from_pair,
    arrived_after,
    diffusion_weighted,
    spin_echo,
    with_gadolinium,
)
from cbvsynth.phantom.tissues import TISSUES, Tissue


def signal_of(tissue: Tissue, protocol: Protocol, gadolinium_mm: float = 0.0) -> float:
    values = TISSUES[tissue]
    r1, r2 = with_gadolinium(
        np.array(1000 / values.t1_ms), np.array(1000 / values.t2_ms), np.array(gadolinium_mm)
    )
    return float(spin_echo(np.array(values.proton_density), r1, r2, protocol))


def test_a_spin_echo_of_white_matter_is_the_number_worked_out_by_hand() -> None:
    # 0.70 (1 - exp(-0.550 / 0.832)) exp(-0.009 / 0.079)
    assert signal_of(Tissue.WHITE, T1_PROTOCOL) == pytest.approx(0.70 * 0.48373 * 0.89232, rel=1e-4)


def test_inversion_recovery_of_white_matter_is_the_number_worked_out_by_hand() -> None:
    magnetisation = abs(1 - 2 * math.exp(-2.5 / 0.832) + math.exp(-9 / 0.832))
    expected = 0.70 * magnetisation * math.exp(-0.095 / 0.079)
    assert signal_of(Tissue.WHITE, FLAIR_PROTOCOL) == pytest.approx(expected, rel=1e-12)


def test_no_echo_delay_and_full_recovery_leave_the_proton_density() -> None:
    r1, r2 = np.array([0.5, 2.0]), np.array([1.0, 30.0])
    whole = spin_echo(np.array([0.7, 1.0]), r1, r2, Protocol(repetition_s=1e3, echo_s=0.0))
    np.testing.assert_allclose(whole, [0.7, 1.0], rtol=1e-12)


def test_contrasts_are_the_radiologists() -> None:
    tissues = (Tissue.CSF, Tissue.GREY, Tissue.WHITE)
    t1 = [signal_of(tissue, T1_PROTOCOL) for tissue in tissues]
    t2 = [signal_of(tissue, T2_PROTOCOL) for tissue in tissues]
    assert t1 == sorted(t1), "T1: fluid dark, white matter bright"
    assert t2 == sorted(t2, reverse=True), "T2: fluid bright, white matter dark"
    csf, grey, white = (signal_of(tissue, FLAIR_PROTOCOL) for tissue in tissues)
    assert csf < 0.35 * white < white < grey, "FLAIR: fluid nearly nulled, grey above white"


def test_gadolinium_brightens_t1_and_changes_nothing_at_zero_concentration() -> None:
    doses = [signal_of(Tissue.GREY, T1_PROTOCOL, dose) for dose in (0.0, 0.03, 0.1, 0.3)]
    assert doses == sorted(doses)
    assert doses[0] == signal_of(Tissue.GREY, T1_PROTOCOL)


def test_an_adc_comes_back_from_its_own_noise_free_pair() -> None:
    adc = np.array([0.0, 740.0, 3000.0])
    unweighted = np.array([0.2, 0.5, 1.0])
    weighted = diffusion_weighted(unweighted, adc, B_VALUE_S_PER_MM2)
    np.testing.assert_allclose(adc_from_pair(unweighted, weighted), adc, atol=1e-9)
    assert weighted[1] == pytest.approx(0.5 * math.exp(-0.74), rel=1e-12)


def test_the_usual_delay_changes_nothing_and_a_later_one_empties_blood_and_fills_lesions() -> None:
    assert arrived_after(USUAL_DELAY_MINUTES) == (1.0, 1.0)
    blood, leaked = zip(*(arrived_after(minutes) for minutes in (1, 2, 5, 10, 15, 20)), strict=True)
    assert all(np.diff(blood) < 0)
    assert all(np.diff(leaked) > 0)


def test_what_leaked_is_the_blood_that_passed_by() -> None:
    """The integral of the concentration in blood, by the trapezium rule."""
    minutes = np.linspace(0, 12, 12001)
    blood = np.array([arrived_after(float(one))[0] for one in minutes])
    passed = np.concatenate([[0], np.cumsum((blood[1:] + blood[:-1]) / 2 * np.diff(minutes))])
    assert arrived_after(12)[1] == pytest.approx(passed[-1] / np.interp(5, minutes, passed), rel=1e-6)
