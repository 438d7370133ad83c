"""Every case of the table, asked over a real socket; and the page that is made of it."""

from __future__ import annotations

import pytest

from tests.server.compatibility import PAGE, Case, cases, matches, page

CASES = list(cases())


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[f"{case.group}: {case.asked}" for case in CASES])
def test_a_question_is_answered_as_the_table_says(running, case: Case) -> None:
    answer = case.ask(running)
    assert matches(case.expected, answer), answer


@pytest.mark.parametrize("case", CASES, ids=[f"{case.group}: {case.asked}" for case in CASES])
def test_a_difference_has_its_purpose(case: Case) -> None:
    assert bool(case.ours) is bool(case.why)
    assert case.ours != case.production


def test_the_page_is_made_of_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "run python -m tests.server.compatibility"
