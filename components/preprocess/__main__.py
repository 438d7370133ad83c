"""`python -m components.preprocess`, as DVC runs it: the same program as `cbvsynth preprocess`."""

import sys

from cbvsynth.cli import main

if __name__ == "__main__":
    sys.exit(main(["preprocess", *sys.argv[1:]]))
