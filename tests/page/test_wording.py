"""What a visitor is told names nothing that is typed."""

from __future__ import annotations

import pytest

from cbvsynth.page.wording import for_a_visitor


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "not a NIfTI file. Expected .nii or .nii.gz; for DICOM there is cbvsynth manifest --layout x.",
            "not a NIfTI file. Expected .nii or .nii.gz.",
        ),
        (
            "2 examinations; expected one. Give the folder of one, or list all with cbvsynth manifest.",
            "2 examinations; expected one. Give the folder of one.",
        ),
        (
            "It is off. Resample them first, or add --resample on, which brings them to one grid.",
            "It is off. Resample them first.",
        ),
        ("It lies elsewhere. Give it as --reference.", "It lies elsewhere."),
        (
            "T1 could not be registered: no contrast. Leave the image out, or say --register off.",
            "T1 could not be registered: no contrast. Leave the image out.",
        ),
        ("No map. Run brain_command by hand on a copy of the image.", "No map."),
        ("Give --out.", "Give --out."),
        ("A value of 3-4 mm, or more; nothing to change", "A value of 3-4 mm, or more; nothing to change"),
    ],
)
def test_clauses_that_name_a_flag_or_a_command_are_left_out(message: str, shown: str) -> None:
    """The page told radiologists of flags: "list all with cbvsynth manifest --layout dicom"."""
    assert for_a_visitor(message) == shown
