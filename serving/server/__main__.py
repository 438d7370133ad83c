"""`python -m serving.server` in a checkout: the same program as `cbvsynth-server`."""

import sys

from cbvsynth.server.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
