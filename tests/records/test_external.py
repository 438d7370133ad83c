"""external.json comes back, and may not contradict itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.domain.drift import Shift
from cbvsynth.domain.selection.records import Check
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.errors import ResultError
from cbvsynth.records.external import ExternalResult, ScannerGroup, read_external, write_external

PASSED = Check("enough-examinations", True, 12, 10, "12 examinations")
FAILED = Check("lesion-bias", False, 2.5, 1.0, "mean lesion CBV +2.5", 2.0, 3.0)
OPEN = Check("discrimination", None, None, 0.1, "warning: too few")
SHIFT = Shift("T1C, contrast", 40, 1.0, 0.1, 12, 1.4, 0.2, 4.0, 0.75, 0.001, drifts=True)
SAME = Shift("T2, contrast", 40, 1.0, 0.1, 12, 1.0, 0.1, 0.0, 0.0, 1.0, drifts=False)
GROUP = ScannerGroup("Achieva, 3 T", 12, 10, 0.87, 0.01, 1.0, 11, 2.5, 2.6, ("T1C, contrast",))
RESULT = ExternalResult(
    site="oslo",
    registered_name="cbvsynth",
    version=3,
    model="encdec-t1c-adc",
    saved_model_digest="d" * 64,
    target_unit="mL/100g",
    data_range=25.0,
    trained_on="f" * 64,
    data_fingerprint="e" * 64,
    found=15,
    dropped={"metal artefact": 2},
    left_out={"e09": "has no CBV map to compare with"},
    scored=12,
    patients=10,
    lesions=11,
    settings=GateSettings(),
    checks=(PASSED, FAILED, OPEN),
    groups=(GROUP,),
    inputs=(SHIFT, SAME),
    outputs=(SAME,),
    unlike_training={"9 voxels along D, outside the training range 8-8 voxels": 12},
    notes=("a note",),
)


def test_a_result_comes_back_and_says_first_whether_it_passes(tmp_path: Path) -> None:
    write_external(tmp_path / "external.json", RESULT)
    assert read_external(tmp_path / "external.json") == RESULT
    assert list(json.loads((tmp_path / "external.json").read_text()))[:2] == ["format", "passes"]


def test_what_failed_and_what_drifts() -> None:
    assert (RESULT.passes, RESULT.failed, RESULT.drifted) == (False, ("lesion-bias",), ("T1C, contrast",))
    assert replace(RESULT, checks=(PASSED, OPEN)).passes, "an open question does not fail"


def test_a_file_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "external.json"
    write_external(path, RESULT)
    path.write_text(path.read_text().replace('"passes": false', '"passes": true'))
    with pytest.raises(ResultError, match="is not the result of an external set"):
        read_external(path)
