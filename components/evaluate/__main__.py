"""`python -m components.evaluate`, as DVC runs it: the same program as `cbvsynth evaluate`."""

import sys

from cbvsynth.cli import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
