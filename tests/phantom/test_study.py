from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy._core import _multiarray_umath as numpy_cpu

from cbvsynth.domain.sequences import PAPER_SEQUENCES, Sequence, TargetUnit
from cbvsynth.phantom.case import make_case
from cbvsynth.phantom.faults import ALIGNED_FAULTS, Fault
from cbvsynth.phantom.plan import StudySettings, plan_study
from cbvsynth.phantom.study import MARKER, PHANTOM_VERSION, PLANTED_FAULTS, write_study
from cbvsynth.records.storage import sha256_tree
from cbvsynth.study.manifest import load_manifest

TINY = StudySettings(patients=2, matrix=24, slices=7, damaged=3, seed=11)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source, delimiter="\t"))


def test_the_manifest_finds_every_examination_complete(
    small_study: Path, small_settings: StudySettings
) -> None:
    examinations = load_manifest(small_study).examinations
    assert len(examinations) == len(plan_study(small_settings))
    for examination in examinations:
        assert examination.sequences == PAPER_SEQUENCES
        assert set(examination.files) == {*(name.value for name in PAPER_SEQUENCES), "cbv", "mask", "seg"}
        assert examination.target_unit is TargetUnit.ML_PER_100G
        assert examination.age is not None
        assert examination.age >= 18
        assert examination.diagnosis
        assert examination.field_t == 3
        assert not examination.flags


def test_stored_volumes_are_the_case_that_was_drawn(small_study: Path, small_settings: StudySettings) -> None:
    case = make_case(
        seed=small_settings.seed,
        patient=3,
        session=2,
        diagnosis=plan_study(small_settings)[3].diagnosis,
        matrix=32,
    )
    folder = small_study / "sub-003" / "ses-2"
    cbv = nib.load(folder / "perf" / "sub-003_ses-2_cbv.nii")
    np.testing.assert_allclose(cbv.get_fdata(), case.cbv, atol=2.0**-9)
    t1c = nib.load(folder / "anat" / "sub-003_ses-2_ce-gadolinium_T1w.nii")
    np.testing.assert_allclose(t1c.get_fdata(), case.images[Sequence.T1C], atol=2.0**-4)
    np.testing.assert_allclose(cbv.affine, t1c.affine)


def test_sidecars_state_the_units_and_the_field(small_study: Path) -> None:
    stated = {
        name: json.loads((small_study / f"{name}.json").read_text())
        for name in ("ADC", "cbv", "T1w", "FLAIR")
    }
    assert stated["ADC"]["Units"] == "1e-6 mm2/s"
    assert stated["cbv"]["Units"] == "mL/100g"
    assert {sidecar["MagneticFieldStrength"] for sidecar in stated.values()} == {3}
    assert all(sidecar["Synthetic"] for sidecar in stated.values())
    assert stated["FLAIR"]["InversionTime"] == 2.5


def test_the_readme_says_that_the_study_is_synthetic(small_study: Path) -> None:
    assert "SYNTHETIC" in (small_study / "README").read_text()
    assert "perf/*_cbv" in (small_study / ".bidsignore").read_text()


def test_faults_are_told_in_one_file_and_nowhere_else(small_study: Path) -> None:
    told = rows(small_study / PLANTED_FAULTS)
    assert [row["fault"] for row in told] == [fault.value for fault in ALIGNED_FAULTS]
    for path in small_study.rglob("*"):
        if path.suffix in (".tsv", ".json") and path.name not in ("planted_faults.tsv", "phantom.json"):
            text = path.read_text()
            assert not [fault for fault in Fault if fault.value in text], path.name


def test_the_marker_names_the_settings(small_study: Path, small_settings: StudySettings) -> None:
    marker = json.loads((small_study / MARKER).read_text())
    assert StudySettings(**marker["settings"]) == small_settings


def test_one_worker_and_two_write_the_same_bytes(tmp_path: Path) -> None:
    settings = replace(TINY, patients=3)
    alone = write_study(tmp_path / "alone", settings, workers=1)
    together = write_study(tmp_path / "together", settings, workers=2)
    assert alone == together
    assert sha256_tree(tmp_path / "alone") == sha256_tree(tmp_path / "together")


def test_the_bytes_do_not_depend_on_the_processors_vector_units(tmp_path: Path) -> None:
    """AVX2, FMA and AVX-512 round differently from plain SSE; a stored voxel must not notice."""
    settings = {"patients": 3, "matrix": 32, "damaged": 3, "seed": 5}
    here = write_study(tmp_path / "here", StudySettings(**settings))
    features = [name for name in numpy_cpu.__cpu_dispatch__ if numpy_cpu.__cpu_features__.get(name)]
    if not features:
        pytest.skip("this processor has no vector unit beyond NumPy's baseline")
    code = (
        "import sys; from pathlib import Path; from cbvsynth.phantom.plan import StudySettings;"
        "from cbvsynth.phantom.study import write_study;"
        "from numpy._core._multiarray_umath import __cpu_features__ as found;"
        f"assert not any(found[name] for name in {features!r});"
        f"print(write_study(Path(sys.argv[1]), StudySettings(**{settings!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "plain")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(features), "GLIBC_TUNABLES": _PLAIN_GLIBC},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == here


_PLAIN_GLIBC = "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-FMA,-FMA_Usable,-AVX512F"
"""Makes the C library's exp and log forgo the same units."""


def test_the_bytes_of_this_version_are_known(tmp_path: Path) -> None:
    """Other bytes from the same settings are a new PHANTOM_VERSION and a new digest in data.dvc."""
    assert (PHANTOM_VERSION, write_study(tmp_path / "data", TINY)) == ("1", KNOWN_DIGEST)


def test_each_of_the_first_eight_faults_keeps_its_bytes(tmp_path: Path) -> None:
    """Faults, strengths and entries that came later must not change what data.dvc names."""
    settings = replace(TINY, patients=1, damaged=8)
    assert write_study(tmp_path / "data", settings) == KNOWN_DIGEST_OF_FAULTS


KNOWN_DIGEST_OF_FAULTS = "bce27a868c1eff802bf99bfda8d58e29a13cae4ddde87dc04d73d9dd01319756"
KNOWN_DIGEST = "3d46a86555a6f877dc3124e38d4933aa605b59e54da8fa0dcf4fe0d25d1b86c8"
