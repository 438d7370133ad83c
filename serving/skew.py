"""`python -m serving.skew` in a checkout: the same program as `cbvsynth serving skew`."""

import sys

from cbvsynth.cli import main

if __name__ == "__main__":
    sys.exit(main(["serving", "skew", *sys.argv[1:]]))
