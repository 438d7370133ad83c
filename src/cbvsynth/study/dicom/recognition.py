"""Which image a series is, by its tags, with the reason; or why it is none that is needed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cbvsynth.study.dicom import vocabulary
from cbvsynth.study.dicom.headers import OUR_MANUFACTURER
from cbvsynth.study.dicom.roles import ROLES_TABLE
from cbvsynth.study.dicom.series import Series, component_of
from cbvsynth.study.dicom.tags import Tags

# Timing of spin echoes and gradient echoes at 1 to 3 T, milliseconds. Usual values of clinical protocols; a
# timing outside all of them says nothing, and then the description alone decides.
LONGEST_T1_TE_MS = 40.0
LONGEST_T1_TR_MS = 1500.0
SHORTEST_T2_TE_MS = 60.0
SHORTEST_T2_TR_MS = 2000.0
FLAIR_TI_MS = (1500.0, 3500.0)
T1_TI_MS = (400.0, 1450.0)
STIR_TI_MS = (100.0, 300.0)
GRADIENT_T1_TE_MS = 12.0
SHORTEST_T1_FLIP_DEGREES = 5.0

_NOT_HEAD = frozenset(
    {
        "CSPINE",
        "TSPINE",
        "LSPINE",
        "SPINE",
        "NECK",
        "CHEST",
        "ABDOMEN",
        "PELVIS",
        "KNEE",
        "SHOULDER",
        "BREAST",
    }
)
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_PICTURES = frozenset({"SCREEN SAVE", "SECONDARY CAPTURE", "REPORT"})
_TYPES: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"LOCALIZER", "SCOUT"}), "a scout"),
    (frozenset({"MIP", "MINIP", "PROJECTION IMAGE", "MAX_IP", "MIN_IP", "PROJECTION"}), "a projection"),
    (
        frozenset({"MPR", "REFORMATTED", "RESAMPLED", "MPR_CURVED", "CSAPARALLEL", "CSAMPR"}),
        "a reformat of another series",
    ),
    (frozenset({"SUBTRACTION", "SUBTRACT", "SUB"}), "a subtraction"),
    (
        frozenset({"FAT", "IN_PHASE", "OUT_PHASE", "OPP_PHASE"}),
        "another image of a Dixon series than the water image",
    ),
    (
        frozenset({"FA", "TENSOR", "TRACEW", "TRACE", "COLFA", "EXP_ADC", "EADC", "EXPONENTIAL ADC"}),
        "a diffusion image, but no ADC map",
    ),
    (
        frozenset({"CBF", "MTT", "TTP", "RELCBF", "RCBF", "RELMTT", "TMAX", "PBP", "GBP", "K2"}),
        "a perfusion map, but not of CBV",
    ),
)
_CBV_TYPES = {"CBV": "cbv", "RCBV": "rcbv", "RELCBV": "rcbv", "REL_CBV": "rcbv", "CBV_CORR": "cbv"}


@dataclass(frozen=True)
class Finding:
    """What one series is by itself.

    role: t1 (before or after contrast agent), t2, flair, adc, asl or cbv; empty when it is left out.
    reason: why, in words that hold nothing of the tags' own text.
    contrast: before, after, stated (by a person) or empty where nothing says; for T1 only.
    weak: contrast is known from the agent's tag alone, which some scanners fill for the whole examination.
    """

    role: str
    reason: str
    contrast: str = ""
    weak: bool = False
    relative: bool = False
    perfusion: bool = False


def recognise(series: Series) -> Finding:
    """What a series is; its geometry is not judged here."""
    tags = series.tags
    reason = _no_image(tags)
    if not reason and vocabulary.is_labelled_flow(_named(tags), tags.image_type):
        return Finding("asl", "its name and its image type say CBF of arterial spin labelling")
    reason = reason or _by_type(tags) or vocabulary.left_out(_named(tags))
    if reason:
        return Finding("", reason)
    component = component_of(tags)
    if component:
        return Finding("", f"a {component} image")
    mapped = _map(tags)
    if mapped is not None:
        return mapped
    return _raw(series)


def _named(tags: Tags) -> str:
    """The text that names a series: its description, or else its protocol."""
    return tags.description or tags.protocol


def _no_image(tags: Tags) -> str:
    if tags.vendor == OUR_MANUFACTURER:
        return "a synthetic map of this software, no image of a scanner"
    if tags.modality != "MR":
        known = (
            tags.modality
            if tags.modality in {"CT", "PT", "US", "CR", "DX", "OT", "SC", "NM", "SR"}
            else "other"
        )
        return f"of modality {known}, not MR"
    if tags.samples != 1:
        return "a colour picture, whose values are no measurement"
    if tags.sop_class.startswith(_SECONDARY_CAPTURE) or _PICTURES & set(tags.image_type):
        return "a picture of a screen"
    if tags.body_part.replace(" ", "").replace("-", "") in _NOT_HEAD:
        return "of another part of the body"
    return ""


def _by_type(tags: Tags) -> str:
    return next((what for types, what in _TYPES if types & set(tags.image_type)), "")


def _map(tags: Tags) -> Finding | None:
    """A map of ADC or CBV by its image type or its name, or another one; None for an image."""
    types = set(tags.image_type)
    by_type = next((kind for name, kind in _CBV_TYPES.items() if name in types), "")
    name = vocabulary.parametric_map(_named(tags))
    said = "its image type (0008,0008) says" if by_type or "ADC" in types else "its description says"
    if name == "eadc":
        return Finding("", "an exponential ADC map, not ADC itself")
    if any(one == "ADC" or one.startswith("ADC_") for one in types) or name == "adc":
        return Finding("adc", f"{said} ADC")
    if by_type or name in ("cbv", "rcbv"):
        relative = "rcbv" in (by_type, name)
        return Finding("cbv", f"{said} {'relative ' if relative else ''}CBV", relative=relative)
    if name == "other":
        return Finding("", "a perfusion map, but not of CBV")
    return None


def _raw(series: Series) -> Finding:
    """An image by its weighting; diffusion and dynamic series are none."""
    tags, text = series.tags, _named(series.tags)
    if vocabulary.is_perfusion(text):
        return Finding("", "a perfusion series, not a map of it", perfusion=True)
    if vocabulary.is_diffusion(text) or any(value > 0 for value in series.b_values):
        return Finding("", "a diffusion series, not an ADC map")
    if series.volumes > 1:
        return Finding(
            "", f"{series.volumes} images of each slice: a dynamic series", perfusion="EP" in tags.scanning
        )
    if "EP" in tags.scanning:
        return Finding("", "an echo-planar series, not an image of the anatomy")
    return _weighted(tags, text)


def _weighted(tags: Tags, text: str) -> Finding:
    """A T1, T2 or FLAIR by its name and its timing, which must not contradict each other."""
    named = (
        vocabulary.weights(text)
        or vocabulary.weights(tags.protocol)
        or vocabulary.weights(tags.sequence_name)
    )
    timed = timing_weight(tags)
    if timed in named:
        named = (timed,)
    if named == ("flair",) and timed == "t2" and not tags.ti_ms > 0:
        timed = "flair"  # some scanners state no inversion time, and a FLAIR without it looks like a T2
    problem = _doubt(named, timed, _timing_text(tags))
    if problem:
        return Finding("", problem)
    weight = named[0] if named else timed
    by_timing = f"timing ({_timing_text(tags)})" if timed else ""
    both = " and its ".join(part for part in ("description" if named else "", by_timing) if part)
    reason = f"its {both} say{'' if named and timed else 's'} {weight.upper()}"
    return _t1(tags, text, reason) if weight == "t1" else Finding(weight, reason)


def _doubt(named: tuple[str, ...], timed: str, timing: str) -> str:
    """Why name and timing together are none of T1, T2 and FLAIR; empty where they are one."""
    ask = f"say what it is in {ROLES_TABLE}"
    if timed == "stir":
        return f"STIR by its timing ({timing}), which is none of the five sequences"
    if len(named) > 1:
        return (
            f"its description names {' AND '.join(named).upper()}, and its timing ({timing}) neither; {ask}"
        )
    if named and timed and named[0] != timed:
        return f"its description says {named[0].upper()}, but its timing ({timing}) {timed.upper()}; {ask}"
    if not named and not timed:
        found = f"no known word in its description, and its timing ({timing}) fits no sequence"
        return f"nothing says what it is: {found}"
    weight = named[0] if named else timed
    return f"{weight.upper()}, which is none of the five sequences" if weight in ("t2*", "pd") else ""


def _t1(tags: Tags, text: str, reason: str) -> Finding:
    said = vocabulary.contrast(text)
    if said == "both":
        return Finding(
            "", f"its description says both before and after contrast agent; say what it is in {ROLES_TABLE}"
        )
    if said:
        # Also where the tags name an agent: GE writes it into every series once it is entered.
        return Finding("t1", f"{reason}, and {said} contrast agent", said)
    if vocabulary.has_agent(tags.agent):
        return Finding("t1", f"{reason}, and its tags name a contrast agent", "after", weak=True)
    return Finding("t1", reason)


def timing_weight(tags: Tags) -> str:
    """Weighting by echo, repetition and inversion time: t1, t2, flair, t2*, stir; empty when in doubt."""
    tr, te, ti = tags.tr_ms, tags.te_ms, tags.ti_ms
    if not math.isfinite(te) or not math.isfinite(tr):
        return ""
    inverted = math.isfinite(ti) and ti > 0
    if inverted and STIR_TI_MS[0] <= ti <= STIR_TI_MS[1] and tr >= SHORTEST_T2_TR_MS:
        return "stir"
    if "GR" in tags.scanning and "SE" not in tags.scanning:
        return _gradient_weight(tags, inverted=inverted)
    # A short echo at a long repetition is proton density, or a T1 whose inversion time is not stated.
    fits = {
        "flair": inverted and FLAIR_TI_MS[0] <= ti <= FLAIR_TI_MS[1] and te >= SHORTEST_T2_TE_MS,
        "t1": te <= LONGEST_T1_TE_MS
        and (T1_TI_MS[0] <= ti <= T1_TI_MS[1] if inverted else tr <= LONGEST_T1_TR_MS),
        "t2": not inverted and te >= SHORTEST_T2_TE_MS and tr >= SHORTEST_T2_TR_MS,
    }
    return next((weight for weight, fit in fits.items() if fit), "")


def _gradient_weight(tags: Tags, *, inverted: bool) -> str:
    if tags.te_ms > GRADIENT_T1_TE_MS:
        return "t2*"
    if inverted and T1_TI_MS[0] <= tags.ti_ms <= T1_TI_MS[1]:
        return "t1"
    if not inverted and tags.flip_degrees >= SHORTEST_T1_FLIP_DEGREES and tags.te_ms <= GRADIENT_T1_TE_MS:
        return "t1"
    return ""


def _timing_text(tags: Tags) -> str:
    """As in TR 500, TE 9 ms."""
    known = [
        f"{name} {value:.4g}"
        for name, value in (("TR", tags.tr_ms), ("TE", tags.te_ms), ("TI", tags.ti_ms))
        if math.isfinite(value) and value > 0
    ]
    return ", ".join(known) + " ms" if known else "not stated"
