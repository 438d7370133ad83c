"""The model card: its figures are the scores', its classes are whole, its limits are said."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.domain.region_errors import RegionError, RegionKind
from cbvsynth.domain.uncertainty import ExamUncertainty
from cbvsynth.pages.model_card import by_diagnosis, by_size, model_card
from cbvsynth.records.origins import BY_PHANTOM, NOT_RECORDED, Origin
from cbvsynth.records.summaries import read_summary
from cbvsynth.signature import RESEARCH_NOTE
from tests.registry.trained_models import decide, score, train

MODEL = "encdec-t1c"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train(MODEL, 0.9)
    train("encdec-t2", 0.8)
    return read_summary(tmp_path / "artifacts/train" / MODEL / "summary.json"), decide(MODEL)


def scores():
    kinds = [("metastasis", 4.0)] * 2 + [("high-grade glioma", 9.999), ("high-grade glioma", 10.0)]
    kinds += [("high-grade glioma", 20.0)] * 4 + [("", math.nan)]
    rows = [
        replace(score(MODEL, n, 0.9), diagnosis=name, lesion_volume_ml=ml)
        for n, (name, ml) in enumerate(kinds)
    ]
    return [*rows[:-1], replace(rows[-1], lesion_cbv_real=math.nan, lesion_cbv_synthetic=math.nan)]


def test_classes_hold_every_examination_once_on_both_sides_of_each_limit():
    assert [(name, len(group)) for name, group in by_size(scores())] == [
        ("below 10 mL", 3),
        ("10 to 20 mL", 1),
        ("20 mL and more", 4),
    ]
    assert [(name, len(group)) for name, group in by_diagnosis(scores())] == [
        ("high-grade glioma", 6),
        ("metastasis", 2),
        ("not given", 1),
    ]


def test_the_card_of_a_model_that_says_how_sure_it_is_says_what_that_is_worth(made):
    rows = [ExamUncertainty("a", "p1", "lymphoma", 0.5, 1.0, 0.9, 3.0, 4.0, 0.5)]
    card = model_card(made[0], scores(), made[1], uncertainty=rows)
    assert "## How sure it is" in card
    assert "1 of 1" in card.partition("## How sure it is")[2], "undecided at 4.25"
    assert "## How sure it is" not in model_card(made[0], scores(), made[1])


def test_the_card_says_what_for_from_what_how_good_and_where_it_ends(made):
    card = model_card(made[0], scores(), made[1])
    for said in (
        RESEARCH_NOTE,
        "Not for diagnosis",
        "in mL/100 g from T1C of one",
    ):
        assert said in card
    assert (
        "| all examinations | 9 | 9 | 80.0 ± 0.0 | 0.50 ± 0.00 | 5.00 ± 0.00 | -0.20 ± 0.00 | 0.20 ± 0.00 |"
        in card
    )
    assert "| metastasis (few) | 2 | 2 |" in card
    assert "| 10 to 20 mL (few) | 1 | 1 | 80.0 | 0.50 | 5.00 | -0.20 | 0.20 |" in card
    assert "| not given (few) | 1 | 1 | 80.0 | 0.50 | – | – | – |" in card
    assert "Lesions held out: 4.0 to 20.0 mL" in card
    assert "At least one diagnosis has fewer than 5" in card
    assert "- learning_rate: 0.001" in card
    assert made[0].saved_model_digest in card
    assert "phantom" not in card


def test_what_the_model_learned_from_is_said_or_said_to_be_unknown(made):
    """The card asked artifacts/data.json, and without it a phantom's model passed for any other."""
    of_phantom = replace(made[0], origin=Origin(BY_PHANTOM, 7, "abc"))
    card = model_card(of_phantom, scores(), made[1])
    assert "**A digital phantom.**" in card
    assert "- Origin: digital phantom, seed 7, digest abc" in card
    unknown = model_card(replace(made[0], origin=NOT_RECORDED), scores(), made[1])
    assert "**Origin not recorded.**" in unknown
    assert "- Origin: not recorded" in unknown
    assert "- Origin: a study of the user's" in model_card(made[0], scores(), made[1])


def test_what_the_gate_asked_stands_on_the_candidates_card_only(made, tmp_path):
    other = read_summary(tmp_path / "artifacts/train/encdec-t2/summary.json")
    assert made[1].text in model_card(made[0], scores(), made[1])
    assert made[1].text not in model_card(other, scores(), made[1])
    assert "It failed no guard." in model_card(other, scores(), made[1])
    failed = replace(made[1], failed_guards={"encdec-t2": ("lesion-slope", "brain-scale")})
    assert "Failed: lesion-slope, brain-scale." in model_card(other, scores(), failed)


def test_a_loosened_gate_is_loud_on_every_card(made, tmp_path):
    """A model could pass by `max_lesion_bias=10`, and its card did not say so."""
    loose = replace(made[1], loosened=("max_lesion_bias is 10, at most 1 expected",))
    other = read_summary(tmp_path / "artifacts/train/encdec-t2/summary.json")
    for summary in (made[0], other):
        assert "**LOOSENED GATE: max_lesion_bias is 10, at most 1 expected." in model_card(
            summary, scores(), loose
        )


def test_lesions_on_the_wrong_side_and_where_it_errs_stand_on_the_card(made):
    row = RegionError("e0", "p0", RegionKind.TISSUE, "white matter", 100, 1.25, -0.5)
    card = model_card(made[0], scores(), made[1], [row])
    assert "| diagnosis | lesions | patients | high by real CBV | on the wrong side |" in card
    assert "| tissue outside the lesion | white matter | 1 | 1.25 | -0.50 |" in card
    assert "## Where it errs" not in model_card(made[0], scores(), made[1])


def test_the_same_model_has_the_same_card_and_no_lesion_is_no_error(made):
    without = [replace(row, lesion_cbv_real=math.nan, lesion_cbv_synthetic=math.nan) for row in scores()]
    card = model_card(made[0], without, made[1])
    assert card == model_card(made[0], without, made[1])
    assert "Lesions held out: no lesion is segmented" in card
    assert "| 20 mL and more | 0 | 0 | – | – | – | – | – |" in card


def test_a_relative_target_is_called_relative(made):
    card = model_card(replace(made[0], target_unit="relative"), scores(), made[1])
    assert "The target is relative CBV" in card
    assert "mL/100 g" not in card


def test_promote_needs_no_package_for_pictures():
    code = (
        "import sys, cbvsynth.steps.promote\n"
        "print(sorted({'matplotlib', 'jinja2', 'tensorflow', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
