from __future__ import annotations

import pytest

from cbvsynth.phantom.dicom.examination import ORDER
from cbvsynth.phantom.dicom.vendors import STYLES, Framing, Vendor, file_name


@pytest.mark.parametrize("vendor", list(Vendor))
def test_every_series_has_a_style_and_a_name_of_its_own(vendor: Vendor) -> None:
    style = STYLES[vendor]
    assert set(style.series) == set(ORDER)
    assert len({series.description for series in style.series.values()}) == len(ORDER)
    names = {
        file_name(vendor, number, style.series["t1"], place) for number in (1, 2) for place in range(1, 30)
    }
    assert len(names) == 58


def test_one_series_is_enhanced_and_maps_say_their_units_in_different_ways() -> None:
    every = [(vendor, role, one) for vendor in Vendor for role, one in STYLES[vendor].series.items()]
    assert [(vendor, role) for vendor, role, one in every if one.framing is Framing.ENHANCED] == [
        (Vendor.PHILIPS, "t2")
    ]
    assert len({(one.unit, one.unit_tag) for _, role, one in every if role in ("adc", "cbv")}) >= 5
