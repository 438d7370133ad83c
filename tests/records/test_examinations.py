"""The cache's index: what preprocess writes, train reads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.domain.sequences import Sequence, TargetUnit
from cbvsynth.errors import ResultError
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex, read_index, write_index
from cbvsynth.records.origins import BY_PHANTOM, NOT_RECORDED, Origin

FIRST = CachedExamination(
    exam_id="e1",
    subject_id="s1",
    session_id="1",
    split="train",
    diagnosis="glioma",
    grade="4",
    sequences=(Sequence.T1, Sequence.ADC),
    target_unit=TargetUnit.RELATIVE,
    shape=(4, 5, 6),
    spacing_mm=(0.6875, 1 / 3, 3.0),
    affine=((0.6875, 0.0, 0.0, 1.1), (0.0, 1 / 3, 0.0, 0.1), (0.0, 0.0, 3.0, -7.0), (0.0, 0.0, 0.0, 1.0)),
    fingerprint="f1",
)
SECOND = replace(FIRST, exam_id="e2", subject_id="s2", split="held-out", sequences=(Sequence.T1,))


def index_at(root: Path) -> ExaminationIndex:
    return ExaminationIndex(
        root, "1", TargetUnit.RELATIVE, "patient", "d", (FIRST, SECOND), Origin(BY_PHANTOM, 7, "abc")
    )


def test_an_index_is_read_back_to_the_last_digit(tmp_path: Path) -> None:
    write_index(index_at(tmp_path))

    assert read_index(tmp_path) == index_at(tmp_path)


def test_the_index_begins_so_and_does_not_say_where_it_lies(tmp_path: Path) -> None:
    write_index(index_at(tmp_path))
    text = (tmp_path / "index.json").read_text()
    assert text.startswith(
        '{\n  "format": 1,\n  "preprocessing_version": "1",\n  "target_unit": "relative",\n'
        '  "split_by": "patient",\n  "data_fingerprint": "d",\n  "examinations": [\n    {\n'
    )
    assert '"spacing_mm": [\n        0.6875,\n        0.3333333333333333,\n        3.0\n      ]' in text
    assert str(tmp_path) not in text


def test_an_index_from_before_origins_were_recorded_has_none(tmp_path: Path) -> None:
    write_index(index_at(tmp_path))
    content = json.loads((tmp_path / "index.json").read_text())
    del content["origin"]
    (tmp_path / "index.json").write_text(json.dumps(content))

    assert read_index(tmp_path).origin == NOT_RECORDED


def test_examinations_are_chosen_by_split_and_sequences(tmp_path: Path) -> None:
    index = index_at(tmp_path)

    assert index.of_split("train") == (FIRST,)
    assert index.of_split("held-out", (Sequence.T1,)) == (SECOND,)
    assert index.of_split("held-out", (Sequence.T1, Sequence.ADC)) == ()


def test_a_voxel_has_a_volume_in_millilitres() -> None:
    assert FIRST.voxel_ml == pytest.approx(0.6875 / 3 * 3.0 / 1000)


def test_an_array_is_mapped_read_only(tmp_path: Path) -> None:
    (tmp_path / "e1").mkdir()
    np.save(tmp_path / "e1" / "t1.npy", np.arange(6, dtype=np.float32))
    index = index_at(tmp_path)

    assert index.has("e1", "t1")
    assert not index.has("e1", "seg")
    assert index.array("e1", "t1").tolist() == [0, 1, 2, 3, 4, 5]
    assert not index.array("e1", "t1").flags.writeable


@pytest.mark.parametrize("content", [None, b"", b"no array"])
def test_a_missing_or_damaged_array_asks_for_preprocess(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "e1").mkdir()
        (tmp_path / "e1" / "t1.npy").write_bytes(content)
    with pytest.raises(ResultError, match="e1: the cached array 't1' is missing or damaged"):
        index_at(tmp_path).array("e1", "t1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "has format 99, expected 1"),
        ({"target_unit": "litres"}, "is not an index.*Invalid enum value 'litres'"),
        (
            {"examinations": [{"exam_id": "e1"}]},
            r"missing required field `subject_id` - at `\$\.examinations\[0\]`",
        ),
        ({"examinations": 3}, "is not an index"),
        ({"origin": {"made_by": "nobody"}}, "is not an index"),
    ],
)
def test_an_index_of_another_kind_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    write_index(index_at(tmp_path))
    content = json.loads((tmp_path / "index.json").read_text())
    (tmp_path / "index.json").write_text(json.dumps({**content, **change}))

    with pytest.raises(ResultError, match=message):
        read_index(tmp_path)


@pytest.mark.parametrize(("text", "message"), [("{", "is not an index"), (None, "run preprocess first")])
def test_a_missing_or_cut_index_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "index.json").write_text(text)
    with pytest.raises(ResultError, match=message):
        read_index(tmp_path)
