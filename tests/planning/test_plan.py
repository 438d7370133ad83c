"""The plan of a run tells what the run would have told after hours."""

from __future__ import annotations

import re

from cbvsynth.config import EvaluateConfig, PreprocessConfig, ValidateConfig
from cbvsynth.domain.options import Register
from cbvsynth.domain.sequences import Sequence, TargetUnit
from cbvsynth.planning.plan import Side, plan_run
from tests.planning.studies import IMAGE, examination, settings, study

WITHOUT_ADC = {one: IMAGE for one in Sequence if one is not Sequence.ADC}


def test_a_study_that_is_large_enough_has_no_obstacle() -> None:
    plan = plan_run(settings(), study(40))
    assert plan.obstacles == ()
    assert plan.warnings == ()
    assert (plan.study, plan.judged) == (Side(40, 40), Side(12, 12))
    assert [(one.model, one.train, one.held_out) for one in plan.models] == [
        ("encdec-t1c", Side(28, 28), Side(12, 12)),
        ("fcgan-t1c-adc", Side(28, 28), Side(12, 12)),
    ]
    assert plan.sequences["ADC"] == 40
    assert plan.units == ("mL/100g",)


def test_too_few_held_out_examinations_are_told_with_what_to_change() -> None:
    """A study of 14 patients trained every model before the gate said that it asks for 10."""
    plan = plan_run(settings(), study(28))
    (obstacle,) = plan.obstacles
    assert "8 held-out examinations of 8 patients would be judged" in obstacle
    assert "asks for 10" in obstacle
    share = float(re.search(r"held_out_share (0\.\d+)", obstacle)[1])
    again = plan_run(settings(preprocess=PreprocessConfig(held_out_share=share)), study(28))
    assert again.obstacles == ()


def test_where_no_share_helps_the_plan_says_so() -> None:
    (obstacle,) = plan_run(settings(), study(14)).obstacles
    assert "No share up to 0.5 is enough: add examinations" in obstacle


def test_the_limit_of_the_settings_counts_on_both_sides() -> None:
    assert plan_run(settings(evaluate=EvaluateConfig(min_examinations=12)), study(40)).obstacles == ()
    assert plan_run(settings(evaluate=EvaluateConfig(min_examinations=13)), study(40)).obstacles


def test_the_gate_judges_what_every_model_can_be_scored_on() -> None:
    """One model that needs ADC takes the examinations without it out of the comparison of all."""
    whole = study(40)
    examinations = tuple(
        examination(number, inputs=WITHOUT_ADC) if number % 2 else one
        for number, one in enumerate(whole.examinations)
    )
    plan = plan_run(settings(), type(whole)(whole.source, whole.layout, examinations, 1000))
    t1c, adc = plan.models
    assert t1c.held_out == Side(12, 12)
    assert adc.held_out.examinations < 12
    assert plan.judged == adc.held_out
    assert "cannot pass" in plan.obstacles[0]


def test_a_model_without_any_examination_is_named() -> None:
    plan = plan_run(settings(), study(40, inputs=WITHOUT_ADC))
    assert plan.obstacles[0].startswith(
        "fcgan-t1c-adc would have no examination to learn from and to be scored on"
    )


def test_a_study_without_cbv_teaches_nothing() -> None:
    plan = plan_run(settings(), study(40, cbv=None))
    assert "would have no examination to learn from" in plan.obstacles[0]
    assert plan.cbv_maps == 0


def test_a_split_with_an_empty_side_is_told_as_preprocess_would() -> None:
    (obstacle,) = plan_run(settings(), study(1)).obstacles
    assert "leaves 'held-out' empty" in obstacle


def test_two_units_are_two_studies() -> None:
    whole = study(40)
    examinations = (examination(0, target_unit=TargetUnit.RELATIVE), *whole.examinations[1:])
    plan = plan_run(settings(), type(whole)(whole.source, whole.layout, examinations, 1000))
    assert any("expected one unit" in one for one in plan.obstacles)


def test_what_the_gate_will_leave_open_is_a_warning() -> None:
    assert (
        "no held-out examination has a segmentation" in plan_run(settings(), study(40, seg=None)).warnings[0]
    )
    warnings = plan_run(settings(), study(40, diagnosis="Glioblastom")).warnings
    assert [one.partition(":")[0] for one in warnings] == [
        "0 held-out patients of high perfusion (high-grade glioma)",
        "0 held-out patients of low perfusion (low-grade glioma, metastasis, radionecrosis, lymphoma)",
    ]


def test_what_is_off_the_wish_is_a_warning() -> None:
    """Another seed held out 44 % of a small study, with a warning in mid-log."""
    plan = plan_run(settings(), study(40, split="train"))
    assert "leaves 'held-out' empty" in plan.obstacles[0]
    register = plan_run(settings(validate=ValidateConfig(register=Register.OFF)), study(40))
    assert "validate.register is off" in register.warnings[0]
    relative = plan_run(settings(), study(40, target_unit=TargetUnit.RELATIVE))
    assert "CBV is relative" in relative.warnings[0]
    half = plan_run(settings(), _prescribed(40, held_out=18))
    assert "45% of the examinations are held out, 30% were wanted" in half.warnings


def _prescribed(patients: int, held_out: int) -> object:
    whole = study(patients)
    examinations = tuple(
        examination(number, split="held-out" if number < held_out else "train") for number in range(patients)
    )
    return type(whole)(whole.source, whole.layout, examinations, 1000)
