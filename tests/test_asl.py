"""The optional sixth sequence, arterial spin labelling, from a phantom's files to a served map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cbvsynth.client.preparation import examination_of_files, prepare_files
from cbvsynth.config import PhantomConfig, PreprocessConfig, TrainConfig, ValidateConfig
from cbvsynth.domain.options import Register, Switch
from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import VolumeError
from cbvsynth.phantom.fill import fill
from cbvsynth.records.examinations import read_index
from cbvsynth.steps import preprocess, train, validate

pytestmark = pytest.mark.tensorflow

MODEL = "encdec-t1c-asl"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asl")
    fill(
        PhantomConfig(
            data=folder / "data",
            receipt=folder / "data.json",
            patients=4,
            matrix=32,
            slices=8,
            damaged=0,
            asl=Switch.ON,
        )
    )
    validate.run(
        ValidateConfig(
            data=folder / "data",
            limits=Path("limits.yaml"),
            out=folder / "validate",
            register=Register.OFF,
            workers=1,
        )
    )
    preprocess.run(
        PreprocessConfig(
            data=folder / "data",
            examinations=folder / "validate" / "examinations.csv",
            out=folder / "preprocess",
            register=Register.OFF,
            workers=1,
        )
    )
    return folder


def test_its_map_is_found_checked_and_kept_in_its_unit(root: Path) -> None:
    index = read_index(root / "preprocess")
    assert index.examinations, (root / "validate" / "report.md").read_text(encoding="utf-8")
    for one in index.examinations:
        assert one.sequences == tuple(Sequence)
        flow = np.asarray(index.array(one.exam_id, "asl"))
        assert flow.min() == 0.0
        assert 25.0 < np.median(flow[np.asarray(index.array(one.exam_id, "mask"), np.bool_)]) < 80.0
    told = (root / "validate" / "report.md").read_text(encoding="utf-8")
    assert "median CBF of arterial spin labelling" in told
    assert "all five and ASL" in (root / "validate" / "report.html").read_text(encoding="utf-8")


def test_a_model_reads_it_under_its_name_and_refuses_another_unit(root: Path) -> None:
    from cbvsynth.records.golden import require_golden
    from cbvsynth.training.saved_model import load_exported

    train.run(
        TrainConfig(
            model=MODEL,
            examinations=root / "preprocess",
            out=root / "train",
            checkpoints=root / "checkpoints",
            epochs=1,
            base_channels=4,
            residual_blocks=1,
        )
    )
    saved = root / "train" / MODEL / "saved_model"
    model = load_exported(saved)
    assert model.description.sequences == (Sequence.T1C, Sequence.ASL)
    assert '"asl": "mL/100 g/min"' in model.description.to_json()
    require_golden(saved, model)

    index = read_index(root / "preprocess")
    exam = index.examinations[0].exam_id
    inputs = {name: np.asarray(index.array(exam, name), np.float32)[np.newaxis] for name in ("t1c", "asl")}
    assert model(inputs).shape == inputs["asl"].shape
    with pytest.raises(VolumeError, match=r"input asl has a mean outside 5-400; expected .* mL/100 g/min"):
        model({**inputs, "asl": inputs["asl"] / 6000.0})  # mL/g/s


def test_a_client_makes_it_ready_as_preprocess_does_and_leaves_out_what_is_no_map_of_flow(
    root: Path,
) -> None:
    data = root / "data"
    index = read_index(root / "preprocess")
    exam = index.examinations[0]
    stem = f"{exam.subject_id}/{exam.session_id}"
    name = stem.replace("/", "_")
    files = {
        "t1c": data / stem / "anat" / f"{name}_ce-gadolinium_T1w.nii",
        "asl": data / stem / "perf" / f"{name}_cbf.nii",
        "mask": data / "derivatives" / "masks" / stem / "anat" / f"{name}_desc-brain_mask.nii",
    }
    prepared = prepare_files(*examination_of_files(files))
    np.testing.assert_array_equal(prepared.inputs[Sequence.ASL], index.array(exam.exam_id, "asl"))

    wrong = prepare_files(*examination_of_files({**files, "asl": data / stem / "dwi" / f"{name}_ADC.nii"}))
    assert Sequence.ASL not in wrong.inputs
    assert "in mL/100 g/min" in wrong.left_out[Sequence.ASL]

    without = prepare_files(*examination_of_files({one: files[one] for one in ("t1c", "mask")}))
    assert Sequence.ASL not in without.left_out, "nobody misses an optional sequence"
