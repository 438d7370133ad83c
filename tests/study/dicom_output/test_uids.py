"""Where new UIDs come from."""

from __future__ import annotations

import pytest
from pydicom.uid import UID

from cbvsynth.errors import UsageError
from cbvsynth.study.dicom_output.uids import LONGEST_ROOT, NewUids


@pytest.mark.parametrize("root", ["", "1.2.840.99999", "2.999", "1." + "9" * (LONGEST_ROOT - 2)])
def test_a_new_uid_is_valid_under_its_root_and_never_the_same(root: str) -> None:
    uids = NewUids(root)
    made = {uids.new() for _ in range(200)}
    assert len(made) == 200
    assert all(UID(one).is_valid and len(one) <= 64 for one in made)
    assert all(one.startswith(f"{root or '2.25'}.") for one in made)


@pytest.mark.parametrize(
    "root", ["3.1", "1", "1.02", "1.2.", "1..2", "1.2.a", "1." + "9" * (LONGEST_ROOT - 1)]
)
def test_what_is_no_root_is_refused(root: str) -> None:
    with pytest.raises(UsageError, match=r"expected numbers with dots between them, as in 1\.2\.840\.99999"):
        NewUids(root)
