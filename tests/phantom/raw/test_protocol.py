from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from cbvsynth.errors import UsageError
from cbvsynth.phantom.raw.protocol import ROLES, Coverage, RawSettings, Slices, plan_scan
from cbvsynth.phantom.streams import Streams

STREAMS = Streams(3, 1)


@pytest.mark.parametrize("role", ROLES)
def test_slices_are_thick_oblique_and_stored_as_converters_do(role: str) -> None:
    grid = plan_scan(role, RawSettings(matrix=128, slices=20), STREAMS)
    spacing = nib.affines.voxel_sizes(grid.affine)
    np.testing.assert_allclose(spacing, grid.spacing_mm)
    assert nib.aff2axcodes(grid.affine) == ("L", "A", "S")
    assert spacing[2] > 1.5 * spacing[0]
    assert nib.affines.obliquity(grid.affine).max() > np.deg2rad(0.1)


def test_mixed_orientations_are_those_of_another_clinic() -> None:
    settings = RawSettings(orientations=Slices.MIXED)
    across = {role: nib.aff2axcodes(plan_scan(role, settings, STREAMS).affine)[2] for role in ROLES}
    assert across == {"t1": "R", "t2": "S", "t1c": "P", "flair": "P", "adc": "S", "cbv": "S"}


def test_a_partial_coverage_is_a_lower_stack_of_thinner_slices() -> None:
    whole, partial = (
        {role: plan_scan(role, RawSettings(coverage=coverage), STREAMS) for role in ROLES}
        for coverage in Coverage
    )
    lower = {role for role in ROLES if partial[role].spacing_mm[2] < whole[role].spacing_mm[2]}
    assert lower == {"adc", "cbv", "flair"}


@pytest.mark.parametrize(
    ("setting", "value"),
    [("matrix", 47), ("matrix", 513), ("slices", 6), ("displacement_mm", -1), ("displacement_degrees", 46)],
)
def test_settings_out_of_range_are_refused(setting: str, value: int) -> None:
    with pytest.raises(UsageError, match=f"{setting} is {value}; a raw phantom has"):
        RawSettings(**{setting: value})
