"""The words of the study: synthetic in every file, with the numbers that made the images."""

from __future__ import annotations

import json

from cbvsynth.domain.options import Entry, FileFormat, Switch
from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom.description import (
    README,
    bidsignore,
    dataset_description,
    derivative_description,
    file_suffix,
    readme,
    sidecars,
)
from cbvsynth.phantom.signals import B_VALUE_S_PER_MM2, FLAIR_PROTOCOL, T1_PROTOCOL


def test_nobody_takes_the_study_for_patients() -> None:
    assert "SYNTHETIC. No person was examined" in README
    assert "synthetic" in str(dataset_description("1")["Name"])
    assert all(sidecar["Synthetic"] is True for sidecar in sidecars().values())


def test_sidecars_state_the_protocol_that_made_the_images() -> None:
    found = sidecars()
    assert found["T1w.json"]["RepetitionTime"] == T1_PROTOCOL.repetition_s
    assert "InversionTime" not in found["T1w.json"]
    assert found["FLAIR.json"]["InversionTime"] == FLAIR_PROTOCOL.inversion_s
    assert found["ADC.json"]["BValues"] == [0, B_VALUE_S_PER_MM2]
    assert found["cbv.json"]["Units"] == "mL/100g"
    assert json.loads(json.dumps(found)) == found


def test_every_sequence_has_a_name_of_its_own_with_a_sidecar_that_speaks_for_it() -> None:
    names = {sequence: file_suffix(sequence) for sequence in Sequence}
    assert len(set(names.values())) == len(Sequence)
    assert {f"{ending}.json" for _, ending in names.values()} | {"cbv.json"} == set(sidecars(Switch.ON))
    assert set(sidecars()) == set(sidecars(Switch.ON)) - {"cbf.json"}


def test_a_derivative_says_that_it_is_one_and_of_which_version() -> None:
    content = derivative_description("Brain masks", "7")
    assert (content["Name"], content["DatasetType"]) == ("Brain masks", "derivative")
    assert content["GeneratedBy"] == [{"Name": "cbvsynth.phantom", "Version": "7"}]
    assert "code/phantom.json" in bidsignore().splitlines()


def test_each_entry_has_a_readme_that_says_that_it_is_synthetic_and_where_the_truth_is() -> None:
    assert readme(Entry.ALIGNED, FileFormat.NIFTI) == README
    for file_format in FileFormat:
        text = readme(Entry.RAW, file_format)
        assert "SYNTHETIC. No person was examined" in text
        assert "code/truth" in text
        assert ("DICOM" in text) == (file_format is FileFormat.DICOM)
