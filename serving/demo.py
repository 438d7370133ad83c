"""`python -m serving.demo` in a checkout: the same program as `cbvsynth serving demo`."""

import sys

from cbvsynth.cli import main

if __name__ == "__main__":
    sys.exit(main(["serving", "demo", *sys.argv[1:]]))
