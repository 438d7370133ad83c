"""The words of the study: dataset description, README, sidecars, column descriptions."""

from __future__ import annotations

from cbvsynth.domain.options import Entry, FileFormat, Switch
from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom.signals import (
    B_VALUE_S_PER_MM2,
    FLAIR_PROTOCOL,
    T1_PROTOCOL,
    T2_PROTOCOL,
    Protocol,
)

_BIDSIGNORE = "**/perf/*_cbv.nii\ncbv.json\ncode/phantom.json\n"
_BIDSIGNORE_ASL = "**/perf/*_cbf.nii\ncbf.json\n"

README = """Digital brain-tumour phantom
============================

Everything in this data set is SYNTHETIC. No person was examined. It was computed by cbvsynth from the
ICBM152 template, a table of tissue properties and signal equations, and stands in for patient data
until you bring your own. It is good for trying and testing the pipeline; results on it say nothing
about patients.

Each examination holds T1w, T2w, FLAIR and contrast-enhanced T1w (anat), ADC in 1e-6 mm2/s (dwi) and
CBV in mL/100g (perf); derivatives hold the brain mask and the lesion: 1 necrosis, 2 oedema, 3 solid.

A few examinations hold a planted fault, to be found by the checks. Which and what is told by
code/planted_faults.tsv, which no check reads.
"""

_ASL_README = """
A map of cerebral blood flow by arterial spin labelling is there, too, in mL/100g/min (perf).
"""

_RAW_README = """Digital brain-tumour phantom, as a scanner gives it
==================================================

Everything in this data set is SYNTHETIC. No person was examined. It was computed by cbvsynth from the
ICBM152 template, a table of tissue properties and signal equations, and stands in for patient data
until you bring your own. Results on it say nothing about patients.

Each examination holds T1, T2, FLAIR, contrast-enhanced T1, ADC and CBV of a head with scalp and skull.
Nothing is masked, there is no brain mask, each sequence has thick slices of its own, and the head lay
elsewhere in each. Units of ADC and CBV and the labels of the lesion differ between examinations.

{files}

The truth is in code/truth, which no check reads: for each examination a JSON file (the rigid transform of
each image to T1, units, labels) and the brain mask of each image, and the lesion on T1's grid. Planted
faults are told by code/planted_faults.tsv.
"""

_RAW_FILES = {
    FileFormat.NIFTI: "Files are named as in BIDS; derivatives hold the lesion, on T1's grid.",
    FileFormat.DICOM: "Files are DICOM, a folder for each examination, named and tagged as three makers of\n"
    "scanners do.",
}

PARTICIPANT_COLUMNS: dict[str, object] = {
    "age": {"Description": "age of the synthetic patient", "Units": "year"},
    "sex": {"Description": "sex of the synthetic patient", "Levels": {"F": "female", "M": "male"}},
    "diagnosis": {"Description": "class of the lesion that was drawn"},
    "grade": {"Description": "WHO grade of a glioma, n/a for other lesions"},
}

_SCANNER: dict[str, object] = {
    "Manufacturer": "cbvsynth",
    "ManufacturersModelName": "digital phantom",
    "MagneticFieldStrength": 3,
    "Synthetic": True,
}


def readme(entry: Entry, file_format: FileFormat, asl: Switch = Switch.OFF) -> str:
    """Content of README."""
    if entry is Entry.RAW:
        return _RAW_README.format(files=_RAW_FILES[file_format])
    return README + (_ASL_README if asl is Switch.ON else "")


def bidsignore(asl: Switch = Switch.OFF) -> str:
    """Content of .bidsignore: maps of CBV and CBF have no place in raw BIDS yet."""
    return _BIDSIGNORE + (_BIDSIGNORE_ASL if asl is Switch.ON else "")


def dataset_description(version: str) -> dict[str, object]:
    """Content of dataset_description.json."""
    return {
        "Name": "Digital brain-tumour phantom (synthetic)",
        "BIDSVersion": "1.10.0",
        "DatasetType": "raw",
        "License": "Apache-2.0",
        "Authors": ["cbvsynth"],
        "GeneratedBy": [{"Name": "cbvsynth.phantom", "Version": version}],
    }


def derivative_description(name: str, version: str) -> dict[str, object]:
    """Content of the dataset_description.json of a derivative."""
    return {**dataset_description(version), "Name": name, "DatasetType": "derivative"}


def sidecars(asl: Switch = Switch.OFF) -> dict[str, dict[str, object]]:
    """Content of each sidecar by file name; BIDS lets one at the root speak for all examinations."""
    flow = {"Units": "mL/100g/min", "Description": "cerebral blood flow, as by arterial spin labelling"}
    return ({"cbf.json": _SCANNER | flow} if asl is Switch.ON else {}) | {
        "T1w.json": _SCANNER | _timing(T1_PROTOCOL),
        "ce-gadolinium_T1w.json": _SCANNER | _timing(T1_PROTOCOL) | {"ContrastBolusIngredient": "GADOLINIUM"},
        "T2w.json": _SCANNER | _timing(T2_PROTOCOL),
        "FLAIR.json": _SCANNER | _timing(FLAIR_PROTOCOL),
        "ADC.json": _SCANNER | {"Units": "1e-6 mm2/s", "BValues": [0, B_VALUE_S_PER_MM2]},
        "cbv.json": _SCANNER
        | {"Units": "mL/100g", "Description": "cerebral blood volume, as by the bookend technique"},
    }


def file_suffix(sequence: Sequence) -> tuple[str, str]:
    """Folder and ending of a sequence's files."""
    return {
        Sequence.T1: ("anat", "T1w"),
        Sequence.T2: ("anat", "T2w"),
        Sequence.T1C: ("anat", "ce-gadolinium_T1w"),
        Sequence.FLAIR: ("anat", "FLAIR"),
        Sequence.ADC: ("dwi", "ADC"),
        Sequence.ASL: ("perf", "cbf"),
    }[sequence]


def _timing(protocol: Protocol) -> dict[str, object]:
    timing: dict[str, object] = {"RepetitionTime": protocol.repetition_s, "EchoTime": protocol.echo_s}
    if protocol.inversion_s > 0:
        timing["InversionTime"] = protocol.inversion_s
    return timing
