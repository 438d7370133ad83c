"""Our reading of a graph against TensorFlow's own, on real SavedModels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cbvsynth.errors import ModelError
from cbvsynth.sync.graph import FIELDS, POOL, read_graph, require_arithmetic
from cbvsynth.training import operations

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SavedModels: one that calculates, with checks and functions, and one that reads a file."""
    from tests.server.saved_models import save_reader, save_slow, save_sum

    folder = tmp_path_factory.mktemp("graphs")
    save_sum(folder / "sum")
    save_slow(folder / "loop", turns=3)
    save_reader(folder / "reader")
    return folder


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_the_published_number_and_type(name: str) -> None:
    from tensorflow.core.protobuf import saved_model_pb2

    ours = POOL.FindMessageTypeByName(f"tensorflow.{name}")
    published = saved_model_pb2.DESCRIPTOR.pool.FindMessageTypeByName(f"tensorflow.{name}")
    for field in ours.fields:
        other = published.fields_by_name[field.name]
        assert (field.number, field.type) == (other.number, other.type)
        assert field.is_repeated == other.is_repeated


@pytest.mark.parametrize("name", ["sum", "loop", "reader"])
def test_the_same_operations_are_found_in_the_same_places(models: Path, name: str) -> None:
    ours: Any = read_graph(models / name, name)
    theirs = operations.read_model(models / name).meta_graphs[0]
    blocks = operations._blocks(theirs.graph_def)
    assert operations._blocks(ours.graph_def) == blocks
    for roots in (operations._served_roots, operations._storage_roots):
        assert sorted(roots(ours)) == sorted(roots(theirs))
        reached = operations._reached(roots(theirs), theirs.graph_def, blocks)
        assert operations._reached(roots(ours), ours.graph_def, blocks) == reached


@pytest.mark.parametrize("name", ["sum", "loop"])
def test_a_model_that_calculates_is_let_through(models: Path, name: str) -> None:
    require_arithmetic(models / name, name)


def test_a_model_that_reads_a_file_is_not(models: Path) -> None:
    with pytest.raises(ModelError, match="the model: the model holds the operations ReadFile"):
        require_arithmetic(models / "reader", "the model")
