"""`python -m components.promote`, as DVC runs it: the same program as `cbvsynth promote`."""

import sys

from cbvsynth.cli import main

if __name__ == "__main__":
    sys.exit(main(["promote", *sys.argv[1:]]))
