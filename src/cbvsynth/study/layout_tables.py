"""How known studies name their files: one table of regular expressions per layout.

A pattern is matched against the whole path below the data root, POSIX style. Its groups `subject`
and `session` say whose file it is. Of several rules for one role the first that finds a file wins.

Source: notes on the public collections of TCIA (UPENN-GBM, UCSD-PTGBM, Brain-Tumor-Progression,
UCSF-PDGM), the BraTS 2023 naming, BIDS 1.10 with the ADC suffix of pull request 1725, and the folder
names that the paper's authors describe with their code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cbvsynth.domain.examination import (
    ENHANCING_LABEL,
    LEGACY_ENHANCING_LABEL,
    UNSTATED_ENHANCING_LABEL,
)
from cbvsynth.domain.options import Layout
from cbvsynth.domain.sequences import TargetUnit


@dataclass(frozen=True)
class Rule:
    """Files of one role.

    quantity: what a CBV map measures where a study may hold several kinds; kinds never mix.
    scale: factor from stored voxels to the role's quantity.
    enhancing_label: number of enhancing tumour in a segmentation, where it differs from the layout's.
    place: of images that a study keeps twice, in different places; those of one examination share one.
    """

    role: str
    pattern: re.Pattern[str]
    quantity: str = ""
    scale: float = 1.0
    enhancing_label: int = UNSTATED_ENHANCING_LABEL
    place: str = ""


@dataclass(frozen=True)
class Refusal:
    """Files that look like an input and are not; people are told why."""

    pattern: re.Pattern[str]
    reason: str


@dataclass(frozen=True)
class LayoutTable:
    """Everything that is specific to one layout.

    target_unit: unit of its CBV maps, unless `unit_from_sidecar` finds another.
    joiner: sign between subject and session in an exam_id.
    pseudonymous: folder names may be patients' names, so that identifiers are keyed hashes.
    enhancing_label: number of enhancing tumour in its segmentations; 0 where the layout does not fix it.
    """

    layout: Layout
    title: str
    example: str
    target_unit: TargetUnit
    rules: tuple[Rule, ...]
    refusals: tuple[Refusal, ...] = ()
    unit_from_sidecar: bool = False
    joiner: str = "_"
    pseudonymous: bool = False
    enhancing_label: int = UNSTATED_ENHANCING_LABEL


_NII = r"(?i:\.nii(?:\.gz)?)"
_ANYWHERE = r"(?:.*/)?"


def _rules(prefix: str, names: dict[str, tuple[str, ...]]) -> tuple[Rule, ...]:
    """A rule per role and file name, all behind the same prefix."""
    return tuple(
        Rule(role, re.compile(prefix + name + _NII), name if role == "cbv" else "")
        for role, candidates in names.items()
        for name in candidates
    )


# A file repeats the entities of its folders; others, as acq-, run- and space-, may follow, but not ce-, desc-
# and label-, which make it another kind of image. A derivative may lie one folder deeper than BIDS has it.
_BIDS_ENTITY = r"(?P<subject>sub-[A-Za-z0-9]+)/(?:(?P<session>ses-[A-Za-z0-9]+)/)?"
_BIDS_STEM = r"(?P=subject)(?:_(?P=session))?"
_BIDS_OTHER = r"(?:_(?!(?:ce|desc|label)-)[A-Za-z0-9]+-[A-Za-z0-9+]+)*"
# Every generic name of a gadolinium agent begins with gad-; the rest are trade names.
_BIDS_CE = (
    r"_ce-(?i:gad[a-z]*|gd[a-z]*|dotarem|clariscan|magnevist|multihance|prohance|omniscan|ablavar|optimark|"
    r"elucirem|vueway|primovist|eovist|contrast|post[a-z]*)"
)
_BIDS_DERIVATIVE = r"derivatives/[^/]+/(?:[^/]+/)??"


def _bids(folder: str, tail: str, *, where: str = "") -> re.Pattern[str]:
    return re.compile(where + _BIDS_ENTITY + folder + "/" + _BIDS_STEM + _BIDS_OTHER + tail + _NII)


_DESC = r"(?:_desc-[A-Za-z0-9]+)?"
_ANATOMY = r"(?:anat|perf|dwi)"

BIDS = LayoutTable(
    layout=Layout.BIDS,
    title="BIDS",
    example="sub-012/ses-1/anat/sub-012_ses-1_T1w.nii.gz",
    target_unit=TargetUnit.RELATIVE,
    unit_from_sidecar=True,
    rules=(
        Rule("t1", _bids("anat", "_T1w")),
        Rule("t2", _bids("anat", "_T2w")),
        Rule("t1c", _bids("anat", _BIDS_CE + _BIDS_OTHER + "_T1w")),
        Rule("flair", _bids("anat", "_FLAIR")),
        *(
            Rule(role, _bids("anat", ce + "_desc-preproc_" + suffix, where=_BIDS_DERIVATIVE))
            for role, ce, suffix in (
                ("t1", "", "T1w"),
                ("t2", "", "T2w"),
                ("t1c", _BIDS_CE + _BIDS_OTHER, "T1w"),
                ("flair", "", "FLAIR"),
            )
        ),
        Rule("adc", _bids("dwi", "_ADC")),
        Rule("adc", _bids("dwi", "_acq-(?i:adc)" + _BIDS_OTHER + "_dwi")),
        Rule("adc", _bids("dwi", _DESC + "_ADC", where=_BIDS_DERIVATIVE)),
        Rule("asl", _bids("perf", "_(?:cbf|CBF)")),
        Rule("asl", _bids("perf", _DESC + "_(?:cbf|CBF)", where=_BIDS_DERIVATIVE)),
        Rule("asl", _bids("perf", "_desc-(?i:cbf)_asl", where=_BIDS_DERIVATIVE)),
        Rule("cbv", _bids("perf", "_(?:cbv|CBV)"), "CBV"),
        Rule("cbv", _bids("perf", _DESC + "_(?:cbv|CBV)", where=_BIDS_DERIVATIVE), "CBV"),
        Rule("cbv", _bids("perf", "_rCBV"), "rCBV"),
        Rule("cbv", _bids("perf", _DESC + "_rCBV", where=_BIDS_DERIVATIVE), "rCBV"),
        Rule("mask", _bids(_ANATOMY, "_desc-brain_mask", where=_BIDS_DERIVATIVE)),
        Rule("seg", _bids(_ANATOMY, "_desc-(?i:lesion|tumou?r)_dseg", where=_BIDS_DERIVATIVE)),
        Rule(
            "seg",
            _bids(
                _ANATOMY,
                "(?:_label|_desc)-(?i:lesion|tumou?r)(?:_desc-[A-Za-z0-9]+)?_mask",
                where=_BIDS_DERIVATIVE,
            ),
        ),
        Rule("seg", _bids(_ANATOMY, "_dseg", where=_BIDS_DERIVATIVE)),
    ),
    refusals=(
        Refusal(
            re.compile(r"(?:.*/)?func/[^/]+_cbv" + _NII),
            "func/*_cbv is a blood-volume-weighted fMRI series in BIDS, not a perfusion map; "
            "a CBV map belongs in perf/",
        ),
        Refusal(
            re.compile(r"sub-.*/perf/[^/]*_asl" + _NII),
            "perf/*_asl is the series of label and control images; a map of CBF computed from it, in "
            "mL/100g/min, belongs in derivatives as perf/*_cbf",
        ),
        Refusal(
            re.compile(r"sub-.*/anat/[^/]*_ce-[^/]*_T1w" + _NII),
            "an unknown contrast agent; a T1w with gadolinium is named ce-gadolinium or by its agent",
        ),
    ),
)

_UPENN = r"(?P<subject>UPENN-GBM-\d{5})_(?P<session>\d{2})"
# As downloaded, or with all files of a patient in one folder; no name is used twice in the collection.
_UPENN_FILE = _ANYWHERE + _UPENN + "_"
UPENN_GBM = LayoutTable(
    layout=Layout.UPENN_GBM,
    title="UPENN-GBM (TCIA)",
    example="images_structural/UPENN-GBM-00001_11/UPENN-GBM-00001_11_T1.nii.gz",
    target_unit=TargetUnit.RELATIVE,
    enhancing_label=LEGACY_ENHANCING_LABEL,
    rules=(
        *_rules(_UPENN_FILE, {"t1": ("T1",), "t2": ("T2",), "t1c": ("T1GD",), "flair": ("FLAIR",)}),
        Rule(
            "adc",
            re.compile(_UPENN_FILE + "DTI_TR" + _NII),
            scale=1.0 / 3.0,  # TR is the trace, the sum of three diffusivities; ADC is their mean
        ),
        *_rules(_UPENN_FILE, {"cbv": ("DSC_ap-rCBV",), "seg": ("segm", "automated_approx_segm")}),
    ),
)

UCSD_PTGBM = LayoutTable(
    layout=Layout.UCSD_PTGBM,
    title="UCSD-PTGBM (TCIA)",
    example="UCSD-PTGBM-0002_01/UCSD-PTGBM-0002_01_T1pre.nii.gz",
    target_unit=TargetUnit.RELATIVE,
    enhancing_label=ENHANCING_LABEL,
    rules=_rules(
        _ANYWHERE + r"(?P<subject>UCSD-PTGBM-\d{4})_(?P<session>\d{2})_",
        {
            "t1": ("T1pre",),
            "t2": ("T2",),
            "t1c": ("T1post",),
            "flair": ("FLAIR",),
            "adc": ("ADC_vendor",),
            "cbv": ("CBV_LC",),
            "seg": ("BraTS_tumor_seg",),
        },
    ),
)

BRAIN_TUMOR_PROGRESSION = LayoutTable(
    layout=Layout.BRAIN_TUMOR_PROGRESSION,
    title="Brain-Tumor-Progression (TCIA), after dcm2niix -f %d",
    example="PGBM-001/1991-04-02/T1prereg.nii.gz",
    target_unit=TargetUnit.RELATIVE,
    rules=_rules(
        _ANYWHERE + r"(?P<subject>PGBM-\d{3})/(?P<session>[^/]+)/(?:[^/]+/)?",
        {
            "t1": ("T1prereg",),
            "t2": ("T2reg",),
            "t1c": ("T1post",),
            "flair": ("FLAIRreg",),
            "adc": ("ADCreg",),
            "cbv": ("nRCBVreg", "sRCBVreg"),
            "seg": ("MaskTumor",),
        },
    ),
)

UCSF_PDGM = LayoutTable(
    layout=Layout.UCSF_PDGM,
    title="UCSF-PDGM (TCIA)",
    example="UCSF-PDGM-0004_nifti/UCSF-PDGM-0004_T1_bias.nii.gz",
    target_unit=TargetUnit.RELATIVE,
    enhancing_label=LEGACY_ENHANCING_LABEL,
    rules=_rules(
        _ANYWHERE + r"(?P<subject>UCSF-PDGM-\d{3,4})(?:_(?P<session>FU\d+d))?_",
        {
            "t1": ("T1_bias",),
            "t2": ("T2_bias",),
            "t1c": ("T1c_bias",),
            "flair": ("FLAIR_bias",),
            "adc": ("ADC",),
            "seg": ("tumor_segmentation",),
        },
    ),
)

# As Brats17_CBICA_AAB_1, BraTS19_2013_0_1, BraTS20_Training_001 and BraTS2021_00000.
_BRATS_UNTIL_2022 = _ANYWHERE + r"(?P<subject>(?i:brats)(?:17|18|19|20|2021)_[A-Za-z0-9_]+?)_"
BRATS = LayoutTable(
    layout=Layout.BRATS,
    title="BraTS",
    example="BraTS-GLI-00000-000/BraTS-GLI-00000-000-t1n.nii.gz",
    target_unit=TargetUnit.RELATIVE,
    joiner="-",
    enhancing_label=ENHANCING_LABEL,
    rules=(
        *_rules(
            _ANYWHERE + r"(?P<subject>BraTS-[A-Za-z]+-\d{5})-(?P<session>\d{3})-",
            {"t1": ("t1n",), "t2": ("t2w",), "t1c": ("t1c",), "flair": ("t2f",), "seg": ("seg",)},
        ),
        *_rules(
            _BRATS_UNTIL_2022,
            {"t1": ("t1",), "t2": ("t2",), "t1c": ("t1ce",), "flair": ("flair",)},
        ),
        Rule(
            "seg",
            re.compile(_BRATS_UNTIL_2022 + "seg" + _NII),
            enhancing_label=LEGACY_ENHANCING_LABEL,
        ),
    ),
)

# Their own examples; channels and labels of a real one are read from its dataset.json (see `nnunet`).
NNUNET = LayoutTable(
    layout=Layout.NNUNET,
    title="nnU-Net",
    example="Dataset137_Glioma/imagesTr/case_001_0000.nii.gz",
    target_unit=TargetUnit.RELATIVE,
    rules=(),
)

_MU = r"(?P<subject>PatientID_\d{4})_(?P<session>Timepoint_\d+)_"
MU_GLIOMA_POST = LayoutTable(
    layout=Layout.MU_GLIOMA_POST,
    title="MU-Glioma-Post (TCIA)",
    example="PatientID_0003/Timepoint_1/PatientID_0003_Timepoint_1_brain_t1n.nii.gz",
    target_unit=TargetUnit.RELATIVE,
    enhancing_label=ENHANCING_LABEL,
    rules=_rules(
        _ANYWHERE + _MU,
        {
            "t1": ("brain_t1n",),
            "t2": ("brain_t2w",),
            "t1c": ("brain_t1c",),
            "flair": ("brain_t2f",),
            "seg": ("tumorMask",),
        },
    ),
)

RHUH_GBM = LayoutTable(
    layout=Layout.RHUH_GBM,
    title="RHUH-GBM (TCIA)",
    example="RHUH-0001/0/RHUH-0001_0_t1.nii.gz",
    target_unit=TargetUnit.RELATIVE,
    rules=_rules(
        _ANYWHERE + r"(?P<subject>RHUH-\d{4})_(?P<session>\d)_",
        {
            "t1": ("t1",),
            "t2": ("t2",),
            "t1c": ("t1ce",),
            "flair": ("flair",),
            "adc": ("adc",),
            "seg": ("segmentations",),
        },
    ),
)

_LUMIERE = _ANYWHERE + r"(?P<subject>Patient-\d{3})/(?P<session>week-\d{3}(?:-\d+)?)/"
_LUMIERE_ATLAS = _LUMIERE + "DeepBraTumIA-segmentation/atlas/"
LUMIERE = LayoutTable(
    layout=Layout.LUMIERE,
    title="LUMIERE",
    example="Imaging/Patient-001/week-000-1/CT1.nii.gz",
    target_unit=TargetUnit.RELATIVE,
    rules=(
        # Skull-stripped in an atlas, where the segmentation is; as scanned where that is missing.
        *(
            Rule(role, re.compile(f"{_LUMIERE_ATLAS}skull_strip/{name}_skull_strip{_NII}"), place="atlas")
            for role, name in (("t1", "t1"), ("t2", "t2"), ("t1c", "ct1"), ("flair", "flair"))
        ),
        Rule("seg", re.compile(f"{_LUMIERE_ATLAS}segmentation/seg_mask{_NII}"), place="atlas"),
        *_rules(_LUMIERE, {"t1": ("T1",), "t2": ("T2",), "t1c": ("CT1",), "flair": ("FLAIR",)}),
    ),
    refusals=(
        Refusal(
            re.compile(_LUMIERE + "HD-GLIO-AUTO-segmentation/.*"),
            "labels of HD-GLIO are 1 for everything but enhancing tumour and 2 for that, unlike those here",
        ),
    ),
)

MOTUM = LayoutTable(
    layout=Layout.MOTUM,
    title="MOTUM",
    example="001-Glioma-AYEY/t1.nii.gz",
    target_unit=TargetUnit.RELATIVE,
    rules=_rules(
        _ANYWHERE + r"(?P<subject>\d{3}-[A-Za-z]+-[A-Z]{4})/",
        {
            "t1": ("t1",),
            "t2": ("t2",),
            "t1c": ("t1ce",),
            "flair": ("flair",),
            "seg": ("flair_seg_label1", "t1ce_seg_label2"),
        },
    ),
)

AUTHORS = LayoutTable(
    layout=Layout.AUTHORS,
    title="the paper's authors' folders",
    example="<patient>/<date>/T1WI.nii.gz",
    target_unit=TargetUnit.ML_PER_100G,
    pseudonymous=True,
    rules=_rules(
        r"(?P<subject>[^/]+)/(?P<session>[^/]+)/",
        {
            "t1": ("T1WI",),
            "t2": ("T2WI",),
            "t1c": ("T1WI_C", r"T1WI\+C", "T1_C"),
            "flair": ("T2_FLAIR", "T2WI_FLAIR"),
            "adc": ("ADC",),
            "cbv": ("CBV",),
            "mask": ("bmT1WI",),
        },
    ),
)

TABLES = {
    table.layout: table
    for table in (
        *(BIDS, UPENN_GBM, UCSD_PTGBM, BRAIN_TUMOR_PROGRESSION, UCSF_PDGM, BRATS, NNUNET),
        *(MU_GLIOMA_POST, RHUH_GBM, LUMIERE, MOTUM, AUTHORS),
    )
}
"""Every layout of NIfTI files but AUTO."""


def is_pseudonymous(layout: Layout) -> bool:
    """Whether a layout's paths may hold patients' names; those of images converted from DICOM do not."""
    return layout in TABLES and TABLES[layout].pseudonymous
