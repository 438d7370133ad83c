"""What a step would refuse is refused before anything is sent or started."""

from __future__ import annotations

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.definition.package import read_package
from cbvsynth.kubeflow.runs.fitting import require_fitting
from cbvsynth.kubeflow.runs.parameters import arguments_from_text, parameters_of
from tests.kubeflow.checkout import COMMITTED

KNOWN = parameters_of(read_package(COMMITTED))


def test_the_defaults_fit() -> None:
    require_fitting({}, KNOWN)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("epochs=0", "epochs is 0; expected 1 to 1000000"),
        ("split_by=both", "split_by is 'both'; expected one of patient, examination"),
        ("keep_going=true", "keep_going is 'true'; expected one of off, on"),
        ("models=[]", "The sweep is empty"),
        ("models=encdec-t9", "'t9' is not a combination"),
        ("alpha=1", "alpha is 1.0; expected above 0, below 0.5"),
        ("required_baselines=zero", "required_baselines is 'zero'; expected one of"),
        ("max_dropped_share=2", "max_dropped_share is 2.0; expected 0 to 1"),
    ],
)
def test_a_value_that_a_step_would_refuse_is_refused(argument: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        require_fitting(arguments_from_text([argument], KNOWN), KNOWN)
    assert message in str(caught.value)
