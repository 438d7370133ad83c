"""What cannot be read is counted by what it is, never by its name."""

from __future__ import annotations

from cbvsynth.study.dicom.tags import Unreadable


def test_files_are_counted_by_kind() -> None:
    left = Unreadable()
    left.add("no DICOM")
    left.add("no DICOM")
    left.add("damaged")
    assert left.counts == {"no DICOM": 2, "damaged": 1}
