"""Promotion on PostgreSQL and S3: the very tests that it passes on SQLite."""

from __future__ import annotations

import pytest

from tests.registry.promoters import promote_at_once
from tests.registry.test_candidates import (
    test_every_candidate_has_a_run_and_only_named_models_have_versions,
    test_one_flipped_byte_in_a_model_is_refused,
)
from tests.registry.test_promotion import (
    state,
    test_a_better_candidate_replaces_the_champion_and_rollback_brings_it_back,
    test_a_candidate_that_is_not_better_becomes_challenger_and_moves_no_other_alias,
    test_a_promotion_gives_versions_aliases_and_a_record,
    test_a_verdict_against_another_champion_is_refused,
    test_eight_promotions_at_once_on_a_missing_registry_end_as_one,
    test_evaluate_finds_the_champion_with_its_scores,
    test_other_outcomes_register_nothing_but_runs,
    test_promoting_again_changes_nothing,
    test_the_stored_model_is_the_scored_one_and_carries_its_evidence,
)
from tests.registry.test_rollback import test_rollback_says_when_there_is_nothing_to_go_back_to
from tests.registry.test_tracking import (
    test_settings_scores_curves_and_tables_go_to_a_run_below_the_one_in_the_environment,
)
from tests.registry.trained_models import decide, train

__all__ = [
    "test_a_better_candidate_replaces_the_champion_and_rollback_brings_it_back",
    "test_a_candidate_that_is_not_better_becomes_challenger_and_moves_no_other_alias",
    "test_a_promotion_gives_versions_aliases_and_a_record",
    "test_a_verdict_against_another_champion_is_refused",
    "test_eight_promotions_at_once_on_a_missing_registry_end_as_one",
    "test_evaluate_finds_the_champion_with_its_scores",
    "test_every_candidate_has_a_run_and_only_named_models_have_versions",
    "test_one_flipped_byte_in_a_model_is_refused",
    "test_other_outcomes_register_nothing_but_runs",
    "test_promoting_again_changes_nothing",
    "test_rollback_says_when_there_is_nothing_to_go_back_to",
    "test_settings_scores_curves_and_tables_go_to_a_run_below_the_one_in_the_environment",
    "test_the_stored_model_is_the_scored_one_and_carries_its_evidence",
]

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("_own_folder")]


def test_eight_machines_that_promote_at_once_make_one_version() -> None:
    """Each made a version of its own of one model: what keeps promoters apart is a lock of one machine."""
    train("encdec-t1c", 0.9)
    decide("encdec-t1c")
    assert promote_at_once(8, "apart") == "0 0 0 0 0 0 0 0"
    aliases, versions = state()
    assert len(versions) == 1
    assert set(aliases.values()) == {versions[0][0]}
