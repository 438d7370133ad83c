"""What passes and what fails in a standing."""

from __future__ import annotations

from cbvsynth.domain.selection.records import Check, Standing


def test_a_check_that_could_not_be_assessed_does_not_fail_a_model():
    def standing(*passed: bool):
        checks = tuple(Check("name", one, None, None, "text") for one in passed)
        return Standing(1, "encdec-t1", "digest", 12, 12, 0.8, 0.1, 0, None, None, checks)

    assert standing(True, None).passes
    assert not standing(True, None, False).passes
    assert standing(True, None, False).failed == ("name",)
    assert standing(True, None).unanswered == ("name",)
