"""The sweep's list in params.yaml is changed, and nothing else."""

from pathlib import Path

import pytest
import yaml

from cbvsynth.errors import UsageError
from cbvsynth.records.parameters import read_sweep_models, write_sweep_models

AROUND = """\
# What a run does.
train:
  epochs: 8 # the paper: 500
  models: not these

# The models to train.
{sweep}

evaluate: {{alpha: 0.05}}   # level
"""

BLOCK = """\
sweep: # chosen by a command
  models: # one a line
    - encdec-t1
    - fcgan-t1 # kept?
  # after the list
"""
FLUSH = "sweep:\n  models:\n  - encdec-t1\n  - fcgan-t1"
FLOW = "sweep:\n  models: [encdec-t1, fcgan-t1]  # short"
EMPTY = "sweep:\n  models: []"
WIDE = "sweep:\n  models: [\n    encdec-t1,\n    fcgan-t1,\n  ]"
ALL_FLOW = "sweep: {models: [encdec-t1]}"


@pytest.mark.parametrize("sweep", [BLOCK, FLUSH, FLOW, EMPTY, WIDE])
@pytest.mark.parametrize("models", [["encdec-t1c"], ["fcgan-t1", "encdec-t1-t1c-adc", "encdec-adc"]])
def test_the_list_is_replaced_and_everything_around_it_stays(
    tmp_path: Path, sweep: str, models: list[str]
) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(AROUND.format(sweep=sweep))
    before = yaml.safe_load(path.read_text())
    assert write_sweep_models(path, models)
    text = path.read_text()
    before["sweep"]["models"] = models
    assert yaml.safe_load(text) == before
    assert read_sweep_models(path) == tuple(models)
    head, tail = AROUND.format(sweep="|").split("|")
    assert text.startswith(head)
    assert text.endswith(tail)


def test_comments_beside_the_list_stay(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(AROUND.format(sweep=BLOCK))
    write_sweep_models(path, ["encdec-t1c"])
    expected = (
        "sweep: # chosen by a command\n  models: # one a line\n    - encdec-t1c # kept?\n  # after the list\n"
    )
    assert expected in path.read_text()


def test_an_empty_list_becomes_one_item_a_line(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("sweep:\n  models: []\n")
    write_sweep_models(path, ["encdec-t1c", "fcgan-t1c"])
    assert path.read_text() == "sweep:\n  models:\n    - encdec-t1c\n    - fcgan-t1c\n"


def test_writing_the_same_list_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(AROUND.format(sweep=FLUSH))
    stamp = path.stat().st_mtime_ns
    assert not write_sweep_models(path, ["encdec-t1", "fcgan-t1"])
    assert path.stat().st_mtime_ns == stamp


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist; name the file"):
        read_sweep_models(tmp_path / "params.yaml")


def test_a_file_that_is_not_yaml_is_reported(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("sweep: [")
    with pytest.raises(UsageError, match="is not YAML"):
        read_sweep_models(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    "text", ["", "train: {}", "sweep: {}", "sweep: []", "sweep:\n  models: all", "sweep:\n  models: {a: b}"]
)
def test_a_file_without_the_list_is_reported(tmp_path: Path, text: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"no list under sweep\.models"):
        write_sweep_models(path, ["encdec-t1"])
    assert path.read_text() == text


def test_a_list_inside_braces_is_refused_rather_than_broken(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(ALL_FLOW)
    with pytest.raises(UsageError, match=r"inside braces"):
        write_sweep_models(path, ["encdec-t1"])
    assert path.read_text() == ALL_FLOW
