"""`python -m components.train`, as DVC runs it: the same program as `cbvsynth train`."""

import sys

from cbvsynth.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
