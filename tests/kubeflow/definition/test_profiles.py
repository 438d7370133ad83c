"""The places to run."""

from __future__ import annotations

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.definition.profiles import LOCAL, find_profile


def test_an_unknown_profile_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="expected one of cluster-gpu, cluster-cpu, kind, local, or a YAML"):
        find_profile("moon")


def test_the_local_profile_trains_one_model_at_a_time() -> None:
    """Two at a time, Kubeflow's local runner leaves print changed for the whole process."""
    assert LOCAL.parallel_trainings == 1
    assert LOCAL.is_local
