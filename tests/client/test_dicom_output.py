"""A prediction's record in the words of its DICOM objects."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cbvsynth.client import CbvClient
from cbvsynth.client.dicom_output import facts_of, require_dicom_output, save_dicom
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.errors import GridError, UsageError
from cbvsynth.study.dicom_output.uids import NewUids
from tests.client.heads import PATIENT_NAME, image, write_head
from tests.client.predict_command import server
from tests.client.prediction_server import serve
from tests.study.dicom_output.maps import series_in

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_model_unit_inputs_and_stand_in_are_said_and_no_name(tmp_path: Path) -> None:
    files = write_head(tmp_path / PATIENT_NAME, "t1 t1c")
    with serve(server()) as running, CbvClient(running.address) as client:
        made = client.predict(files, unusable=["t1c"])
    facts = facts_of(made, NOW)
    served = made.record.served
    assert (facts.model, facts.version, facts.unit) == (
        served.model.slug,
        served.version,
        TargetUnit.ML_PER_100G,
    )
    assert facts.inputs == ("T1",)
    assert made.record.choice.reason in facts.derivation
    assert PATIENT_NAME not in facts.derivation
    with pytest.raises(GridError, match="expected that series' own grid"):
        save_dicom(made, tmp_path / "out", series_in(tmp_path / "in"), NewUids())
    assert not (tmp_path / "out").exists()


def test_a_map_of_arrays_has_no_place_in_a_study(tmp_path: Path) -> None:
    with serve(server()) as running, CbvClient(running.address) as client:
        made = client.predict({"t1": image("t1"), "t1c": image("t1c")})
    with pytest.raises(UsageError, match="has no place in space"):
        save_dicom(made, tmp_path / "out", series_in(tmp_path / "in"), NewUids())


def test_the_place_and_the_source_are_asked_for_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    require_dicom_output(tmp_path / "out", tmp_path / "in")
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    require_dicom_output(tmp_path / "out", tmp_path / "in")
    (tmp_path / "out/a.dcm").write_bytes(b"")
    with pytest.raises(UsageError, match="out' exists and is not written over"):
        require_dicom_output(tmp_path / "out", tmp_path / "in")
    for place in ("in", "in/deep/out"):
        with pytest.raises(UsageError, match="lies in the folder of --dicom"):
            require_dicom_output(tmp_path / place, tmp_path / "in")
    with pytest.raises(UsageError, match="--out_dicom needs --dicom"):
        require_dicom_output(tmp_path / "new", None)
