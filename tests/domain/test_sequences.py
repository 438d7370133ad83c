"""The 31 combinations and the 62 models."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbvsynth.domain.sequences import (
    Algorithm,
    Combination,
    ModelId,
    Sequence,
    all_combinations,
    all_models,
    availability_patterns,
    further_models,
    patterns_like,
    select_models,
)
from cbvsynth.errors import UsageError

some_sequences = st.lists(st.sampled_from(list(Sequence)), min_size=1, unique=True).map(tuple)


def test_five_sequences_have_31_combinations_and_62_models() -> None:
    combinations = all_combinations()
    assert len(combinations) == len(set(combinations)) == 31
    assert [sum(len(c.sequences) == size for c in combinations) for size in range(1, 6)] == [5, 10, 10, 5, 1]
    assert len(all_models()) == len(set(all_models())) == 62
    assert len({model.slug for model in all_models()}) == 62


def test_asl_is_asked_for_by_name_and_lengthens_no_list_of_the_papers() -> None:
    assert all(Sequence.ASL not in one.sequences for one in all_combinations())
    assert select_models(["all"]) == select_models(["*"]) == all_models()
    chosen = select_models(["encdec-t1-t1c-asl", "encdec-t1", "fcgan-asl"])
    assert [one.slug for one in chosen] == ["encdec-t1", "fcgan-asl", "encdec-t1-t1c-asl"]
    assert chosen[-1].label == "Encoder-decoder, MAE: T1 + T1C + ASL"
    assert len(availability_patterns([])) == 31
    assert len(availability_patterns([Sequence.ASL])) == 63
    assert len(patterns_like(["t1", "t1-adc"])) == 31
    assert len(patterns_like(["t1", "t1-asl"])) == 63


def test_combinations_come_in_the_papers_order() -> None:
    slugs = [combination.slug for combination in all_combinations()]
    assert slugs[:9] == ["t1", "t2", "t1c", "flair", "adc", "t1-t2", "t1-t1c", "t1-flair", "t1-adc"]
    assert slugs[-6:] == [
        "t1-t2-t1c-flair",
        "t1-t2-t1c-adc",
        "t1-t2-flair-adc",
        "t1-t1c-flair-adc",
        "t2-t1c-flair-adc",
        "t1-t2-t1c-flair-adc",
    ]


def test_both_algorithms_of_a_combination_stand_side_by_side() -> None:
    models = all_models()
    for first, second in zip(models[::2], models[1::2], strict=True):
        assert first.combination == second.combination
        assert (first.algorithm, second.algorithm) == (Algorithm.FCGAN, Algorithm.ENCDEC)


@given(some_sequences)
def test_the_order_in_which_sequences_are_given_does_not_matter(sequences: tuple[Sequence, ...]) -> None:
    combination = Combination(sequences)
    assert combination == Combination(tuple(reversed(sequences)))
    assert list(combination.sequences) == [sequence for sequence in Sequence if sequence in sequences]
    assert Combination.parse("-".join(sequences)) == combination


def test_further_algorithms_are_none_of_the_papers_and_come_after_them() -> None:
    """`all` is the paper's sweep, whatever else can be trained."""
    assert not set(further_models()) & set(all_models())
    assert {model.algorithm for model in (*all_models(), *further_models())} == set(Algorithm)
    assert [model.slug for model in select_models(["flow-t1", "encdec-t1c"])] == ["encdec-t1c", "flow-t1"]


def test_models_of_one_training_for_all_share_it() -> None:
    one, other, gan = (ModelId.parse(slug) for slug in ("any-t1", "any-t2-adc", "fcgan-t1"))
    assert one.training == other.training == "any-of-t1-t2-t1c-flair-adc"
    assert one.trained_on == all_combinations()[-1]
    assert (one.sharers, gan.sharers) == (31, 1)
    assert (gan.training, gan.trained_on) == ("fcgan-t1", Combination.parse("t1"))
    assert one.training not in {model.slug for model in (*all_models(), *further_models())}


@pytest.mark.parametrize("model", [*all_models(), *further_models()], ids=str)
def test_every_slug_reads_back(model: ModelId) -> None:
    assert ModelId.parse(model.slug) == model
    assert ModelId.parse(f"  {model.slug.upper()} ") == model
    assert Combination.parse(str(model.combination)) == model.combination
    assert str(model) == model.slug


def test_names_for_people_are_the_papers() -> None:
    assert ModelId.parse("encdec-t1-t1c-adc").label == "Encoder-decoder, MAE: T1 + T1C + ADC"
    assert ModelId.parse("fcgan-flair").label == "Feature-consistency GAN: T2-FLAIR"


def test_a_combination_is_usable_where_all_its_sequences_are_available() -> None:
    combination = Combination.parse("t1-adc")
    assert combination.usable_with(Sequence)
    assert combination.usable_with([Sequence.ADC, Sequence.T1])
    assert not combination.usable_with([Sequence.T1])
    assert not combination.usable_with([])


@pytest.mark.parametrize(
    ("slug", "message"),
    [
        ("t1-t3", "'t3' is not a sequence"),
        ("", "'' is not a sequence"),
        ("t1--adc", "'' is not a sequence"),
        ("t1,adc", "'t1,adc' is not a sequence"),
        ("t1-t1", "names a sequence twice"),
        ("t1-adc-T1", "names a sequence twice"),
    ],
)
def test_what_is_no_combination_is_refused_with_the_choices(slug: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Combination.parse(slug)


def test_a_combination_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="no sequences; give at least one of t1, t2, t1c, flair, adc"):
        Combination(())


@pytest.mark.parametrize("slug", ["t1-t1c", "gan-t1", "encdec", "encdec-", "", "-t1", "encdec_t1"])
def test_what_does_not_start_with_an_algorithm_is_no_model(slug: str) -> None:
    with pytest.raises(UsageError, match="is not a model: it must start with fcgan or encdec"):
        ModelId.parse(slug)


def test_a_model_of_unknown_sequences_is_refused() -> None:
    with pytest.raises(UsageError, match="'dwi' is not a sequence"):
        ModelId.parse("encdec-t1-dwi")


def test_all_selects_every_model_even_beside_others() -> None:
    assert select_models(["all"]) == all_models()
    assert select_models(["encdec-t1", " ALL "]) == all_models()


@pytest.mark.parametrize(
    ("patterns", "count"),
    [
        (["encdec-*"], 31),
        (["*"], 62),
        (["*-t1c"], 8),
        (["fcgan-t?"], 2),
        (["encdec-t[12]"], 2),
        (["ENCDEC-T1C"], 1),
        (["encdec-t1", "encdec-t1", "encdec-*"], 31),
        (["flow-*"], 31),
        (["flow-t?c", "encdec-t1"], 2),
        (["flow-t1-adc"], 1),
    ],
)
def test_globs_select_models(patterns: list[str], count: int) -> None:
    assert len(select_models(patterns)) == count


@given(st.lists(st.sampled_from(all_models()), min_size=1, max_size=8))
def test_a_selection_has_each_model_once_in_the_order_of_all(models: list[ModelId]) -> None:
    chosen = select_models(model.slug for model in models)
    assert set(chosen) == set(models)
    assert list(chosen) == [model for model in all_models() if model in chosen]


def test_sequences_of_a_named_model_may_stand_in_any_order() -> None:
    assert select_models(["encdec-adc-t1"]) == (ModelId.parse("encdec-t1-adc"),)


@pytest.mark.parametrize("patterns", [[], [""], ["  ", ""]])
def test_an_empty_sweep_is_refused(patterns: list[str]) -> None:
    with pytest.raises(UsageError, match="The sweep is empty"):
        select_models(patterns)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("encdec-t3*", "fits no model"),
        ("encdec-t9", "'t9' is not a sequence"),
        ("al", "is not a model"),
    ],
)
def test_a_pattern_that_fits_nothing_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        select_models(["encdec-t1", pattern])


@pytest.mark.parametrize("pattern", ["all", "encdec-t1"])
def test_a_wrong_name_is_refused_whatever_stands_before_it(pattern: str) -> None:
    """After 'all' the remaining patterns used not to be looked at."""
    with pytest.raises(UsageError, match="'nonsense' is not a model"):
        select_models([pattern, "nonsense"])
