"""Held-out examinations scored with the model that was read back from disk."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.domain.metrics import score_examination
from cbvsynth.domain.sequences import ModelId, TargetUnit
from cbvsynth.errors import ModelError, UnitError
from cbvsynth.models.generator import GeneratorOptions, build_generator
from cbvsynth.preprocessing import PREPROCESSING_VERSION
from cbvsynth.records.examinations import ExaminationIndex
from cbvsynth.records.examples import write_examples
from cbvsynth.signature import Description
from cbvsynth.training.saved_model import ExportedModel, export_model, load_exported
from cbvsynth.training.scoring import example_ids, score_model
from tests.training.cached_study import SHAPE, write_study

pytestmark = pytest.mark.tensorflow

OPTIONS = GeneratorOptions(base_channels=4, residual_blocks=1)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> ExaminationIndex:
    return write_study(tmp_path_factory.mktemp("study"), without_seg=["e04"])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ExportedModel:
    description = Description(
        model=ModelId.parse("encdec-t1c"),
        target_unit=TargetUnit.ML_PER_100G,
        cbv_max=20.0,
        preprocessing_version=PREPROCESSING_VERSION,
        spacing_range_mm=((1.0, 1.0),) * 3,
        shape_range=((20.0, 20.0),) * 3,
        data_fingerprint="",
        run_fingerprint="",
        software="",
    )
    folder = tmp_path_factory.mktemp("model") / "saved_model"
    export_model(build_generator(1, OPTIONS, seed=3), description, folder)
    return load_exported(folder)


def test_every_held_out_examination_gets_its_score(study: ExaminationIndex, model: ExportedModel) -> None:
    held_out = study.of_split("held-out")
    scores = score_model(model, study, held_out).scores
    assert [score.exam_id for score in scores] == ["e03", "e04", "e05"]
    assert {score.data_range for score in scores} == {20.0}
    assert np.isnan(scores[1].lesion_cbv_real)
    name = held_out[0].exam_id
    expected = score_examination(
        np.array(study.array(name, "cbv")),
        model({"t1c": np.array(study.array(name, "t1c"))[np.newaxis]})[0],
        np.array(study.array(name, "mask")),
        np.array(study.array(name, "seg")),
        voxel_ml=0.016,
        data_range=20.0,
        model="encdec-t1c",
        exam_id="e03",
        subject_id="p03",
        diagnosis=held_out[0].diagnosis,
        target_unit="mL/100g",
    )
    assert scores[0] == expected


def test_the_maps_asked_for_are_kept_and_survive_the_way_through_a_file(
    study: ExaminationIndex, model: ExportedModel, tmp_path: Path
) -> None:
    maps = score_model(model, study, study.of_split("held-out"), frozenset({"e05", "e03"})).maps
    write_examples(tmp_path / "examples.npz", maps)
    with np.load(tmp_path / "examples.npz", allow_pickle=False) as stored:
        assert stored.files == ["e03", "e05"]
        assert stored["e05"].shape == SHAPE
        assert stored["e05"].dtype == np.float32
        assert np.array_equal(stored["e05"], maps["e05"])


def test_a_model_of_another_unit_or_preprocessing_does_not_score(
    study: ExaminationIndex, model: ExportedModel
) -> None:
    held_out = study.of_split("held-out")
    with pytest.raises(UnitError, match="answers in mL/100g, the examinations are in relative"):
        score_model(model, replace(study, target_unit=TargetUnit.RELATIVE), held_out)
    with pytest.raises(ModelError, match=f"preprocessing version {PREPROCESSING_VERSION}, found another"):
        score_model(model, replace(study, preprocessing_version="another"), held_out)


def test_examples_are_spread_over_the_diagnoses(tmp_path: Path) -> None:
    examinations = write_study(tmp_path, train=0, held_out=8).examinations
    groups = {item.exam_id: item.diagnosis for item in examinations}
    assert example_ids(examinations, 3) == ("e00", "e01", "e02")
    assert len({groups[name] for name in example_ids(examinations, 3)}) == 3
    rare = [
        replace(item, diagnosis="radionecrosis" if item.exam_id == "e07" else "lymphoma")
        for item in examinations
    ]
    assert example_ids(rare, 3) == example_ids(rare[::-1], 3) == ("e00", "e01", "e07")


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (1, 1), (8, 8), (99, 8)])
def test_never_more_examples_than_asked_for_or_than_there_are(tmp_path: Path, count: int, shown: int) -> None:
    examinations = write_study(tmp_path, train=0, held_out=8).examinations
    assert len(example_ids(examinations, count)) == shown
