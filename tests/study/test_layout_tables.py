"""Each file of every known study goes where it belongs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.domain.options import Layout
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.study.layout_tables import TABLES
from cbvsynth.study.manifest import scan_study
from cbvsynth.study.nifti import read_image
from tests.study.study_trees import (
    BRATS,
    FILES,
    LUMIERE,
    MOTUM,
    MU,
    PATIENT_NAME,
    PGBM,
    UCSD,
    UCSF,
    UPENN,
    build,
    files_of,
    reasons,
    write_image,
)


def test_there_is_a_table_for_every_layout_but_auto() -> None:
    assert set(TABLES) == set(Layout) - {Layout.AUTO, Layout.DICOM}
    assert set(FILES) == set(TABLES)


def test_bids_raw_files_and_derivatives_come_together(tmp_path: Path) -> None:
    manifest = scan_study(build(tmp_path, Layout.BIDS))
    first, second = manifest.examinations
    assert (first.exam_id, first.subject_id, first.session_id) == ("sub-012_ses-1", "sub-012", "ses-1")
    assert files_of(first) == {
        "t1": "sub-012/ses-1/anat/sub-012_ses-1_T1w.nii.gz",
        "t2": "sub-012/ses-1/anat/sub-012_ses-1_T2w.nii.gz",
        "t1c": "sub-012/ses-1/anat/sub-012_ses-1_ce-gadolinium_T1w.nii.gz",
        "flair": "sub-012/ses-1/anat/sub-012_ses-1_FLAIR.nii.gz",
        "adc": "sub-012/ses-1/dwi/sub-012_ses-1_ADC.nii.gz",
        "cbv": "sub-012/ses-1/perf/sub-012_ses-1_cbv.nii.gz",
        "mask": "derivatives/hd-bet/sub-012/ses-1/anat/sub-012_ses-1_desc-brain_mask.nii.gz",
        "seg": "derivatives/tumour/sub-012/ses-1/anat/sub-012_ses-1_desc-lesion_dseg.nii.gz",
    }
    assert (second.exam_id, second.session_id) == ("sub-013", "")
    assert files_of(second) == {
        "t1": "sub-013/anat/sub-013_acq-se_T1w.nii",
        "t1c": "sub-013/anat/sub-013_acq-se_ce-GADOLINIUM_run-1_T1w.nii",
        "cbv": "derivatives/bookend/sub-013/perf/sub-013_space-T1w_CBV.nii.gz",
        "seg": "derivatives/tumour/sub-013/anat/sub-013_space-T1w_label-lesion_mask.nii.gz",
    }
    assert {one.target_unit for one in manifest.examinations} == {TargetUnit.ML_PER_100G}
    assert manifest.left_out == ()


def test_upenn_takes_a_third_of_the_trace_as_adc(tmp_path: Path) -> None:
    (one,) = scan_study(build(tmp_path, Layout.UPENN_GBM)).examinations
    assert (one.exam_id, one.subject_id, one.session_id) == (UPENN, "UPENN-GBM-00001", "11")
    assert files_of(one) == {
        "t1": f"images_structural/{UPENN}/{UPENN}_T1.nii.gz",
        "t2": f"images_structural/{UPENN}/{UPENN}_T2.nii.gz",
        "t1c": f"images_structural/{UPENN}/{UPENN}_T1GD.nii.gz",
        "flair": f"images_structural/{UPENN}/{UPENN}_FLAIR.nii.gz",
        "adc": f"images_DTI/images_DTI/{UPENN}/{UPENN}_DTI_TR.nii.gz",
        "cbv": f"images_DSC/{UPENN}/{UPENN}_DSC_ap-rCBV.nii.gz",
        "seg": f"images_segm/{UPENN}_segm.nii.gz",
    }
    assert one.scales == {"adc": 1.0 / 3.0}
    assert one.enhancing_label == 4
    assert one.target_unit is TargetUnit.RELATIVE
    write_image(tmp_path / str(one.files["adc"]), 2400.0)
    assert float(read_image(tmp_path, one, "adc").data[0, 0, 0]) == pytest.approx(800.0)


def test_upenn_prefers_an_experts_segmentation_and_reads_an_automated_one_where_there_is_none(
    tmp_path: Path,
) -> None:
    """The 611 automated ones were never read, only the experts' 147."""
    build(tmp_path, Layout.UPENN_GBM)
    other = UPENN.replace("00001", "00002")
    for name in (UPENN, other):
        write_image(tmp_path / f"automated_segm/{name}_automated_approx_segm.nii.gz")
    write_image(tmp_path / f"images_structural/{other}/{other}_T1.nii.gz")
    manifest = scan_study(tmp_path)
    assert [str(one.seg) for one in manifest.examinations] == [
        f"images_segm/{UPENN}_segm.nii.gz",
        f"automated_segm/{other}_automated_approx_segm.nii.gz",
    ]
    assert f"{UPENN} has another SEG, which comes first" in reasons(manifest)


def test_upenn_may_lie_flat_in_one_folder(tmp_path: Path) -> None:
    """Files out of the folders of the download were not recognised at all."""
    for name in ("T1", "DTI_TR", "DSC_ap-rCBV", "segm", "T1_unstripped", "DTI_FA"):
        write_image(tmp_path / f"{UPENN}_{name}.nii.gz")
    (one,) = scan_study(tmp_path).examinations
    assert set(files_of(one)) == {"t1", "adc", "cbv", "seg"}


def test_a_collection_is_found_below_its_download_folder_too(tmp_path: Path) -> None:
    build(tmp_path / "NIfTI-files", Layout.UPENN_GBM)
    (one,) = scan_study(tmp_path).examinations
    assert str(one.files["t1"]).startswith("NIfTI-files/images_structural/")


def test_ucsdfiles_of(tmp_path: Path) -> None:
    (one,) = scan_study(build(tmp_path, Layout.UCSD_PTGBM)).examinations
    names = ("T1pre", "T2", "T1post", "FLAIR", "ADC_vendor", "CBV_LC", "BraTS_tumor_seg")
    roles = ("t1", "t2", "t1c", "flair", "adc", "cbv", "seg")
    assert files_of(one) == {
        role: f"{UCSD}/{UCSD}_{name}.nii.gz" for role, name in zip(roles, names, strict=True)
    }
    assert (one.exam_id, one.target_unit) == (UCSD, TargetUnit.RELATIVE)


def test_brain_tumor_progression_files_and_one_kind_of_cbv(tmp_path: Path) -> None:
    manifest = scan_study(build(tmp_path, Layout.BRAIN_TUMOR_PROGRESSION))
    (one,) = manifest.examinations
    names = ("T1prereg", "T2reg", "T1post", "FLAIRreg", "ADCreg", "nRCBVreg", "MaskTumor")
    roles = ("t1", "t2", "t1c", "flair", "adc", "cbv", "seg")
    assert files_of(one) == {role: f"{PGBM}/{name}.nii.gz" for role, name in zip(roles, names, strict=True)}
    assert one.exam_id == "PGBM-001_04-02-1992-NA-MR-BRAIN"
    assert "sRCBVreg: kinds of CBV map never mix; this study's is nRCBVreg" in reasons(manifest)


def test_ucsf_has_no_cbv_and_takes_the_bias_corrected_images(tmp_path: Path) -> None:
    one, follow_up = scan_study(build(tmp_path, Layout.UCSF_PDGM)).examinations
    names = ("T1_bias", "T2_bias", "T1c_bias", "FLAIR_bias", "ADC", "tumor_segmentation")
    roles = ("t1", "t2", "t1c", "flair", "adc", "seg")
    assert files_of(one) == {
        role: f"{UCSF}_nifti/{UCSF}_{name}.nii.gz" for role, name in zip(roles, names, strict=True)
    }
    assert (follow_up.subject_id, follow_up.session_id) == (UCSF, "FU003d")


def test_bratsfiles_of(tmp_path: Path) -> None:
    (one,) = scan_study(build(tmp_path, Layout.BRATS)).examinations
    roles = {"t1": "t1n", "t2": "t2w", "t1c": "t1c", "flair": "t2f", "seg": "seg"}
    assert files_of(one) == {role: f"{BRATS}/{BRATS}-{name}.nii.gz" for role, name in roles.items()}
    assert (one.exam_id, one.subject_id, one.session_id) == (BRATS, "BraTS-GLI-00000", "000")
    assert one.enhancing_label == 3


@pytest.mark.parametrize(
    "name", ["Brats17_CBICA_AAB_1", "BraTS19_2013_0_1", "BraTS20_Training_001", "BraTS2021_00000"]
)
def test_brats_until_2022_has_other_names_and_another_label(tmp_path: Path, name: str) -> None:
    """Those years were not recognised; in a manifest by hand their enhancing tumour became cavity."""
    for role in ("t1", "t1ce", "t2", "flair", "seg"):
        write_image(tmp_path / f"training/{name}/{name}_{role}.nii.gz")
    (one,) = scan_study(tmp_path).examinations
    roles = {"t1": "t1", "t2": "t2", "t1c": "t1ce", "flair": "flair", "seg": "seg"}
    assert files_of(one) == {role: f"training/{name}/{name}_{file}.nii.gz" for role, file in roles.items()}
    assert (one.subject_id, one.session_id, one.enhancing_label) == (name, "", 4)


def test_mu_glioma_post_follows_brats_since_2023(tmp_path: Path) -> None:
    (one,) = scan_study(build(tmp_path, Layout.MU_GLIOMA_POST)).examinations
    names = ("brain_t1n", "brain_t2w", "brain_t1c", "brain_t2f", "tumorMask")
    stem = f"{MU}/PatientID_0003_Timepoint_1"
    roles = ("t1", "t2", "t1c", "flair", "seg")
    assert files_of(one) == {role: f"{stem}_{name}.nii.gz" for role, name in zip(roles, names, strict=True)}
    assert (one.subject_id, one.session_id, one.enhancing_label) == ("PatientID_0003", "Timepoint_1", 3)


def test_rhuh_has_up_to_three_examinations_of_a_patient_and_says_no_label(tmp_path: Path) -> None:
    before, after = scan_study(build(tmp_path, Layout.RHUH_GBM)).examinations
    assert set(files_of(before)) == {"t1", "t2", "t1c", "flair", "adc", "seg"}
    assert (before.exam_id, after.exam_id, before.enhancing_label) == ("RHUH-0001_0", "RHUH-0001_1", 0)


def test_lumiere_is_read_in_the_atlas_with_its_segmentation_or_as_scanned_never_both(tmp_path: Path) -> None:
    manifest = scan_study(build(tmp_path, Layout.LUMIERE))
    first, later = manifest.examinations
    assert all("atlas" in path for path in files_of(first).values())
    assert set(files_of(first)) == {"t1", "t2", "t1c", "flair", "seg"}
    assert files_of(later)["t1c"] == "Imaging/Patient-001/week-013/CT1.nii.gz"
    assert "T1.nii.gz: the same examination is there in another place" in reasons(manifest)
    assert "labels of HD-GLIO are 1 for everything but enhancing tumour" in reasons(manifest)
    # Where the atlas has fewer sequences, all come as scanned, without the segmentation of the atlas.
    (tmp_path / files_of(first)["t1"]).unlink()
    assert files_of(scan_study(tmp_path).examinations[0]) == {
        "t1": f"{LUMIERE}/T1.nii.gz",
        "t2": f"{LUMIERE}/T2.nii.gz",
        "t1c": f"{LUMIERE}/CT1.nii.gz",
        "flair": f"{LUMIERE}/FLAIR.nii.gz",
    }


def test_lumieres_segmentation_in_the_atlas_stays_away_from_images_as_scanned(tmp_path: Path) -> None:
    """Where the atlas held the segmentation alone, it went with images of another space."""
    build(tmp_path, Layout.LUMIERE)
    for image in (tmp_path / LUMIERE).rglob("*skull_strip/*.nii.gz"):
        image.unlink()
    manifest = scan_study(tmp_path)
    assert set(files_of(manifest.examinations[0])) == {"t1", "t2", "t1c", "flair"}
    assert "seg_mask.nii.gz: not where the images of its examination are" in reasons(manifest)


def test_motum_takes_the_whole_lesion_before_its_enhancing_part(tmp_path: Path) -> None:
    manifest = scan_study(build(tmp_path, Layout.MOTUM))
    (one,) = manifest.examinations
    assert files_of(one)["t1c"] == f"{MOTUM}/t1ce.nii.gz"
    assert files_of(one)["seg"] == f"{MOTUM}/flair_seg_label1.nii.gz"
    assert "t1ce_seg_label2.nii.gz: 001-Glioma-AYEY has another SEG, which comes first" in reasons(manifest)


def test_the_authors_folders_with_every_spelling(tmp_path: Path) -> None:
    manifest = scan_study(build(tmp_path, Layout.AUTHORS))
    found = {tuple(files_of(one).items()) for one in manifest.examinations}
    first, second = f"{PATIENT_NAME}/20190304", f"{PATIENT_NAME}/20200607"
    assert found == {
        (
            ("t1", f"{first}/T1WI.nii.gz"),
            ("t2", f"{first}/T2WI.nii.gz"),
            ("t1c", f"{first}/T1WI+C.nii.gz"),
            ("flair", f"{first}/T2_FLAIR.nii.gz"),
            ("adc", f"{first}/ADC.nii.gz"),
            ("cbv", f"{first}/CBV.nii.gz"),
            ("mask", f"{first}/bmT1WI.nii.gz"),
        ),
        (
            ("t1", f"{second}/T1WI.nii"),
            ("t1c", f"{second}/T1_C.nii"),
            ("flair", f"{second}/T2WI_FLAIR.nii"),
        ),
        (("t1c", "SCHMIDT_OTTO/20190101/T1WI_C.nii.gz"),),
    }
    assert {one.target_unit for one in manifest.examinations} == {TargetUnit.ML_PER_100G}


def test_an_fmri_series_called_cbv_is_refused_with_the_reason(tmp_path: Path) -> None:
    build(tmp_path, Layout.BIDS)
    write_image(tmp_path / "sub-013/func/sub-013_task-rest_cbv.nii.gz")
    manifest = scan_study(tmp_path)
    assert "sub-013/func/sub-013_task-rest_cbv.nii.gz: func/*_cbv is a blood-volume-weighted fMRI" in reasons(
        manifest
    )
    assert all("func" not in str(one.cbv) for one in manifest.examinations)


def test_a_map_of_flow_is_taken_and_the_series_it_came_from_is_not(tmp_path: Path) -> None:
    build(tmp_path, Layout.BIDS)
    write_image(tmp_path / "sub-012/ses-1/perf/sub-012_ses-1_asl.nii.gz")
    write_image(tmp_path / "derivatives/aslprep/sub-012/ses-1/perf/sub-012_ses-1_space-T1w_cbf.nii.gz")
    write_image(tmp_path / "derivatives/own/sub-013/perf/sub-013_desc-CBF_asl.nii.gz")
    manifest = scan_study(tmp_path)
    first, second = manifest.examinations
    assert files_of(first)["asl"].endswith("ses-1_space-T1w_cbf.nii.gz")
    assert files_of(second)["asl"].endswith("sub-013_desc-CBF_asl.nii.gz")
    assert "ses-1_asl.nii.gz: perf/*_asl is the series of label and control images" in reasons(manifest)


def test_an_unknown_contrast_agent_is_neither_t1_nor_t1c(tmp_path: Path) -> None:
    build(tmp_path, Layout.BIDS)
    write_image(tmp_path / "sub-014/anat/sub-014_ce-feraheme_T1w.nii.gz")
    manifest = scan_study(tmp_path)
    assert len(manifest.examinations) == 2
    assert "unknown contrast agent" in reasons(manifest)


def test_the_reference_page_shows_every_layout_with_its_example() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "layouts.md").read_text(encoding="utf-8")
    for table in TABLES.values():
        assert f"| `{table.layout}` |" in page
        assert f"`{table.example}`" in page
