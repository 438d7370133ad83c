"""Which version of the registry is meant, by number, label or available sequences; nothing is loaded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cbvsynth.client.local import LocalModels
from cbvsynth.domain.sequences import Combination
from cbvsynth.errors import RegistryError
from cbvsynth.records.selection import read_selection
from tests.registry.conftest import _own_folder, empty_registry
from tests.registry.odd_versions import delete, foreign_version, point
from tests.sync.promoted import MODELS, promoted, sync

__all__ = ["_own_folder", "empty_registry", "promoted"]
pytestmark = pytest.mark.slow


@pytest.fixture
def models(promoted: None) -> Iterator[LocalModels]:
    made = LocalModels("cbvsynth")
    yield made
    made.close()


def test_labels_mean_what_they_mean_behind_a_server(models: LocalModels) -> None:
    """`--local --label canary` was the challenger, which no server has under any label."""
    challenger = foreign_version(model="fcgan-t1c", target_unit="mL/100g")
    canary = foreign_version(model="fcgan-t2", target_unit="mL/100g")
    point("challenger", challenger)
    point("canary", canary)
    sync(mode="champion")  # the canary has no files: it is known by its label here, and left out there
    served = read_selection(MODELS / "selection.json").labels
    found = {label: models.named(0, label).version for label in ("stable", "previous", "canary")}
    assert found == {**served, "canary": canary} == {"stable": 2, "previous": 1, "canary": canary}
    assert models.named(0, "available-t1c").version == 1


@pytest.mark.parametrize("label", ["canary", "challenger", "champion", "available-t2"])
def test_a_label_that_nobody_set_is_refused_by_name(models: LocalModels, label: str) -> None:
    point("challenger", 1)
    with pytest.raises(RegistryError, match=f"no version with the label '{label}'; expected one of stable"):
        models.named(0, label)


def test_a_label_or_number_of_a_deleted_version_is_one_clear_line(models: LocalModels) -> None:
    delete(1, "canary")
    for version, label in ((1, ""), (0, "canary"), (9, "")):
        with pytest.raises(RegistryError, match=r"has no version \d, or not any more"):
            models.named(version, label)
    with pytest.raises(RegistryError, match="no version with the label 'previous'"):
        models.named(0, "previous")


def test_a_version_of_somebody_else_is_refused_where_it_is_asked_for(models: LocalModels) -> None:
    """MLflow's page registers a version without our tags; asking for it ended in a traceback."""
    foreign = foreign_version(model="encdec-t1", target_unit="litres")
    with pytest.raises(RegistryError, match=f"Version {foreign} has the tags model 'encdec-t1' and target"):
        models.named(foreign, "")


def test_such_a_version_is_left_out_of_the_table_and_named_once(
    models: LocalModels, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = foreign_version()
    delete(1, "available-t1c")
    for alias in ("available-t2", "available-t1-t2"):
        point(alias, foreign)
    for _ in range(2):
        table = models.table()
    assert table.best_for(Combination.parse("t2")) is None
    assert table.best_for(Combination.parse("t1c")) is None
    best = table.best_for(Combination.parse("t1-t1c"))
    assert best is not None
    assert best.version == 2
    shown = capsys.readouterr().err
    assert shown.count("warning: ") == 2
    assert f"Version {foreign} has the tags model ''" in shown
    assert "has no version 1, or not any more" in shown
