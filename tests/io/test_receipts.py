"""The receipt tells a phantom from a study; what cannot be read is no phantom."""

import pytest

from cbvsynth.io.receipts import is_phantom
from cbvsynth.phantom.receipt import BY_PHANTOM, BY_USER, StudyReceipt, write_receipt


@pytest.mark.parametrize(("maker", "expected"), [(BY_PHANTOM, True), (BY_USER, False)])
def test_the_receipt_that_the_phantom_writes_is_understood(tmp_path, maker, expected):
    write_receipt(tmp_path / "data.json", StudyReceipt(maker, 3, "digest", "content"))
    assert is_phantom(tmp_path) is expected


@pytest.mark.parametrize("text", ["", "[]", "{", '"phantom"'])
def test_a_damaged_receipt_is_no_phantom(tmp_path, text):
    (tmp_path / "data.json").write_text(text)
    assert not is_phantom(tmp_path)


def test_no_receipt_is_no_phantom(tmp_path):
    assert not is_phantom(tmp_path)
