"""Inputs by number: gains cancel, a later T1C has paler vessels and a brighter lesion."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.domain.sequences import PAPER_SEQUENCES, Sequence
from cbvsynth.evaluation.input_features import LESION, VESSELS, measured_inputs, measured_outputs
from cbvsynth.phantom.case import PhantomCase, make_case
from cbvsynth.phantom.tissues import Diagnosis
from cbvsynth.records.examinations import ExaminationIndex
from tests.registry.trained_models import score
from tests.training.cached_study import write_study


@cache
def case(delay: float) -> PhantomCase:
    return make_case(matrix=32, diagnosis=Diagnosis.LYMPHOMA, t1c_delay_minutes=delay)


def cached(root: Path, made: PhantomCase, gain: float = 1.0) -> ExaminationIndex:
    """The phantom's case in the place of the first examination of a cached study."""
    index = write_study(root, train=1, held_out=1)
    folder = root / "e00"
    for sequence, image in made.images.items():
        factor = 1.0 if sequence is Sequence.ADC else gain
        np.save(folder / f"{sequence}.npy", np.where(made.brain, factor * image, 0).astype(np.float32))
    np.save(folder / "mask.npy", made.brain)
    np.save(folder / "seg.npy", made.lesion)
    first = replace(index.examinations[0], shape=made.brain.shape, spacing_mm=made.spacing_mm)
    return replace(index, examinations=(first,))


def values(index: ExaminationIndex, *sequences: Sequence) -> dict[str, float]:
    found = measured_inputs(index, index.examinations, sequences or PAPER_SEQUENCES)
    assert found.patients == ("p00",)
    return {name: one for name, (one,) in found.values.items()}


def test_a_later_t1c_shows_in_vessels_and_lesion_and_nowhere_else(tmp_path: Path) -> None:
    usual, later = (values(cached(tmp_path / f"{one:g}", case(one))) for one in (5.0, 15.0))
    assert later[VESSELS] < 0.98 * usual[VESSELS]
    assert later[LESION] > 1.1 * usual[LESION]
    unmoved = [name for name in usual if not name.startswith("T1C")]
    assert [later[name] for name in unmoved] == pytest.approx([usual[name] for name in unmoved])


def test_a_receivers_gain_shows_in_the_mean_alone(tmp_path: Path) -> None:
    plain, loud = (values(cached(tmp_path / str(one), case(5.0), one)) for one in (1.0, 3.0))
    assert loud["T2, mean intensity (scaled away)"] == pytest.approx(
        3 * plain["T2, mean intensity (scaled away)"]
    )
    others = [name for name in plain if "scaled away" not in name]
    assert [loud[name] for name in others] == pytest.approx([plain[name] for name in others], rel=1e-5)


def test_only_what_the_model_reads_is_measured_with_field_of_view_and_unit(tmp_path: Path) -> None:
    found = values(cached(tmp_path / "a", case(5.0)), Sequence.ADC)
    assert 700 < found["ADC, median, 1e-6 mm2/s"] < 1200
    assert found["field of view left to right, mm"] == 220
    assert found["voxel foot to head, mm"] == 12
    assert not any(name.startswith("T") for name in found)


def test_outputs_are_the_columns_of_the_scores() -> None:
    found = measured_outputs([score("encdec-t1", number, 0.9) for number in (1, 2)])
    assert found.values["SSIM (3-D, whole volume)"] == (0.9, 0.9)
    assert found.values["lesion CBV, synthetic"] == (4.8, 4.8)
    assert found.patients == ("sub-001", "sub-002")
