"""One series a role: contrast by words, agent and time; ties are asked about with words that settle them."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from cbvsynth.study.dicom.choice import choose_series, words_of
from cbvsynth.study.dicom.series import Series
from tests.study.dicom.test_recognition import MPRAGE, T1_TIMING, T2_TIMING, series

CORNERS = np.zeros((4, 3))


def one(number: int, minute: float = math.nan, plane: str = "ax", problem: str = "", **tags: Any) -> Series:
    made = series(**tags)
    return dataclasses.replace(
        made,
        number=number,
        seconds=minute * 60,
        corners_mm=CORNERS,
        shape=(16, 20, 8),
        spacing_mm=(1.0, 1.0, 4.0),
        plane=plane,
        problem=problem,
        sop_uids=(str(number),),
    )


def t1(number: int, minute: float = math.nan, description: str = "ax t1 se", **more: Any) -> Series:
    return one(number, minute, description=description, **{**T1_TIMING, **more})


def taken(choice: Any) -> dict[str, int]:
    return {role: chosen.series.number for role, chosen in choice.chosen.items()}


def reasons(choice: Any) -> str:
    return "\n".join(f"{what}: {why}" for what, why in choice.left_out)


def test_words_tell_before_from_after() -> None:
    assert taken(choose_series([t1(2), t1(5, description="ax t1 +c")])) == {"t1": 2, "t1c": 5}


def test_the_agents_tag_does() -> None:
    assert taken(choose_series([t1(2, 1), t1(5, 9, agent="gadovist")])) == {"t1": 2, "t1c": 5}


def test_time_against_the_perfusion_series_does() -> None:
    perfusion = dataclasses.replace(one(4, 5, description="ep2d perf", scanning=("EP",)), volumes=60)
    choice = choose_series([t1(2, 1), perfusion, t1(6, 9)])
    assert taken(choice) == {"t1": 2, "t1c": 6}
    assert "acquired after a series with contrast agent" in choice.chosen["t1c"].reason
    assert "acquired before contrast agent" in choice.chosen["t1"].reason


def test_nothing_about_contrast_in_the_examination_makes_a_t1_and_says_so() -> None:
    choice = choose_series([t1(2, 1)])
    assert taken(choice) == {"t1": 2}
    assert "nothing in the examination says that contrast agent was given" in choice.chosen["t1"].reason


def test_an_agent_that_the_scanner_wrote_into_every_series_settles_nothing() -> None:
    perfusion = dataclasses.replace(one(4, 5, description="ep2d perf", scanning=("EP",)), volumes=60)
    choice = choose_series([t1(2, 1, agent="gadovist"), perfusion, t1(6, 9, agent="gadovist")])
    assert taken(choice) == {"t1c": 6}
    assert "series 2: T1 whose tags name a contrast agent, but acquired before" in reasons(choice)


def test_a_series_called_before_but_acquired_after_is_doubted() -> None:
    choice = choose_series([t1(2, 1, description="t1 +c"), t1(6, 9, description="t1 pre")])
    assert taken(choice) == {"t1c": 2}
    assert "series 6: T1, called before contrast agent, but acquired after a series with it" in reasons(
        choice
    )


def test_a_tie_takes_none_and_names_the_candidates_and_words() -> None:
    candidates = [
        t1(5, 9, description="ax t1 +c"),
        one(6, 10, "sag", description="t1 mprage +c", acquisition_type="3D", **MPRAGE),
    ]
    choice = choose_series([t1(2, 1), *candidates])
    assert taken(choice) == {"t1": 2}
    assert "T1C: series 5 (ax, 1 x 1 x 4 mm, 8 slices) and series 6 (sag, 3d, mprage" in reasons(choice)
    assert "--prefer 3d or ax or mprage or sag or series-5 or series-6" in reasons(choice)


@pytest.mark.parametrize(
    ("prefer", "number"), [(("3d",), 6), (("ax",), 5), (("series-6",), 6), (("unknown", "mprage"), 6)]
)
def test_a_preference_settles_it(prefer: tuple[str, ...], number: int) -> None:
    candidates = [
        t1(5, 9, description="ax t1 +c"),
        one(6, 10, "sag", description="t1 mprage +c", acquisition_type="3D", **MPRAGE),
    ]
    choice = choose_series(candidates, prefer)
    assert taken(choice) == {"t1c": number}
    assert "is preferred" in reasons(choice)


def test_original_images_come_before_derived_ones() -> None:
    derived = one(9, 2, description="ax t2", **{**T2_TIMING, "image_type": ("DERIVED", "SECONDARY", "OTHER")})
    choice = choose_series([one(3, 2, description="ax t2", **T2_TIMING), derived])
    assert taken(choice) == {"t2": 3}
    assert "series 9: another T2: original images come before derived ones" in reasons(choice)


def test_a_series_whose_slices_are_no_volume_is_no_candidate() -> None:
    choice = choose_series([one(3, description="ax t2", problem="about 2 slices are missing", **T2_TIMING)])
    assert taken(choice) == {}
    assert "series 3: T2, but about 2 slices are missing" in reasons(choice)


def test_another_frame_of_reference_is_warned_of() -> None:
    moved = dataclasses.replace(one(3, description="ax t2", **T2_TIMING), frame_of_reference="2")
    choice = choose_series([dataclasses.replace(t1(2), frame_of_reference="1"), moved])
    assert "different frames of reference" in choice.warnings[0]
    assert choose_series([dataclasses.replace(t1(2), frame_of_reference="1")]).warnings == ()


def test_words_are_numbers_and_our_own() -> None:
    assert words_of(t1(7, description="t1 mprage hannelore", acquisition_type="3D")) == (
        "ax",
        "3d",
        "mprage",
        "series-7",
    )
