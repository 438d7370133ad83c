"""A whole study: incremental, deterministic, safe to interrupt."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.domain.options import SplitStrata, SplitUnit
from cbvsynth.domain.sequences import Sequence, TargetUnit
from cbvsynth.errors import DataError, ManifestError, ResultError, UnitError, UsageError, VolumeError
from cbvsynth.preprocessing import study as study_module
from cbvsynth.preprocessing.study import preprocess_study
from cbvsynth.records.examinations import read_index
from cbvsynth.records.storage import sha256_tree
from tests.preprocessing.raw_study import SHAPE, RawStudy, stored_image
from tests.study.listings import listed

pytestmark = pytest.mark.slow


@pytest.fixture
def study(tmp_path: Path) -> RawStudy:
    return RawStudy(tmp_path)


def test_the_cache_is_what_train_reads(study: RawStudy) -> None:
    summary = preprocess_study(study.config)

    index = read_index(study.config.out)
    assert index == summary.index
    assert [one.exam_id for one in index.examinations] == [one.exam_id for one in study.examinations]
    assert {one.split for one in index.examinations} == {"train", "held-out"}
    assert index.target_unit is TargetUnit.ML_PER_100G
    assert len(index.data_fingerprint) == 64
    for one in index.examinations:
        for name in (*one.sequences, "cbv", "mask", "seg"):
            assert index.array(one.exam_id, name).shape == one.shape
    assert (summary.recomputed, summary.unchanged, summary.removed) == (9, 0, ())


def test_the_same_study_gives_the_same_bytes_in_one_process_or_two(study: RawStudy, tmp_path: Path) -> None:
    preprocess_study(study.config)
    preprocess_study(replace(study.config, out=tmp_path / "parallel", workers=2))

    assert sha256_tree(study.config.out) == sha256_tree(tmp_path / "parallel")


def test_nothing_is_computed_twice(study: RawStudy) -> None:
    preprocess_study(study.config)
    before = sha256_tree(study.config.out)
    arrays = study.config.out / "sub-01_ses-2" / "t1.npy"
    inode = arrays.stat().st_ino

    summary = preprocess_study(study.config)

    assert (summary.recomputed, summary.unchanged) == (0, 9)
    assert sha256_tree(study.config.out) == before
    assert arrays.stat().st_ino == inode


def test_the_cache_is_listed_as_often_for_many_examinations_as_for_few(tmp_path: Path) -> None:
    """Each examination that was written listed the folders of all others, twice."""
    counts = []
    for patients in (2, 4):
        study = RawStudy(tmp_path / f"of-{patients}", patients=patients)
        with listed() as folders:
            preprocess_study(study.config)
        counts.append(folders.count(study.config.out))
    assert counts[0] == counts[1]


def test_only_what_changed_is_computed_again(study: RawStudy) -> None:
    first = preprocess_study(study.config)
    study.write(study.examinations[2].inputs[Sequence.T1], stored_image("t1", 500))

    second = preprocess_study(study.config)

    assert (second.recomputed, second.unchanged) == (1, 8)
    changed = {
        after.exam_id
        for before, after in zip(first.index.examinations, second.index.examinations, strict=True)
        if before != after
    }
    assert changed == {study.examinations[2].exam_id}
    assert first.index.data_fingerprint != second.index.data_fingerprint


def test_an_examination_that_is_dropped_later_leaves_the_cache(study: RawStudy) -> None:
    preprocess_study(study.config)
    study.dropped["sub-03_ses-1"] = "motion"
    study.decide()

    summary = preprocess_study(study.config)

    assert summary.removed == ("sub-03_ses-1",)
    assert not (study.config.out / "sub-03_ses-1").exists()
    assert "sub-03_ses-1" not in {one.exam_id for one in summary.index.examinations}


def test_held_out_patients_stay_held_out_when_patients_are_added(study: RawStudy, tmp_path: Path) -> None:
    before = {one.subject_id: one.split for one in preprocess_study(study.config).index.examinations}
    larger = RawStudy(tmp_path / "larger", patients=9)

    after = {one.subject_id: one.split for one in preprocess_study(larger.config).index.examinations}

    assert before.items() <= after.items()


def test_every_diagnosis_is_on_both_sides_where_the_split_is_by_diagnosis(study: RawStudy) -> None:
    index = preprocess_study(replace(study.config, split_strata=SplitStrata.DIAGNOSIS)).index
    patients = {one.subject_id: (one.diagnosis, one.split) for one in index.examinations}
    for diagnosis in {diagnosis for diagnosis, _ in patients.values()}:
        sides = [side for one, side in patients.values() if one == diagnosis]
        assert len(sides) == 1 or set(sides) == {"train", "held-out"}, diagnosis


def test_a_change_of_the_split_changes_the_version_of_the_data_and_no_array(study: RawStudy) -> None:
    first = preprocess_study(study.config)
    second = preprocess_study(replace(study.config, seed=3))

    assert second.recomputed == 0
    assert first.index.data_fingerprint != second.index.data_fingerprint


def test_one_bad_examination_is_named_and_the_others_are_kept(study: RawStudy) -> None:
    study.write(study.examinations[1].cbv, 400 * stored_image("cbv", 1))

    with pytest.raises(UnitError, match="sub-01/ses-1: CBV"):
        preprocess_study(study.config)

    assert not (study.config.out / "index.json").exists()
    study.write(study.examinations[1].cbv, stored_image("cbv", 1))
    assert preprocess_study(study.config).recomputed == 1


def test_several_bad_examinations_are_all_named(study: RawStudy) -> None:
    for index in (1, 4):
        (study.data / study.examinations[index].inputs[Sequence.T2]).write_bytes(b"no image")
    names = [f"{study.examinations[index].subject_id}/" for index in (1, 4)]
    with pytest.raises(DataError, match="2 of 9 examinations could not be prepared") as refusal:
        preprocess_study(study.config)
    assert all(name in str(refusal.value) for name in names)


def test_an_error_in_a_worker_process_keeps_its_class_and_words(study: RawStudy) -> None:
    (study.data / study.examinations[1].inputs[Sequence.T2]).write_bytes(b"no image")
    with pytest.raises(VolumeError, match="sub-01/ses-1: T2"):
        preprocess_study(replace(study.config, workers=2))


def die(*_: object) -> None:
    """What a worker does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_worker_is_explained(study: RawStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_module, "prepare_if_changed", die)
    with pytest.raises(DataError, match=r"was killed while 2 ran at the same time.*fewer workers"):
        preprocess_study(replace(study.config, workers=2))


def test_no_more_than_ten_bad_examinations_are_listed(tmp_path: Path) -> None:
    study = RawStudy(tmp_path, patients=8)
    for one in study.examinations:
        (study.data / one.inputs[Sequence.T2]).write_bytes(b"no image")
    with pytest.raises(DataError, match=r"(?s)12 of 12 .*and 2 more") as refusal:
        preprocess_study(study.config)
    assert str(refusal.value).count("\n- sub-") == 10


def test_a_changed_study_asks_for_validate(study: RawStudy) -> None:
    study.examinations.pop()
    study.save()
    preprocess_study(study.config)
    study.examinations.pop()
    decided = study.config.examinations.read_bytes()
    study.save()
    study.config.examinations.write_bytes(decided)

    with pytest.raises(ManifestError, match="run validate again"):
        preprocess_study(study.config)
    assert (study.config.out / "index.json").exists(), "a refused run used to leave nothing of the last one"


def test_without_decisions_validate_is_asked_for(study: RawStudy) -> None:
    study.config.examinations.unlink()
    with pytest.raises(ResultError, match="run validate first"):
        preprocess_study(study.config)


def test_no_workers_are_refused(study: RawStudy) -> None:
    with pytest.raises(UsageError, match="workers is 0"):
        preprocess_study(replace(study.config, workers=0))


@pytest.mark.parametrize("out", ["data", "data/cache", "."])
def test_a_cache_in_the_study_or_around_it_is_refused(study: RawStudy, tmp_path: Path, out: str) -> None:
    with pytest.raises(UsageError, match="lie in each other"):
        preprocess_study(replace(study.config, out=tmp_path / out))


def test_the_report_counts_and_warns(study: RawStudy) -> None:
    study.change(0, inputs={Sequence.T1: study.examinations[0].inputs[Sequence.T1]})

    report = preprocess_study(replace(study.config, split_by=SplitUnit.EXAMINATION, seed=2)).report

    stored = json.loads((study.config.out / "report.json").read_text())
    page = (study.config.out / "report.md").read_text()
    assert stored["available"]["t1"]["train"] + stored["available"]["t1"]["held-out"] == 9
    assert stored["available"]["adc"]["train"] + stored["available"]["adc"]["held-out"] == 8
    assert stored["adc_units"] == {"1e-6 mm2/s": 8}
    assert stored["grids"] == {"12 x 14 x 8 voxels of 4 x 4 x 5 mm": 9}
    assert sum(counts["train"] for counts in stored["diagnoses"].values()) == report.split.train_examinations
    assert stored["held_out_share"] == round(report.split.held_out_examinations / 9, 6)
    assert stored["warnings"] == list(report.warnings)
    assert all(f"**Warning:** {warning}" in page for warning in report.warnings)
    assert (report.split.held_out_examinations, report.split.patients_in_both) == (6, 3)
    assert any("66.7% of the examinations are held out, wanted were 50%" in line for line in report.warnings)
    assert any("have a sibling in training" in warning for warning in report.warnings)
    assert str(study.data) not in page + json.dumps(stored)


def test_a_study_on_two_grids_is_warned_about(study: RawStudy) -> None:
    for role, path in study.examinations[0].files.items():
        data = np.ones(SHAPE) if role in ("mask", "seg") else stored_image(role, 1)
        study.write(path, data, np.diag([5.0, 5.0, 5.0, 1.0]))

    assert any("2 different grids" in warning for warning in preprocess_study(study.config).report.warnings)


def test_a_run_that_is_killed_is_never_mistaken_for_a_whole_one(study: RawStudy) -> None:
    """Kill -9 in the middle: no index, no half folder under an examination's name; then it goes on."""
    whole = study.config.out.with_name("whole")
    preprocess_study(replace(study.config, out=whole))
    script = (
        "import sys, time; from pathlib import Path\n"
        "from cbvsynth.config import PreprocessConfig\n"
        "from cbvsynth.preprocessing import study\n"
        "from cbvsynth.records import json_codec\n"
        "write = json_codec.write_json\n"
        "def slow(path, content):\n"
        "    print(path.parent.name, flush=True); time.sleep(0.2); write(path, content)\n"
        "json_codec.write_json = slow\n"
        "data, decisions, out = map(Path, sys.argv[1:])\n"
        "config = PreprocessConfig(data=data, examinations=decisions, out=out, seed=7, workers=1)\n"
        "study.preprocess_study(config)\n"
    )
    arguments = [str(study.data), str(study.config.examinations), str(study.config.out)]
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    for _ in range(4):
        process.stdout.readline()
    time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()

    assert not (study.config.out / "index.json").exists()
    entries = [entry.name for entry in study.config.out.iterdir()]
    assert any(name.startswith(".") for name in entries), "killed while a folder was being written"
    summary = preprocess_study(study.config)
    assert (summary.recomputed, summary.unchanged) == (6, 3)
    assert sha256_tree(study.config.out) == sha256_tree(whole)
