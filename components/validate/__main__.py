"""`python -m components.validate`, as DVC runs it: the same program as `cbvsynth validate`."""

import sys

from cbvsynth.cli import main

if __name__ == "__main__":
    sys.exit(main(["validate", *sys.argv[1:]]))
