"""Which files of BIDS are what, and which of several is taken: stated rules, and no guess at a tie."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Layout
from cbvsynth.study.bids_names import choose, contrast, lookup, space
from cbvsynth.study.manifest import Manifest, scan_study
from cbvsynth.study.sidecars import Sidecars
from tests.study.study_trees import files_of, reasons, write_image

RAW = "sub-1/anat/sub-1_"
FMRIPREP = "derivatives/fmriprep/sub-1/anat/sub-1_"


def _scan(root: Path, *names: str, prefer: tuple[str, ...] = ()) -> tuple[Manifest, dict[str, str]]:
    for name in (RAW + "FLAIR.nii.gz", *names):
        write_image(root / name)
    manifest = scan_study(root, Layout.BIDS, prefer)
    (one,) = manifest.examinations
    return manifest, files_of(one)


def _only(manifest: Manifest) -> Examination:
    (one,) = manifest.examinations
    return one


@pytest.mark.parametrize("name", ["dseg", "space-MNI152NLin2009cAsym_dseg"])
def test_tissue_classes_are_never_read_as_tumour(tmp_path: Path, name: str) -> None:
    """FMRIPrep's grey matter, white matter and CSF used to be necrosis, oedema and enhancing tumour."""
    manifest, files = _scan(tmp_path, FMRIPREP + name + ".nii.gz")
    assert "seg" not in files
    assert "only with desc-lesion or desc-tumor in its name" in reasons(manifest)


@pytest.mark.parametrize(
    ("table", "is_lesion", "enhancing_label"),
    [
        ("index\tname\n1\tGM\n2\tWM\n3\tCSF\n", False, ""),
        ("index\tname\n1\tnecrosis\n2\toedema\n4\tenhancing tumour\n", True, "4"),
        ("index\tname\n1\tnon-enhancing core\n2\tedema\n3\tenhancing\n", True, "3"),
        ("index\tname\n1\tlesion\n", True, ""),
        ("name of nothing", False, ""),
        ("", False, ""),
    ],
)
@pytest.mark.parametrize("place", ["derivatives/own/sub-1/anat/sub-1_dseg.tsv", "derivatives/own/dseg.tsv"])
def test_a_table_of_labels_says_whether_it_is_a_lesion(
    tmp_path: Path,
    place: str,
    table: str,
    is_lesion: bool,  # noqa: FBT001  # a parameter of the test
    enhancing_label: str,
) -> None:
    image = "derivatives/own/sub-1/anat/sub-1_dseg.nii.gz"
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_text(table, encoding="utf-8")
    found = lookup(tmp_path, image)
    assert (found.is_lesion, found.enhancing_label) == (is_lesion, enhancing_label)
    manifest, files = _scan(tmp_path, image)
    assert ("seg" in files) is is_lesion
    assert _only(manifest).enhancing_label == int(enhancing_label or 0)


@pytest.mark.parametrize(
    "acquisition",
    [
        *("post", "postGd", "postcontrast", "T1c", "T1C", "Gd", "mprageGad", "ce", "T1ce", "contrast"),
        *("preopPostGd", "postGD", "T1GD", "mpragegd", "MPRAGEGd", "monoGd"),
    ],
)
def test_an_acquisition_after_contrast_agent_is_t1c(tmp_path: Path, acquisition: str) -> None:
    """It was taken for T1, whose intensities it does not have."""
    _, files = _scan(tmp_path, RAW + f"acq-{acquisition}_T1w.nii.gz")
    assert "t1" not in files
    assert files["t1c"].endswith(f"acq-{acquisition}_T1w.nii.gz")


@pytest.mark.parametrize(
    "acquisition", ["pre", "precontrast", "preGd", "noncontrast", "noGd", "mprage", "postop", "se", "without"]
)
def test_other_acquisitions_stay_t1(tmp_path: Path, acquisition: str) -> None:
    _, files = _scan(tmp_path, RAW + f"acq-{acquisition}_T1w.nii.gz")
    assert set(files) == {"t1", "flair"}


@pytest.mark.parametrize(
    "acquisition",
    [
        *("mpragePreGd", "T1preContrast", "T1PREGD", "mpragepregad", "mprageNonContrast", "T1noGd", "T1woGd"),
        *("GDC", "mprageGDC", "longdelay", "T1gdcorr"),
    ],
)
def test_an_agent_that_was_not_given_and_a_corrected_distortion_are_no_t1c(
    tmp_path: Path, acquisition: str
) -> None:
    """Only a first word told that no agent was given, and gd counted within any word."""
    _, files = _scan(tmp_path, RAW + f"acq-{acquisition}_T1w.nii.gz")
    assert set(files) == {"t1", "flair"}


@pytest.mark.parametrize(
    ("ingredient", "is_contrast"),
    [('"GADOLINIUM"', True), ('["Gadobutrol"]', True), ('"NONE"', False), ('""', False), ("null", False)],
)
def test_a_sidecar_may_state_the_contrast_agent(
    tmp_path: Path,
    ingredient: str,
    is_contrast: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    sidecar = tmp_path / (RAW + "T1w.json")
    sidecar.parent.mkdir(parents=True)
    sidecar.write_text(f'{{"ContrastBolusIngredient": {ingredient}}}', encoding="utf-8")
    assert bool(contrast(Sidecars(tmp_path), RAW + "T1w.nii.gz")) is is_contrast
    _, files = _scan(tmp_path, RAW + "T1w.nii.gz")
    assert set(files) == {"t1c" if is_contrast else "t1", "flair"}


@pytest.mark.parametrize(
    "agent", ["gadolinium", "Gadovist", "gadobutrol", "dotarem", "gado", "contrast", "GD", "magnevist"]
)
def test_agents_of_gadolinium_are_known(tmp_path: Path, agent: str) -> None:
    """Only three words were; an image with Gadovist was left out."""
    _, files = _scan(tmp_path, RAW + f"ce-{agent}_T1w.nii.gz")
    assert files["t1c"].endswith(f"ce-{agent}_T1w.nii.gz")


@pytest.mark.parametrize(
    ("entity", "reason"),
    [
        ("part-phase", "part-phase is no magnitude image"),
        ("part-imag", "part-imag is no magnitude image"),
        ("chunk-1", "chunk-1 is a part of the head"),
    ],
)
def test_parts_of_an_image_are_left_out_with_the_reason(tmp_path: Path, entity: str, reason: str) -> None:
    """A phase image and a single chunk used to be taken as the whole image."""
    manifest, files = _scan(tmp_path, RAW + entity + "_T2w.nii.gz")
    assert "t2" not in files
    assert reason in reasons(manifest)
    _, files = _scan(tmp_path, RAW + "part-mag_T2w.nii.gz")
    assert "t2" in files


def test_images_in_a_template_stay_away_from_native_ones(tmp_path: Path) -> None:
    """A mask in MNI space used to come before the native one when its name sorted first."""
    native = FMRIPREP + "desc-brain_mask.nii.gz"
    template = FMRIPREP + "acq-a_space-MNI152NLin6Asym_desc-brain_mask.nii.gz"
    manifest, files = _scan(tmp_path, native, template, FMRIPREP + "space-MNI152Lin_desc-preproc_T1w.nii.gz")
    assert files["mask"] == native
    assert "t1" not in files
    assert reasons(manifest).count("not in the patient's own space") == 2


def test_a_study_that_is_all_in_one_template_is_taken(tmp_path: Path) -> None:
    (tmp_path / "sub-1").mkdir()
    for name in ("desc-preproc_T1w", "desc-preproc_T2w", "desc-brain_mask"):
        write_image(tmp_path / (FMRIPREP + f"space-SRI24_{name}.nii.gz"))
    write_image(tmp_path / (FMRIPREP + "desc-brain_mask.nii.gz"))
    one = _only(scan_study(tmp_path, Layout.BIDS))
    assert all("space-SRI24" in path for path in files_of(one).values())
    assert set(files_of(one)) == {"t1", "t2", "mask"}


@pytest.mark.parametrize("name", ["T1w", "orig", "individual", "T2w", "native"])
def test_spaces_named_after_the_patients_own_images_agree(name: str) -> None:
    assert space(f"sub-1/anat/sub-1_space-{name}_mask.nii.gz") == ""


def test_a_raw_image_comes_before_a_preprocessed_one_which_serves_where_there_is_none(tmp_path: Path) -> None:
    manifest, files = _scan(
        tmp_path,
        RAW + "T2w.nii.gz",
        FMRIPREP + "desc-preproc_T2w.nii.gz",
        FMRIPREP + "desc-preproc_T1w.nii.gz",
        FMRIPREP + "ce-gado_desc-preproc_T1w.nii.gz",
    )
    assert files["t2"] == RAW + "T2w.nii.gz"
    assert files["t1"] == FMRIPREP + "desc-preproc_T1w.nii.gz"
    assert files["t1c"] == FMRIPREP + "ce-gado_desc-preproc_T1w.nii.gz"
    assert "desc-preproc_T2w.nii.gz: sub-1 has another T2, which comes first" in reasons(manifest)


def test_the_first_run_with_the_fewest_entities_is_taken(tmp_path: Path) -> None:
    """`rec-norm_run-1` used to come before `run-1`, and `run-10` before `run-2`."""
    names = ("rec-norm_run-1", "run-10", "run-2", "rec-norm_run-2")
    manifest, files = _scan(tmp_path, *(RAW + name + "_T2w.nii.gz" for name in names))
    assert files["t2"] == RAW + "run-2_T2w.nii.gz"
    assert "run-10_T2w.nii.gz: sub-1 has another T2, which comes first: the first run" in reasons(manifest)
    assert "rec-norm_run-1_T2w.nii.gz: sub-1 has another T2, which comes first: the one with" in reasons(
        manifest
    )


def test_a_tie_is_asked_about_and_a_preference_settles_it(tmp_path: Path) -> None:
    """The first by name was taken: a T2 with fat saturation before one without, by the alphabet."""
    names = (RAW + "acq-fs_T2w.nii.gz", RAW + "acq-tse_T2w.nii.gz")
    manifest, files = _scan(tmp_path, *names)
    assert "t2" not in files
    assert "sub-1 has several T2, and nothing says which one" in reasons(manifest)
    assert "--prefer acq-fs or acq-tse" in reasons(manifest)
    manifest, files = _scan(tmp_path, prefer=("acq-tse",))
    assert files["t2"] == names[1]
    assert "acq-fs_T2w.nii.gz: sub-1 has another T2, which comes first: acq-tse is preferred" in reasons(
        manifest
    )


def test_masks_of_two_pipelines_are_a_tie_that_their_folder_settles() -> None:
    masks = [f"derivatives/{name}/sub-1/anat/sub-1_desc-brain_mask.nii.gz" for name in ("fmriprep", "hd-bet")]
    assert choose(masks).taken == ""
    assert choose(masks, ["hd-bet"]).taken == masks[1]
    assert choose(masks, ["nothing"]).taken == ""


def test_an_adc_map_may_lie_beside_the_diffusion_series(tmp_path: Path) -> None:
    _, files = _scan(tmp_path, "sub-1/dwi/sub-1_acq-ADC_dwi.nii.gz", "sub-1/dwi/sub-1_dwi.nii.gz")
    assert files["adc"] == "sub-1/dwi/sub-1_acq-ADC_dwi.nii.gz"
