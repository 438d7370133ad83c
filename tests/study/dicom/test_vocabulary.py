"""Descriptions of series as they are written in hospitals, and the words of our own that are made of them."""

from __future__ import annotations

import pytest

from cbvsynth.study.dicom.elements import plain_words
from cbvsynth.study.dicom.vocabulary import (
    contrast,
    has_agent,
    is_diffusion,
    is_perfusion,
    known_words,
    left_out,
    parametric_map,
    weights,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t1_mprage_sag_p2_iso", ("t1",)),  # Siemens
        ("t1_se_tra", ("t1",)),
        ("Ax T1 FSE", ("t1",)),  # GE
        ("SAG FSPGR BRAVO", ("t1",)),
        ("sT1W_3D_TFE", ("t1",)),  # Philips
        ("T1W_SE", ("t1",)),
        ("SE15_T1_Ax", ("t1",)),  # Canon
        ("Ax T1 FLAIR", ("t1",)),
        ("t2_tse_tra_512", ("t2",)),
        ("Ax T2 FRFSE PROPELLER", ("t2",)),
        ("T2W_TSE", ("t2",)),
        ("FSE2D_T2_ax", ("t2",)),
        ("t2_space_dark-fluid_sag_p2_iso", ("flair",)),
        ("Ax T2 FLAIR FS", ("flair",)),
        ("3D_Brain_VIEW_FLAIR", ("flair",)),
        ("t2_tirm_tra_dark-fluid", ("flair",)),
        ("CUBE FLAIR", ("flair",)),
        ("t2*_gre", ("t2*",)),
        ("t2_fl2d_tra_hemo", ("t2*",)),
        ("Ax GRE", ("t2*",)),
        ("SWI_Images", ("t2*",)),
        ("pd+t2_tse_tra", ("t2", "pd")),
        ("3Plane", ()),
        ("series 5", ()),
    ],
)
def test_the_weighting_that_a_description_names(text: str, expected: tuple[str, ...]) -> None:
    assert weights(plain_words(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AX T1 +C", "after"),
        ("Ax T1 C+ FS", "after"),
        ("t1_mprage_sag_post", "after"),
        ("T1 POST GAD", "after"),
        ("T1W_SE_Gd", "after"),
        ("t1_se_tra_km", "after"),
        ("T1 3D CE", "after"),
        ("t1_fs_cor_mit KM", "after"),
        ("T1 postGd", "after"),
        ("T1 mdc", "after"),
        ("AX T1 PRE", "before"),
        ("Ax T1 W/O", "before"),
        ("t1 nativ", "before"),
        ("T1 ohne KM", "before"),
        ("T1 no contrast", "before"),
        ("T1 non-contrast", "before"),
        ("T1 without gad", "before"),
        ("precontrast T1", "before"),
        ("AX T1 PRE AND POST", "both"),
        ("T1 SE tra", ""),
        ("T1 post op", ""),
        ("T1 postop day 1", ""),
        ("T1 preop navigation", ""),
        ("T1 posterior fossa", ""),
        ("T1 pre-treatment", ""),
    ],
)
def test_what_a_description_says_of_contrast_agent(text: str, expected: str) -> None:
    assert contrast(plain_words(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("AX T1 PRE CONTRAST", "T1 pre Gd", "T1_MPRAGE_PRE-GAD", "T1w pre KM", "T1 pre CE", "T1 PRE INJ"),
        *("AX T1 SEM CONTRASTE", "T1 zonder contrast", "T1 utan kontrast", "T1 uden kontrast"),
        *(
            "T1 ei kontrastia",
            "T1 no inj",
            "T1 S/MDC",
            "T1 w/o KM",
            "T1 o. KM",
            "T1 kein KM",
            "T1 avant gado",
        ),
    ],
)
def test_an_agent_that_was_not_given_is_no_agent(text: str) -> None:
    """The agent's name after "pre" counted as "after", so that a sound T1 was refused as both; "without" of
    other languages was not known, so that it was taken as T1C without a word."""
    assert contrast(plain_words(text)) == "before"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("T1 PRE/POST GD", "both"), ("T1 pre Gd + post Gd", "both"), ("T1 PRE CHEMO +C", "after")),
        *(
            ("T1 POST GD W/O FS", "after"),
            ("T1 ohne FS", ""),
            ("T1 S GD", "after"),
            ("T1 COM CONTRASTE", "after"),
        ),
    ],
)
def test_what_was_left_away_but_is_no_agent_says_nothing(text: str, expected: str) -> None:
    """Without fat suppression, and before chemotherapy, counted as before contrast agent."""
    assert contrast(plain_words(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("none", False),
        ("NO", False),
        ("n/a", False),
        *((text, False) for text in ("ohne KM", "sem contraste", "w/o", "kein Kontrastmittel", "pre")),
        ("Gadovist 7 ml", True),
        ("contrast", True),
        ("dotarem", True),
    ],
)
def test_a_tag_of_agent_that_says_no_is_none(text: str, expected: bool) -> None:  # noqa: FBT001
    """Without agent, said in another language or with its name, counted as an agent."""
    assert has_agent(text.lower()) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localizer", "a scout"),
        ("3-plane loc", "a scout"),
        ("3-pl T2* FGRE S", "a scout"),
        ("AAHead_Scout_MPR_sag", "a scout"),
        ("SURVEY", "a scout"),
        ("ASSET calibration", "a calibration scan"),
        ("gre_field_mapping", "a calibration scan"),
        ("T1 MPRAGE MPR Tra", "a reformat of another series"),
        ("Cor T1 reformat", "a reformat of another series"),
        ("mIP_Images(SW)", "a projection"),
        ("T1_SUB", "a subtraction"),
        ("TOF_3D_multi-slab", "an angiogram"),
        ("Pha_Images", "a phase image"),
        ("ep2d_pcasl", "an arterial spin labelling series"),
        ("COR STIR", "STIR, which is none of the five sequences"),
        ("T1 SAG C-SPINE", "of another part of the body or of the head"),
        ("T1_vibe_dixon_F", "another image of a Dixon series than the water image"),
        ("T2 map", "a map of relaxation times"),
        ("t1_mprage_sag", ""),
        ("Ax FLAIR", ""),
        ("ep2d_diff_ADC", ""),
        ("relCBV", ""),
    ],
)
def test_what_is_none_of_the_images_is_named(text: str, expected: str) -> None:
    assert left_out(plain_words(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ep2d_diff_3scan_trace_ADC", "adc"),
        ("Apparent Diffusion Coefficient (mm2/s)", "adc"),
        ("dADC", "adc"),
        ("eADC", "eadc"),
        ("Exponential Apparent Diffusion Coefficient", "eadc"),
        ("relCBV", "rcbv"),
        ("rCBV corrected", "rcbv"),
        ("CBV", "cbv"),
        ("ep2d_perf_MTT", "other"),
        ("relCBF", "other"),
        ("TTP", "other"),
        ("t1 se", ""),
    ],
)
def test_maps_are_named_by_vendors_in_many_ways(text: str, expected: str) -> None:
    assert parametric_map(plain_words(text)) == expected


def test_raw_diffusion_and_perfusion_are_known() -> None:
    assert is_diffusion("ep2d diff b1000")
    assert is_perfusion("ep2d perf")
    assert not is_diffusion("t1 mprage")
    assert not is_perfusion("t2 tse")


def test_words_are_of_our_own_list_whatever_a_description_holds() -> None:
    words = known_words(plain_words("MUELLER t1_mprage_sag_4711 fs"), ("ORIGINAL", "PRIMARY", "M", "DIS2D"))
    assert words == ("mprage", "fatsat", "dis2d")
