"""One real node for all tests of this room.

Asked for by `make test-node`, which builds what is needed and gives the tests namespaces of their own; where
either is missing, tests fail.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster import debian, programs
from tests.cluster.control_plane import ELSEWHERE, control_plane
from tests.cluster.kubectl import Kubectl
from tests.cluster.node.build import PROGRAMS
from tests.cluster.node.machine import Machine, machine, make_network
from tests.cluster.node.names import serve_names


@pytest.fixture(scope="session")
def node() -> Iterator[Machine]:
    """A cluster with one real node that knows names."""
    lacks = programs.missing(PROGRAMS) + ([] if debian.folder().is_dir() else ["Debian's packages"])
    if lacks:
        pytest.fail(f"{', '.join(lacks)} not in {programs.home()}; `make test-node` builds them")
    make_network()
    with control_plane(ELSEWHERE) as cluster, machine(cluster) as found:
        serve_names(found.admin)
        yield found
    assert not cluster.folder.exists()


@pytest.fixture(scope="session")
def kubectl(node: Machine) -> Kubectl:
    """The administrator's."""
    return node.admin
