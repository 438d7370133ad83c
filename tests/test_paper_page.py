"""docs/paper.md: every place that it names is there, every number from Table 2 is Table 2's."""

import re
from pathlib import Path

import pytest

from cbvsynth.cli import all_commands
from cbvsynth.config import TrainConfig
from cbvsynth.domain.sequences import Algorithm, ModelId, Sequence
from cbvsynth.pages.tables.paper import paper_table2
from tests.domain.statistics import test_reclassification, test_roc

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/paper.md").read_text(encoding="utf-8")


def best(models):
    return max(models, key=lambda model: paper_table2()[model].mean_pct)


@pytest.mark.parametrize(
    "place", sorted(set(re.findall(r"`((?:src|tests|docs)/[\w./]+|limits\.yaml)`", PAGE)))
)
def test_every_place_named_is_there(place):
    assert (ROOT / place).exists()


def test_every_flag_and_command_named_exists():
    for flag in re.findall(r"`--(\w+)`", PAGE):
        assert flag in TrainConfig.__dataclass_fields__
    for command in re.findall(r"`cbvsynth ([a-z -]+)`", PAGE):
        words = command.split(" --")[0]
        assert any(name == words or name.startswith(f"{words} ") for name in all_commands()), command


def test_the_best_model_is_no_gan():
    winner = best(paper_table2())
    gan = best([model for model in paper_table2() if model.algorithm is Algorithm.FCGAN])
    assert (winner.slug, paper_table2()[winner].mean_pct) == ("encdec-t1-t1c-adc", 86.29)
    assert (gan.slug, paper_table2()[gan].mean_pct) == ("fcgan-t1-t1c-adc", 86.19)
    assert (86.29 - 86.19) / paper_table2()[winner].sd_pct == pytest.approx(1 / 40, rel=0.1)


def test_the_best_without_adc_is_no_gan_either():
    without = [model for model in paper_table2() if Sequence.ADC not in model.combination.sequences]
    assert best(without) == ModelId.parse("encdec-t2-t1c")
    assert paper_table2()[best(without)].mean_pct == 86.07


def test_seven_of_ten_held_out_examinations_have_a_sibling_in_training_with_two_a_patient():
    assert pytest.approx(0.7, abs=0.005) == 529 / 755
    assert 529 + 227 == 756 == 818 - 28 - 16 - 18


def test_the_two_z_of_the_worked_example_differ_as_said():
    areas = test_roc.compare_auc(test_roc.TRUTH, test_roc.SECOND, test_roc.FIRST)
    idi = test_reclassification.integrated_discrimination(test_roc.TRUTH, test_roc.FIRST, test_roc.SECOND)
    assert (round(areas.z, 2), round(idi.z, 2)) == (1.67, 6.98)
