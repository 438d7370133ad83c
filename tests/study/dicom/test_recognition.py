"""Each series is what its tags say together, with the reason; a contradiction is never settled by guess."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from cbvsynth.study.dicom.recognition import recognise, timing_weight
from cbvsynth.study.dicom.series import Series
from cbvsynth.study.dicom.tags import Identity, Tags

NOBODY = Identity("", "", "", "", "")
SE = {"modality": "MR", "scanning": ("SE", "SK"), "image_type": ("ORIGINAL", "PRIMARY", "M")}
T1_TIMING = {"tr_ms": 500.0, "te_ms": 9.0}
T2_TIMING = {"tr_ms": 4500.0, "te_ms": 95.0}
FLAIR_TIMING = {"tr_ms": 9000.0, "te_ms": 120.0, "ti_ms": 2500.0}
MPRAGE = {"tr_ms": 2300.0, "te_ms": 2.3, "ti_ms": 900.0, "flip_degrees": 8.0, "scanning": ("GR", "IR")}


def series(volumes: int = 1, b_values: tuple[float, ...] = (), **tags: Any) -> Series:
    return Series(
        number=3,
        identity=NOBODY,
        tags=Tags(**{**SE, **tags}),
        files=(),
        sop_uids=("1",),
        frame_of_reference="",
        seconds=math.nan,
        volumes=volumes,
        b_values=b_values,
    )


@pytest.mark.parametrize(
    ("tags", "role", "contrast"),
    [
        ({"description": "ax t1 se", **T1_TIMING}, "t1", ""),
        ({"description": "ax t1 se +c", **T1_TIMING}, "t1", "after"),
        ({"description": "t1 mprage pre", **MPRAGE}, "t1", "before"),
        ({"description": "ax t2 tse", **T2_TIMING}, "t2", ""),
        ({"description": "ax flair", **FLAIR_TIMING}, "flair", ""),
        # Names that say nothing: the timing alone.
        ({"description": "study 1", **T1_TIMING}, "t1", ""),
        ({"description": "", **T2_TIMING}, "t2", ""),
        ({"description": "", **FLAIR_TIMING}, "flair", ""),
        ({"description": "", **MPRAGE}, "t1", ""),
        # Timing that says nothing: the name alone.
        ({"description": "t1 flair", "tr_ms": 2500.0, "te_ms": 12.0, "ti_ms": math.nan}, "t1", ""),
        ({"description": "ax t2"}, "t2", ""),
        # A protocol where the description is empty; a FLAIR whose inversion time is not stated.
        ({"protocol": "t2 tse tra", **T2_TIMING}, "t2", ""),
        ({"description": "ax flair", "tr_ms": 9000.0, "te_ms": 120.0}, "flair", ""),
        # GE's T1 FLAIR is a T1, by name and by inversion time.
        ({"description": "ax t1 flair", "tr_ms": 2500.0, "te_ms": 12.0, "ti_ms": 900.0}, "t1", ""),
        # The agent's tag.
        ({"description": "ax t1 se", "agent": "gadovist", **T1_TIMING}, "t1", "after"),
        ({"description": "ax t1 se", "agent": "none", **T1_TIMING}, "t1", ""),
        # Maps.
        ({"description": "x", "image_type": ("DERIVED", "PRIMARY", "DIFFUSION", "ADC")}, "adc", ""),
        ({"description": "adc (10 6 mm2 s)"}, "adc", ""),
        ({"description": "x", "image_type": ("DERIVED", "SECONDARY", "PERFUSION", "RELCBV")}, "cbv", ""),
        ({"description": "rcbv"}, "cbv", ""),
        ({"description": "asl cbf"}, "asl", ""),
        ({"description": "3d asl (transit corrected) cerebral blood flow"}, "asl", ""),
        ({"description": "pcasl", "image_type": ("DERIVED", "PRIMARY", "ASL", "CBF")}, "asl", ""),
    ],
)
def test_a_needed_series_is_recognised(tags: dict[str, Any], role: str, contrast: str) -> None:
    found = recognise(series(**tags))
    assert (found.role, found.contrast) == (role, contrast), found.reason


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"modality": "CT"}, "modality CT"),
        ({"modality": "MUELLER"}, "modality other"),
        ({"samples": 3}, "a colour picture"),
        ({"sop_class": "1.2.840.10008.5.1.4.1.1.7"}, "picture of a screen"),
        ({"body_part": "LSPINE"}, "another part of the body"),
        ({"image_type": ("ORIGINAL", "PRIMARY", "LOCALIZER")}, "a scout"),
        ({"image_type": ("DERIVED", "SECONDARY", "MIP")}, "a projection"),
        ({"image_type": ("DERIVED", "PRIMARY", "PROJECTION IMAGE")}, "a projection"),
        ({"image_type": ("DERIVED", "SECONDARY", "MPR"), "description": "t1"}, "a reformat"),
        ({"image_type": ("DERIVED", "SECONDARY", "SUBTRACTION")}, "a subtraction"),
        ({"image_type": ("ORIGINAL", "PRIMARY", "P", "ND"), "description": "t1"}, "a phase image"),
        ({"component": "IMAGINARY", "description": "t1"}, "imaginary image"),
        ({"image_type": ("DERIVED", "PRIMARY", "DIFFUSION", "FA")}, "no ADC map"),
        ({"description": "eadc"}, "exponential ADC"),
        ({"description": "relcbf"}, "not of CBV"),
        ({"description": "dsc cbf"}, "not of CBV"),
        ({"description": "3d asl"}, "an arterial spin labelling series"),
        ({"description": "ep2d diff", "b_values": (0.0, 1000.0)}, "a diffusion series"),
        ({"description": "x", "b_values": (1000.0,)}, "a diffusion series"),
        ({"description": "ep2d perf", "volumes": 60}, "a perfusion series"),
        ({"description": "x", "volumes": 60, "scanning": ("EP", "GR")}, "60 images of each slice"),
        ({"description": "x", "scanning": ("EP",)}, "echo-planar"),
        ({"description": "ax t2 star", "tr_ms": 600.0, "te_ms": 20.0, "scanning": ("GR",)}, "T2*"),
        ({"description": "x", "tr_ms": 600.0, "te_ms": 20.0, "scanning": ("GR",)}, "T2*"),
        ({"description": "ax pd", "tr_ms": 3000.0, "te_ms": 15.0}, "PD"),
        ({"description": "x", "tr_ms": 5000.0, "te_ms": 60.0, "ti_ms": 160.0}, "STIR"),
        ({"description": "ax t2", **T1_TIMING}, "description says T2, but its timing (TR 500, TE 9 ms) T1"),
        ({"description": "t1 t2", "tr_ms": 1800.0, "te_ms": 50.0}, "names T1 AND T2"),
        ({"description": "ax t1 pre and post", **T1_TIMING}, "both before and after"),
        ({"description": "series", "tr_ms": 1800.0, "te_ms": 50.0}, "nothing says what it is"),
        ({"description": "series"}, "timing (not stated) fits no sequence"),
    ],
)
def test_what_is_left_out_says_why(tags: dict[str, Any], reason: str) -> None:
    found = recognise(series(**tags))
    assert found.role == ""
    assert reason in found.reason


def test_dual_echo_is_told_apart_by_its_echo() -> None:
    assert recognise(series(description="pd+t2 tse", tr_ms=3500.0, te_ms=100.0)).role == "t2"
    assert recognise(series(description="pd+t2 tse", tr_ms=3500.0, te_ms=14.0)).role == ""


def test_a_series_that_says_before_is_before_though_the_scanner_knows_the_agent() -> None:
    """GE writes the agent into every series once it is entered."""
    found = recognise(series(description="ax t1 pre", agent="gadovist", **T1_TIMING))
    assert (found.role, found.contrast) == ("t1", "before")


@pytest.mark.parametrize(
    ("tags", "weight"),
    [
        ({"tr_ms": 1500.0, "te_ms": 40.0}, "t1"),
        ({"tr_ms": 1501.0, "te_ms": 40.0}, ""),
        ({"tr_ms": 1500.0, "te_ms": 41.0}, ""),
        ({"tr_ms": 2000.0, "te_ms": 60.0}, "t2"),
        ({"tr_ms": 1999.0, "te_ms": 60.0}, ""),
        ({"tr_ms": 9000.0, "te_ms": 60.0, "ti_ms": 1500.0}, "flair"),
        ({"tr_ms": 9000.0, "te_ms": 60.0, "ti_ms": 1499.0}, ""),
        ({"tr_ms": 30.0, "te_ms": 12.0, "flip_degrees": 20.0, "scanning": ("GR",)}, "t1"),
        ({"tr_ms": 30.0, "te_ms": 12.1, "flip_degrees": 20.0, "scanning": ("GR",)}, "t2*"),
        ({"tr_ms": 30.0, "te_ms": 4.0, "flip_degrees": 4.9, "scanning": ("GR",)}, ""),
        ({"te_ms": 9.0}, ""),
    ],
)
def test_timing_on_either_side_of_its_limits(tags: dict[str, Any], weight: str) -> None:
    assert timing_weight(dataclasses.replace(Tags(scanning=("SE",)), **tags)) == weight
