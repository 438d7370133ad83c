"""Trees of tiny NIfTI files, named exactly as each study names them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Layout
from cbvsynth.domain.volume import Volume
from cbvsynth.study.manifest import Manifest
from cbvsynth.study.nifti import write_volume

PATIENT_NAME = "MUELLER_HANNELORE"
KEY = "a key for the tests, not a secret"

UPENN = "UPENN-GBM-00001_11"
UCSD = "UCSD-PTGBM-0002_01"
UCSF = "UCSF-PDGM-0004"
BRATS = "BraTS-GLI-00000-000"
MU = "PatientID_0003/Timepoint_1"
LUMIERE = "Imaging/Patient-001/week-000-1"
MOTUM = "001-Glioma-AYEY"
NNUNET = "Dataset137_Glioma"
NNUNET_CHANNELS = {"0": "T1w", "1": "T1ce", "2": "T2w", "3": "FLAIR"}
NNUNET_LABELS = {"background": 0, "necrosis": 1, "edema": 2, "enhancing tumor": 3}
PGBM = "PGBM-001/04-02-1992-NA-MR BRAIN"

FILES: dict[Layout, tuple[str, ...]] = {
    Layout.BIDS: (
        "sub-012/ses-1/anat/sub-012_ses-1_T1w.nii.gz",
        "sub-012/ses-1/anat/sub-012_ses-1_T2w.nii.gz",
        "sub-012/ses-1/anat/sub-012_ses-1_ce-gadolinium_T1w.nii.gz",
        "sub-012/ses-1/anat/sub-012_ses-1_FLAIR.nii.gz",
        "sub-012/ses-1/dwi/sub-012_ses-1_ADC.nii.gz",
        "sub-012/ses-1/perf/sub-012_ses-1_cbv.nii.gz",
        "derivatives/hd-bet/sub-012/ses-1/anat/sub-012_ses-1_desc-brain_mask.nii.gz",
        "derivatives/tumour/sub-012/ses-1/anat/sub-012_ses-1_desc-lesion_dseg.nii.gz",
        "sub-013/anat/sub-013_acq-se_T1w.nii",
        "sub-013/anat/sub-013_acq-se_ce-GADOLINIUM_run-1_T1w.nii",
        "derivatives/bookend/sub-013/perf/sub-013_space-T1w_CBV.nii.gz",
        "derivatives/tumour/sub-013/anat/sub-013_space-T1w_label-lesion_mask.nii.gz",
    ),
    Layout.UPENN_GBM: (
        *(f"images_structural/{UPENN}/{UPENN}_{name}.nii.gz" for name in ("T1", "T2", "T1GD", "FLAIR")),
        *(f"images_DTI/images_DTI/{UPENN}/{UPENN}_DTI_{name}.nii.gz" for name in ("TR", "FA", "AD", "RD")),
        *(f"images_DSC/{UPENN}/{UPENN}_DSC_{name}.nii.gz" for name in ("ap-rCBV", "PH", "PSR")),
        f"images_segm/{UPENN}_segm.nii.gz",
    ),
    Layout.UCSD_PTGBM: tuple(
        f"{UCSD}/{UCSD}_{name}.nii.gz"
        for name in ("T1pre", "T2", "T1post", "FLAIR", "ADC_vendor", "CBV_LC", "BraTS_tumor_seg", "SWAN")
    ),
    Layout.BRAIN_TUMOR_PROGRESSION: tuple(
        f"{PGBM}/{name}.nii.gz"
        for name in ("T1prereg", "T2reg", "T1post", "FLAIRreg", "ADCreg", "nRCBVreg", "sRCBVreg", "MaskTumor")
    ),
    Layout.UCSF_PDGM: (
        *(
            f"{UCSF}_nifti/{UCSF}_{name}.nii.gz"
            for name in ("T1_bias", "T1", "T2_bias", "T1c_bias", "FLAIR_bias", "ADC", "tumor_segmentation")
        ),
        f"{UCSF}_FU003d_nifti/{UCSF}_FU003d_T1_bias.nii.gz",
    ),
    Layout.BRATS: tuple(f"{BRATS}/{BRATS}-{name}.nii.gz" for name in ("t1n", "t2w", "t1c", "t2f", "seg")),
    Layout.NNUNET: (
        *(f"{NNUNET}/imagesTr/case_001_{number:04d}.nii.gz" for number in range(4)),
        f"{NNUNET}/labelsTr/case_001.nii.gz",
    ),
    Layout.MU_GLIOMA_POST: tuple(
        f"{MU}/{MU.replace('/', '_')}_{name}.nii.gz"
        for name in ("brain_t1n", "brain_t2w", "brain_t1c", "brain_t2f", "tumorMask")
    ),
    Layout.RHUH_GBM: tuple(
        f"RHUH-0001/{session}/RHUH-0001_{session}_{name}.nii.gz"
        for session in (0, 1)
        for name in ("t1", "t2", "t1ce", "flair", "adc", "segmentations")
    ),
    Layout.LUMIERE: (
        *(f"{LUMIERE}/{name}.nii.gz" for name in ("T1", "T2", "CT1", "FLAIR")),
        *(
            f"{LUMIERE}/DeepBraTumIA-segmentation/atlas/skull_strip/{name}_skull_strip.nii.gz"
            for name in ("t1", "t2", "ct1", "flair")
        ),
        f"{LUMIERE}/DeepBraTumIA-segmentation/atlas/segmentation/seg_mask.nii.gz",
        f"{LUMIERE}/HD-GLIO-AUTO-segmentation/native/segmentation_CT1_origspace.nii.gz",
        *(f"{LUMIERE.replace('000-1', '013')}/{name}.nii.gz" for name in ("T1", "T2", "CT1", "FLAIR")),
    ),
    Layout.MOTUM: tuple(
        f"{MOTUM}/{name}.nii.gz"
        for name in ("t1", "t2", "t1ce", "flair", "flair_seg_label1", "t1ce_seg_label2")
    ),
    Layout.AUTHORS: (
        *(
            f"{PATIENT_NAME}/20190304/{name}.nii.gz"
            for name in ("T1WI", "T2WI", "T1WI+C", "T2_FLAIR", "ADC", "CBV", "bmT1WI")
        ),
        *(f"{PATIENT_NAME}/20200607/{name}.nii" for name in ("T1WI", "T1_C", "T2WI_FLAIR")),
        "SCHMIDT_OTTO/20190101/T1WI_C.nii.gz",
    ),
}
"""Every file of one small study per layout; some are no input and must be left alone."""


def write_image(path: Path, value: float = 1.0) -> None:
    """A (2, 2, 2) image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_volume(path, Volume(np.full((2, 2, 2), value, dtype=np.float32), np.eye(4)))


def build(root: Path, layout: Layout) -> Path:
    """Write one study; for the authors' layout with a key."""
    for name in FILES[layout]:
        write_image(root / name)
    if layout is Layout.BIDS:
        sidecar = root / "sub-012/ses-1/perf/sub-012_ses-1_cbv.json"
        sidecar.write_text('{"Units": "mL/100 g"}', encoding="utf-8")
        (root / "derivatives/bookend/CBV.json").write_text('{"Units": "mL/100g"}', encoding="utf-8")
    if layout is Layout.NNUNET:
        describe_nnunet(root / NNUNET)
    if layout is Layout.AUTHORS:
        (root / ".pseudonym-key").write_text(KEY + "\n", encoding="utf-8")
    return root


def describe_nnunet(folder: Path, **changes: object) -> None:
    """Write the dataset.json of nnU-Net."""
    content = {"channel_names": NNUNET_CHANNELS, "labels": NNUNET_LABELS, "file_ending": ".nii.gz", **changes}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset.json").write_text(json.dumps(content), encoding="utf-8")


def reasons(manifest: Manifest) -> str:
    return "\n".join(f"{one.what}: {one.reason}" for one in manifest.left_out)


def files_of(examination: Examination) -> dict[str, str]:
    return {role: str(path) for role, path in examination.files.items()}
