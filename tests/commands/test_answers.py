"""What programs read is JSON, whatever the numbers are."""

from __future__ import annotations

import json
import math

import pytest

from cbvsynth.commands.answers import print_json


def test_numbers_that_are_none_are_null(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"sd": math.nan, "rows": [{"mean": math.inf}, (1.5, "±", None)]})
    assert json.loads(capsys.readouterr().out) == {"sd": None, "rows": [{"mean": None}, [1.5, "±", None]]}
