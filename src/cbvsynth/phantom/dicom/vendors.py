"""How three makers of scanners name series, order files and store maps.

No file of theirs is copied: the tags are those that a reader meets, with the phantom's own values.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from cbvsynth.study.sidecars import TISSUE_DENSITY_G_PER_ML


class Vendor(StrEnum):
    """Whose way of writing DICOM is followed."""

    SIEMENS = "siemens"
    GE = "ge"
    PHILIPS = "philips"


class Framing(StrEnum):
    """A file for each slice, or one for the whole series."""

    CLASSIC = "classic"
    ENHANCED = "enhanced"


class UnitTag(StrEnum):
    """Where a map says its unit."""

    NONE = "none"
    RESCALE_TYPE = "rescale type"
    REAL_WORLD_VALUE = "real world value mapping"
    PRIVATE_PHILIPS = "private tag of Philips"


@dataclass(frozen=True)
class SeriesStyle:
    """How one series is written. `stored_step` is the size of an integer step in the unit that is written.

    `unit_factor` turns 1e-6 mm2/s (ADC) or mL/100 g (CBV) into that unit, which `unit` names.
    """

    description: str
    image_type: tuple[str, ...]
    framing: Framing = Framing.CLASSIC
    sequence_name: str = ""
    stored_step: float = 1.0
    unit: str = ""
    unit_factor: float = 1.0
    unit_tag: UnitTag = UnitTag.NONE


@dataclass(frozen=True)
class VendorStyle:
    """A maker's equipment tags, the agent's name, and its series by role."""

    manufacturer: str
    model: str
    software: str
    agent: str
    series: dict[str, SeriesStyle]


_MAGNITUDE = ("ORIGINAL", "PRIMARY", "M", "ND")
_PHILIPS = ("ORIGINAL", "PRIMARY", "M_SE", "M", "SE")
_GE = ("ORIGINAL", "PRIMARY", "OTHER")

STYLES: dict[Vendor, VendorStyle] = {
    Vendor.SIEMENS: VendorStyle(
        "SIEMENS",
        "Skyra",
        "syngo MR E11",
        "Gadovist",
        {
            "localizer": SeriesStyle("localizer", _MAGNITUDE, sequence_name="*fl2d1"),
            "t1": SeriesStyle("t1_se_tra", _MAGNITUDE, sequence_name="*se2d1"),
            "t2": SeriesStyle("t2_tse_tra_320", _MAGNITUDE, sequence_name="*tse2d1_15"),
            "flair": SeriesStyle("t2_tirm_tra_dark-fluid", _MAGNITUDE, sequence_name="*tir2d1_16"),
            "adc": SeriesStyle(
                "ep2d_diff_3scan_trace_p2_ADC",
                ("DERIVED", "PRIMARY", "DIFFUSION", "ADC", "ND"),
                sequence_name="*ep_b0_1000",
            ),
            "t1c": SeriesStyle("t1_se_tra_KM", _MAGNITUDE, sequence_name="*se2d1"),
            "cbv": SeriesStyle(
                "ep2d_perf_CBV",
                ("DERIVED", "PRIMARY", "PERFUSION", "CBV"),
                stored_step=0.01,
                unit="mL/100g",
                unit_tag=UnitTag.RESCALE_TYPE,
            ),
        },
    ),
    Vendor.GE: VendorStyle(
        "GE MEDICAL SYSTEMS",
        "DISCOVERY MR750",
        "DV26.0",
        "GADAVIST",
        {
            "localizer": SeriesStyle("3-pl T2* FGRE S", _GE),
            "t1": SeriesStyle("Ax T1", _GE),
            "t2": SeriesStyle("Ax T2 PROPELLER", _GE),
            "flair": SeriesStyle("Ax T2 FLAIR", _GE),
            "adc": SeriesStyle("Apparent Diffusion Coefficient (mm2/s)", ("DERIVED", "PRIMARY", "ADC")),
            "t1c": SeriesStyle("Ax T1 +C", _GE),
            "cbv": SeriesStyle(
                "CBV (mL/100g)",
                ("DERIVED", "SECONDARY", "CBV"),
                stored_step=0.01,
                unit="mL/100g",
                unit_tag=UnitTag.REAL_WORLD_VALUE,
            ),
        },
    ),
    Vendor.PHILIPS: VendorStyle(
        "Philips Medical Systems",
        "Ingenia",
        "5.4.1",
        "Dotarem",
        {
            "localizer": SeriesStyle("SmartBrain survey", _PHILIPS),
            "t1": SeriesStyle("T1W_SE", _PHILIPS, stored_step=0.25),
            "t2": SeriesStyle("T2W_TSE", _PHILIPS, Framing.ENHANCED, stored_step=0.5),
            "flair": SeriesStyle("FLAIR_longTR", ("ORIGINAL", "PRIMARY", "M_IR", "M", "IR"), stored_step=0.5),
            "adc": SeriesStyle(
                "dADC_DWI_SSh",
                ("DERIVED", "PRIMARY", "ADC_SE", "ADC", "SE"),
                stored_step=0.0012,
                unit="10-3 mm2/s",
                unit_factor=1e-3,
                unit_tag=UnitTag.PRIVATE_PHILIPS,
            ),
            "t1c": SeriesStyle("T1W_SE Gd", _PHILIPS, stored_step=0.25),
            "cbv": SeriesStyle(
                "CBV map",
                ("DERIVED", "SECONDARY", "PERFUSION", "CBV"),
                stored_step=0.012,
                unit="ml/100ml",
                unit_factor=TISSUE_DENSITY_G_PER_ML,
                unit_tag=UnitTag.RESCALE_TYPE,
            ),
        },
    ),
}


def file_name(vendor: Vendor, series_number: int, style: SeriesStyle, place: int) -> PurePosixPath:
    """Where the maker's export puts a file; `place` counts from 1 through the series."""
    if vendor is Vendor.SIEMENS:
        plain = "".join(sign if sign.isalnum() else "_" for sign in style.description).upper()
        return (
            PurePosixPath(f"{plain}_{series_number:04d}") / f"PHANTOM.MR.{series_number:04d}.{place:04d}.IMA"
        )
    if vendor is Vendor.GE:
        return PurePosixPath(f"s{series_number:05d}") / f"i{place:07d}.MRDCM.{place}"
    return PurePosixPath("DICOM") / f"IM_{series_number:02d}{place:04d}"
