"""Examinations that metal spoilt: which they are, and the map that the best model without ADC makes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import pytest

from cbvsynth.client.rescue import spoilt_examinations
from cbvsynth.commands.predict import ServerOptions
from cbvsynth.commands.rescue import rescue
from cbvsynth.config import PhantomConfig, PromoteConfig
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Register
from cbvsynth.errors import ResultError
from cbvsynth.phantom.fill import fill
from cbvsynth.records.decisions import Decision, write_decisions
from cbvsynth.steps.promote import run as promote
from cbvsynth.study.manifest import load_manifest
from tests.client.test_local import export
from tests.pages.web_page import require_good_page
from tests.registry.trained_models import decide

METAL = (
    "metal artefact: share of the brain without ADC (void) is 0.14",
    "metal artefact: CBV (void) is 0.14",
)


def decision(examination: Examination, *reasons: str) -> Decision:
    status = "dropped" if reasons else "accepted"
    return Decision(examination.exam_id, examination.subject_id, examination.session_id, status, reasons)


def test_only_what_spares_the_standard_sequences_is_rescued() -> None:
    one = Examination("a", "a", "", {})
    reasons = [
        METAL,
        ("failed CBV or misregistration: overlap (Dice) is 0.8",),
        ("poor standard MRI: number of slices is 5",),
        (*METAL, "poor standard MRI: number of slices is 5"),
        (),
    ]
    names = [replace(one, exam_id=name) for name in "abcde"]
    found = spoilt_examinations(names, [decision(*pair) for pair in zip(names, [], strict=False)])
    assert found == []
    decisions = [decision(name, *why) for name, why in zip(names, reasons, strict=True)]
    assert [(one.exam_id, why) for one, why in spoilt_examinations(names, decisions)] == [
        ("a", METAL),
        ("b", reasons[1]),
    ]


@pytest.mark.tensorflow
@pytest.mark.slow
def test_the_best_model_without_adc_makes_the_map_and_a_page_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    export("encdec-t1c-adc")
    export("encdec-t1c")
    best = {"t1-t2-t1c-flair-adc": "encdec-t1c-adc", "t1-t2-t1c-flair": "encdec-t1c"}
    decide("encdec-t1c-adc", by_availability=best)
    promote(PromoteConfig())
    fill(
        PhantomConfig(data=Path("data"), receipt=Path("data.json"), patients=1, matrix=32, damaged=1, seed=3)
    )
    sound, spoilt = load_manifest(Path("data")).examinations
    table = Path("artifacts/validate/examinations.csv")
    local = ServerOptions(local=1)
    write_decisions(table, [decision(sound), decision(spoilt)])
    rescue(server=local, register=Register.OFF)
    assert "there is nothing to rescue" in capsys.readouterr().out
    write_decisions(table, [decision(sound), decision(spoilt, *METAL)])
    rescue(server=local, register=Register.OFF)
    told = capsys.readouterr().out
    assert f"{spoilt.exam_id}: ADC is left out. encdec-t1c, version" in told
    assert "It stands in for encdec-t1c-adc" in told
    out = Path("artifacts/rescue")
    record = json.loads((out / f"{spoilt.exam_id}_cbv.json").read_text())
    assert record["InputsLeftOut"]["adc"] == "spoilt, by the checks of validate"
    assert nib.load(out / f"{spoilt.exam_id}_cbv.nii.gz").shape == (32, 32, 8)
    html = require_good_page(out / "rescue.html")
    assert "ADC, measured" in html
    assert "CBV, synthetic" in html
    (Path("data") / spoilt.files["t1c"]).unlink()
    with pytest.raises(ResultError, match="None of 1 examination got a map; the first: "):
        rescue(server=local, register=Register.OFF)
