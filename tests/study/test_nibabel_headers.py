"""nibabel's headers come without pydicom, and leave it as it was."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cbvsynth.study.nibabel_headers import Nifti1Header, Nifti2Header


def modules_after(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["nifti", "nibabel_headers"])
def test_pydicom_is_not_imported_for_a_nifti_file(module: str) -> None:
    """nibabel imported it wherever it was installed: half of what reading a file's header cost."""
    code = f"import sys, cbvsynth.study.{module}; print('pydicom' in sys.modules)"
    assert modules_after(code) == "False"


def test_pydicom_can_be_imported_afterwards() -> None:
    pytest.importorskip("pydicom")
    code = "import cbvsynth.study.nibabel_headers, pydicom; print(pydicom.Dataset.__name__)"
    assert modules_after(code) == "Dataset"


def test_who_has_pydicom_already_gets_nibabel_with_it() -> None:
    pytest.importorskip("pydicom")
    code = (
        "import pydicom, cbvsynth.study.nibabel_headers, nibabel.nifti1 as found\n"
        "print(found.have_dicom, found.pdcm is pydicom)"
    )
    assert modules_after(code) == "True True"


def test_the_headers_are_nibabels() -> None:
    assert Nifti1Header().sizeof_hdr == 348
    assert Nifti2Header().sizeof_hdr == 540
