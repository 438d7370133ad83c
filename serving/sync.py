"""`python -m serving.sync` in a checkout: the same program as `cbvsynth serving sync`."""

import sys

from cbvsynth.cli import main

if __name__ == "__main__":
    sys.exit(main(["serving", "sync", *sys.argv[1:]]))
