"""Which version makes the map, for every set of sequences that may be usable."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from cbvsynth.client.choice import (
    ALL_SEQUENCES,
    LabelTable,
    LiveTable,
    SelectionTable,
    choose,
    insist,
    table_of_server,
)
from cbvsynth.client.connection import Connection
from cbvsynth.domain.selection.availability import champions_by_availability
from cbvsynth.domain.sequences import (
    PAPER_SEQUENCES,
    Combination,
    ModelId,
    Sequence,
    TargetUnit,
    all_combinations,
    all_models,
)
from cbvsynth.errors import ModelError, RefusedError
from cbvsynth.pages.tables.paper import paper_table2
from cbvsynth.records.selection import Selection, ServedVersion, pattern_label
from tests.client.prediction_server import PredictionServer, describe, serve

SCORES = {model: score.mean_pct / 100 for model, score in paper_table2().items()}
VERSIONS = {model: number for number, model in enumerate(all_models(), start=1)}
OVERALL = ModelId.parse("encdec-t1-t1c-adc")


def served(model: ModelId) -> ServedVersion:
    return ServedVersion(VERSIONS[model], model, TargetUnit.ML_PER_100G, "", SCORES[model])


def paper_selection() -> Selection:
    ranked = sorted(all_models(), key=lambda model: -SCORES[model])
    winners = champions_by_availability(ranked, ranked)
    return Selection(
        registered_name="cbvsynth",
        select_by="ssim_3d_whole",
        versions=tuple(served(model) for model in dict.fromkeys(winners.values())),
        patterns={pattern: VERSIONS[model] for pattern, model in winners.items()},
        labels={"stable": VERSIONS[OVERALL]},
    )


def best_by_hand(pattern: Combination) -> ModelId:
    """The rule once more, by looking at every model."""
    usable = [model for model in all_models() if set(model.combination.sequences) <= set(pattern.sequences)]
    return max(usable, key=lambda model: SCORES[model])


def left_out(pattern: Combination) -> dict[Sequence, str]:
    return {name: f"{name} is unfit" for name in PAPER_SEQUENCES if name not in pattern.sequences}


def paper_server() -> PredictionServer:
    selection = paper_selection()
    labels = {pattern_label(pattern): number for pattern, number in selection.patterns.items()}
    versions = {one.version: describe(one.model.slug) for one in selection.versions}
    return PredictionServer(versions, {**labels, **selection.labels})


@pytest.mark.parametrize("pattern", all_combinations(), ids=str)
def test_the_papers_table_gives_the_best_usable_model_for_each_of_the_31_patterns(
    pattern: Combination,
) -> None:
    choice = choose(SelectionTable(paper_selection()), pattern.sequences, left_out(pattern))
    expected = best_by_hand(pattern)
    assert choice.served.model == expected
    assert choice.fallback == (expected != OVERALL)
    missing = [name for name in OVERALL.combination.sequences if name not in pattern.sequences]
    assert choice.fallback == bool(missing)
    for name in missing:
        assert f"{name.label}: {name} is unfit" in choice.reason
    for name in set(Sequence) - set(OVERALL.combination.sequences):
        assert f"{name.label}: " not in choice.reason


def test_the_servers_labels_give_the_same_choice_for_each_of_the_31_patterns() -> None:
    with serve(paper_server()) as running:
        connection = Connection(running.address)
        table = table_of_server(connection, "cbvsynth")
        assert isinstance(table, LabelTable)
        for pattern in all_combinations():
            choice = choose(table, pattern.sequences, left_out(pattern))
            assert choice.served.model == best_by_hand(pattern)
            assert choice.served.version == VERSIONS[choice.served.model]
            assert choice.fallback == (choice.served.model != OVERALL)


def test_the_papers_case_of_a_metal_artefact_is_explained() -> None:
    usable = [name for name in PAPER_SEQUENCES if name is not Sequence.ADC]
    choice = choose(SelectionTable(paper_selection()), usable, {Sequence.ADC: "ruled out by --unusable"})
    assert choice.reason == (
        f"encdec-t2-t1c, version {VERSIONS[ModelId.parse('encdec-t2-t1c')]}, is the best for T1 + T2 + T1C + "
        "T2-FLAIR (selection.json, by ssim_3d_whole). It stands in for encdec-t1-t1c-adc, version "
        f"{VERSIONS[OVERALL]}, which also needs what is missing here: ADC: ruled out by --unusable."
    )


def test_asl_beside_models_that_do_not_read_it_changes_no_choice() -> None:
    table = SelectionTable(paper_selection())
    for pattern in all_combinations():
        with_asl = choose(table, (*pattern.sequences, Sequence.ASL), left_out(pattern))
        assert with_asl.served == choose(table, pattern.sequences, left_out(pattern)).served


def test_a_model_that_reads_asl_is_chosen_where_there_is_one_and_missed_where_it_is_not() -> None:
    """ASL is no part of the 31 sets; with such a model among the winners there are 63."""
    best = ModelId.parse("encdec-t1-t1c-asl")
    winners = champions_by_availability([best, OVERALL], [best, OVERALL])
    assert len(winners) == sum(
        {"t1", "t1c"} <= set(one.sequences) and bool({"asl", "adc"} & set(one.sequences)) for one in winners
    )
    numbers = {best: 1, OVERALL: 2}
    selection = Selection(
        "cbvsynth",
        "ssim_3d_whole",
        tuple(ServedVersion(number, model, TargetUnit.ML_PER_100G) for model, number in numbers.items()),
        {pattern: numbers[model] for pattern, model in winners.items()},
        {"stable": 1},
    )
    whole = choose(SelectionTable(selection), tuple(Sequence), {})
    assert (whole.served.model, whole.fallback) == (best, False)
    without = choose(SelectionTable(selection), PAPER_SEQUENCES, {})
    assert (without.served.model, without.fallback) == (OVERALL, True)
    assert without.reason.endswith("which also needs what is missing here: ASL: not given.")


def partial() -> Selection:
    """Only one model passed the gate."""
    return Selection(
        "cbvsynth", "ssim_3d_whole", (served(OVERALL),), {Combination(PAPER_SEQUENCES): VERSIONS[OVERALL]}, {}
    )


def test_a_pattern_for_which_no_model_passed_is_refused_with_reasons() -> None:
    pattern = Combination.parse("t1-t1c")
    with pytest.raises(ModelError, match=r"from T1 \+ T1C alone \(T2: t2 is unfit; .*ADC: adc is unfit\)"):
        choose(SelectionTable(partial()), pattern.sequences, left_out(pattern))


def test_a_pattern_without_a_label_is_not_served_by_a_model_that_the_gate_did_not_choose() -> None:
    server = PredictionServer(
        {1: describe("encdec-t1-t1c-adc"), 2: describe("encdec-t1")}, {pattern_label(ALL_SEQUENCES): 1}
    )
    with serve(server) as running, pytest.raises(ModelError, match="from T1 alone"):
        choose(table_of_server(Connection(running.address), "cbvsynth"), (Sequence.T1,), {})


def test_a_table_that_lists_a_better_model_of_fewer_sequences_is_obeyed_and_not_called_a_fallback() -> None:
    t1, both = ModelId.parse("encdec-t1"), ModelId.parse("encdec-t1-t2")
    patterns = {ALL_SEQUENCES: VERSIONS[t1], Combination.parse("t1-t2"): VERSIONS[both]}
    table = SelectionTable(Selection("m", "ssim_3d_whole", (served(t1), served(both)), patterns, {}))
    choice = choose(table, (Sequence.T1, Sequence.T2), {})
    assert (choice.served.model, choice.fallback) == (both, False)
    assert "is listed as the best for T1 + T2" in choice.reason


def live(stable: int = 0) -> LiveTable:
    slugs = {1: "encdec-t1", 2: "fcgan-t1", 3: "encdec-t1-t2", 4: "encdec-t1c"}
    return LiveTable(
        tuple(ServedVersion(n, ModelId.parse(slug), TargetUnit.ML_PER_100G) for n, slug in slugs.items()),
        stable,
    )


@pytest.mark.parametrize(
    ("stable", "usable", "expected"),
    [
        (0, "t1", 2),
        (1, "t1", 1),
        (0, "t1-t2-t1c", 3),
        (4, "t1-t2-t1c", 4),
        (4, "t1-t2", 3),
        (0, "t1c-adc", 4),
    ],
)
def test_without_a_table_stable_comes_first_then_most_sequences_then_the_newest(
    stable: int, usable: str, expected: int
) -> None:
    found = live(stable).best_for(Combination.parse(usable))
    assert found is not None
    assert found.version == expected


def test_without_a_table_an_unusable_set_has_no_version() -> None:
    assert live(1).best_for(Combination.parse("adc")) is None


def test_a_server_set_up_by_hand_is_asked_what_its_versions_need() -> None:
    server = PredictionServer({3: describe("encdec-t1"), 5: describe("encdec-t1-t2")}, {"stable": 3})
    with serve(server) as running:
        table = table_of_server(Connection(running.address), "cbvsynth")
        assert isinstance(table, LiveTable)
        choice = choose(table, tuple(Sequence), {})
    assert (choice.served.version, choice.fallback) == (3, False)
    assert "scores are not known" in choice.reason


def test_versions_of_other_projects_and_versions_just_unloaded_are_passed_over() -> None:
    class Mixed(PredictionServer):
        def predict(self, request: Any, context: grpc.ServicerContext) -> Any:
            if request.model_spec.version.value == 1:
                context.abort(
                    grpc.StatusCode.FAILED_PRECONDITION, 'Serving signature key "describe" not found.'
                )
            if request.model_spec.version.value == 2:
                context.abort(
                    grpc.StatusCode.NOT_FOUND, "Servable not found for request: Specific(cbvsynth, 2)"
                )
            return super().predict(request, context)

    versions = {number: describe("encdec-t1") for number in (1, 2, 3)}
    with serve(Mixed(versions)) as running:
        table = table_of_server(Connection(running.address), "cbvsynth")
    assert isinstance(table, LiveTable)
    assert [one.version for one in table.versions] == [3]


def test_a_server_without_a_model_of_this_project_is_refused() -> None:
    with serve(PredictionServer({})) as running, pytest.raises(ModelError, match="no version of 'cbvsynth'"):
        table_of_server(Connection(running.address), "cbvsynth")


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.PERMISSION_DENIED])
def test_other_refusals_are_not_mistaken_for_a_missing_label(code: grpc.StatusCode) -> None:
    with serve(paper_server()) as running:
        running.refusals.append((code, "no"))
        with pytest.raises(RefusedError, match="no"):
            table_of_server(Connection(running.address), "cbvsynth")


def test_a_version_that_was_asked_for_is_used_when_its_sequences_are_there() -> None:
    choice = insist(served(OVERALL), (Sequence.T1, Sequence.T1C, Sequence.ADC), {})
    assert not choice.fallback
    assert choice.reason == f"encdec-t1-t1c-adc, version {VERSIONS[OVERALL]}, was asked for."


def test_a_version_that_was_asked_for_is_never_replaced_in_silence() -> None:
    with pytest.raises(ModelError, match="needs what is missing here: T1C: not given; ADC: constant"):
        insist(served(OVERALL), (Sequence.T1,), {Sequence.ADC: "constant"})
