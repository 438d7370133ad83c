"""Names of files as browsers send them; sizes are held over HTTP in test_app."""

from __future__ import annotations

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.page.uploads import checked_name


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("t1.nii", "t1.nii"),
        ("M%C3%BCller%2Ft1.nii", "Müller/t1.nii"),
        ("a%5Cb.nii", "a/b.nii"),
        ("/a.nii/", "a.nii"),
    ],
)
def test_names(sent, name):
    assert checked_name(sent) == name


@pytest.mark.parametrize("sent", ["", "%00", "a%0Ab", "%2F", "x.ZIP", "a.tar.gz", "y" * 1025])
def test_refused(sent):
    with pytest.raises(UsageError):
        checked_name(sent)
