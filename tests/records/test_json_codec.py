"""One codec for every JSON file: what goes in comes out, and what is wrong is said in one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cbvsynth.errors import ModelError, ResultError, UsageError
from cbvsynth.records.json_codec import JsonFile, to_json


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Part:
    size: float
    colour: Colour = Colour.RED


@dataclass(frozen=True)
class Whole:
    root: Path
    name: str
    share: float | None
    parts: tuple[Part, ...]
    numbers: Mapping[str, str | int | float]
    by_number: Mapping[int, Part]

    def __post_init__(self) -> None:
        if not self.name:
            raise UsageError("a name is empty; expected letters.")

    @property
    def big(self) -> bool:
        return len(self.parts) > 1


FILE = JsonFile(Whole, "a whole", maker="make", version=3, derived=("big",), outside=("root",))
WHOLE = Whole(
    root=Path("somewhere"),
    name="größe",
    share=None,
    parts=(Part(1.0), Part(1 / 3)),
    numbers={"word": "x", "count": 7, "share": 1e16},
    by_number={7: Part(2.5)},
)
TEXT = """{
  "format": 3,
  "big": true,
  "name": "größe",
  "share": null,
  "parts": [
    {
      "size": 1.0,
      "colour": "red"
    },
    {
      "size": 0.3333333333333333,
      "colour": "red"
    }
  ],
  "numbers": {
    "word": "x",
    "count": 7,
    "share": 1e+16
  },
  "by_number": {
    "7": {
      "size": 2.5,
      "colour": "red"
    }
  }
}
"""


def changed(tmp_path: Path, change: Any) -> Path:
    content = json.loads(TEXT)
    change(content)
    path = tmp_path / "whole.json"
    path.write_text(json.dumps(content))
    return path


def test_a_record_is_these_bytes_and_comes_back(tmp_path: Path) -> None:
    FILE.write(tmp_path / "whole.json", WHOLE)
    assert (tmp_path / "whole.json").read_text(encoding="utf-8") == TEXT
    assert FILE.read(tmp_path / "whole.json", root=Path("somewhere")) == WHOLE


def test_a_whole_number_in_a_mapping_stays_one(tmp_path: Path) -> None:
    FILE.write(tmp_path / "whole.json", WHOLE)
    read = FILE.read(tmp_path / "whole.json", root=Path("somewhere"))
    assert isinstance(read.numbers["count"], int)


def test_a_field_with_a_default_may_be_missing(tmp_path: Path) -> None:
    path = changed(tmp_path, lambda content: content["parts"][0].pop("colour"))
    assert FILE.read(path, root=WHOLE.root) == WHOLE


def test_numpys_numbers_are_written_as_pythons(tmp_path: Path) -> None:
    assert to_json(Part(np.float64(0.5))) == {"size": 0.5, "colour": "red"}


def test_a_number_that_is_none_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        JsonFile(Part, "a part", maker="make").write(tmp_path / "part.json", Part(float("nan")))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_names_what_to_run_or_is_none(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"whole\.json does not exist; run make first\.$"):
        FILE.read(tmp_path / "whole.json")
    assert FILE.read_if_there(tmp_path / "whole.json") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.update(format=4), "has format 4, expected 3"),
        (lambda content: content.pop("format"), "missing required field `format`"),
        (lambda content: content.pop("name"), "missing required field `name`"),
        (lambda content: content.update(name=7), r"Expected `str`, got `int` - at `\$\.name`"),
        (
            lambda content: content.update(share="0.5"),
            r"Expected `float \| null`, got `str` - at `\$\.share`",
        ),
        (lambda content: content.update(share=True), r"got `bool` - at `\$\.share`"),
        (lambda content: content.update(surprise=1), r"unknown field `surprise` - at `\$`"),
        (lambda content: content["parts"][1].update(x=1), r"unknown field `x` - at `\$\.parts\[1\]`"),
        (lambda content: content["by_number"]["7"].update(x=1), r"unknown field `x` - at `\$\.by_number\.7`"),
        (lambda content: content["parts"][1].update(colour="blue"), r"'blue' - at `\$\.parts\[1\]\.colour`"),
        (
            lambda content: content.update(big=False),
            "contradicts itself: `big` is false, the other fields say true",
        ),
        (lambda content: content.pop("big"), "contradicts itself: `big` is null"),
        (lambda content: content.update(share=float("nan")), "JSON is malformed"),
        (lambda content: content.update(name=""), "a name is empty"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_what_to_do(
    tmp_path: Path, change: Any, message: str
) -> None:
    path = changed(tmp_path, change)
    with pytest.raises(
        ResultError,
        match=rf"whole\.json is not a whole \(.*{message}.*expected what make wrote\. Run make again\.$",
    ) as caught:
        FILE.read(path, root=WHOLE.root)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"7", b'{"name": "\xff"}', b"[" * 200_000, b"\xff\xfe{\x00"]
)
def test_bytes_that_are_no_record_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "whole.json").write_bytes(data)
    with pytest.raises(ResultError, match="is not a whole"):
        FILE.read(tmp_path / "whole.json", root=WHOLE.root)


def test_a_kind_of_file_may_be_open_ended_and_have_its_own_error_and_remedy() -> None:
    file = JsonFile(Part, "a part", maker="make", remedy="Ask.", open_ended=True, error=ModelError)
    assert file.decode(b'{"size": 1, "later": 2}', "part.json") == Part(1.0)
    with pytest.raises(ModelError, match=r"part\.json is not a part .* Ask\.$"):
        file.decode(b"{}", "part.json")
