"""Channels and labels of nnU-Net are what dataset.json says, and nothing where it says something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.domain.options import Layout
from cbvsynth.errors import ManifestError
from cbvsynth.study.manifest import scan_study
from tests.study.study_trees import (
    NNUNET,
    NNUNET_LABELS,
    build,
    describe_nnunet,
    files_of,
    reasons,
    write_image,
)

IMAGES = f"{NNUNET}/imagesTr/case_001_"


def test_channels_are_read_from_the_description(tmp_path: Path) -> None:
    (one,) = scan_study(build(tmp_path, Layout.NNUNET)).examinations
    assert files_of(one) == {
        "t1": f"{IMAGES}0000.nii.gz",
        "t1c": f"{IMAGES}0001.nii.gz",
        "t2": f"{IMAGES}0002.nii.gz",
        "flair": f"{IMAGES}0003.nii.gz",
        "seg": f"{NNUNET}/labelsTr/case_001.nii.gz",
    }
    assert (one.exam_id, one.enhancing_label) == ("case_001", 3)


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        ({"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"}, {"flair": 0, "t1": 1, "t1c": 2, "t2": 3}),
        ({"0": "t1n", "1": "t1c", "2": "t2w", "3": "t2f"}, {"t1": 0, "t1c": 1, "t2": 2, "flair": 3}),
        ({"0": "T1", "1": "T1 contrast", "2": "ADC", "3": "SWI"}, {"t1": 0, "t1c": 1, "adc": 2}),
        ({"0": "T1", "1": "T1", "2": "T2"}, {"t2": 2}),
    ],
)
def test_channels_have_many_names(tmp_path: Path, names: dict[str, str], roles: dict[str, int]) -> None:
    build(tmp_path, Layout.NNUNET)
    describe_nnunet(tmp_path / NNUNET, channel_names=names)
    (one,) = scan_study(tmp_path).examinations
    found = {role: int(path[-11:-7]) for role, path in files_of(one).items() if role != "seg"}
    assert found == roles


@pytest.mark.parametrize(
    ("labels", "taken"),
    [
        (NNUNET_LABELS, True),
        ({"0": "background", "1": "whole tumor"}, True),
        ({"background": 0, "necrosis": 1, "edema": 2}, True),
        # As in the Decathlon: oedema is 1 there.
        ({"0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour"}, False),
        ({"background": 0, "tissue": 1}, False),
        ({}, False),
    ],
)
def test_labels_of_another_meaning_are_left_out_with_their_names(
    tmp_path: Path,
    labels: dict[str, object],
    taken: bool,  # noqa: FBT001
) -> None:
    build(tmp_path, Layout.NNUNET)
    describe_nnunet(tmp_path / NNUNET, labels=labels)
    manifest = scan_study(tmp_path)
    assert (manifest.examinations[0].seg is not None) is taken
    assert ("dataset.json calls its labels" in reasons(manifest)) is not taken


def test_one_file_of_all_sequences_is_told_how_to_be_split(tmp_path: Path) -> None:
    write_image(tmp_path / "Task01_BrainTumour/imagesTr/BRATS_001.nii.gz")
    describe_nnunet(tmp_path / "Task01_BrainTumour", channel_names=None, modality={"0": "FLAIR", "1": "T1w"})
    with pytest.raises(
        ManifestError, match=r"One 4-D file holds all sequences.*nnUNetv2_convert_MSD_dataset"
    ):
        scan_study(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", None])
def test_without_a_description_nothing_is_guessed(tmp_path: Path, content: str | None) -> None:
    build(tmp_path, Layout.NNUNET)
    description = tmp_path / NNUNET / "dataset.json"
    description.unlink()
    if content is not None:
        description.write_text(content)
    with pytest.raises(ManifestError, match="No known layout was recognised"):
        scan_study(tmp_path)


def test_cases_of_one_name_in_two_data_sets_never_mix(tmp_path: Path) -> None:
    """T1 and T2 of one patient, and FLAIR and ADC of another, became one examination."""
    first, second = tmp_path / "Dataset001_A", tmp_path / "Dataset002_B"
    describe_nnunet(first, channel_names={"0": "T1", "1": "T2"})
    describe_nnunet(second, channel_names={"0": "FLAIR", "1": "T1ce", "2": "ADC"})
    for path in (
        *(first / f"imagesTr/case_001_000{n}.nii.gz" for n in range(2)),
        first / "labelsTr/case_001.nii",
    ):
        write_image(path)
    for path in (
        *(second / f"imagesTr/case_001_000{n}.nii.gz" for n in range(3)),
        second / "labelsTr/case_002.nii",
    ):
        write_image(path)
    manifest = scan_study(tmp_path)
    (one,) = manifest.examinations
    assert set(files_of(one)) == {"flair", "t1c", "adc"}
    assert "Dataset001_A/imagesTr/case_001_0000.nii.gz: the same examination is there in another place" in (
        told := reasons(manifest)
    )
    assert "rename one if they are different patients" in told


def test_cases_of_training_and_test_never_mix_nor_do_their_labels(tmp_path: Path) -> None:
    """A label of labelsTr went with the images of another patient in imagesTs."""
    build(tmp_path, Layout.NNUNET)
    for path in (
        "imagesTs/case_001_0000.nii.gz",
        "imagesTs/case_009_0000.nii.gz",
        "labelsTr/case_009.nii.gz",
    ):
        write_image(tmp_path / NNUNET / path)
    manifest = scan_study(tmp_path)
    assert [set(files_of(one)) for one in manifest.examinations] == [
        {"t1", "t1c", "t2", "flair", "seg"},
        {"t1"},
    ]
    assert "labelsTr/case_009.nii.gz: not where the images of its examination are" in reasons(manifest)
