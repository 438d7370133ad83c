"""What a real node needs, built once: programs of Kubernetes and of Debian, and images.

`make test-node` calls this.
"""

from __future__ import annotations

import sys

from tests.cluster import debian, programs
from tests.cluster.node import images

PROGRAMS = tuple(name for name in programs.BUILT if name != programs.OBJECT_STORE)
"""An object store only our images ask for."""

if __name__ == "__main__":
    programs.build(PROGRAMS)
    debian.unpack()
    images.build()
    sys.stdout.write(f"{programs.home()}\n")
