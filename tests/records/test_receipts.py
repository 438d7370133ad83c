"""The receipt tells a phantom from a study; what cannot be read is no phantom."""

import pytest

from cbvsynth.errors import DataError
from cbvsynth.phantom.plan import StudySettings
from cbvsynth.phantom.receipt import BY_PHANTOM, BY_USER, StudyReceipt, write_receipt
from cbvsynth.records.receipts import carry_receipt, is_phantom, phantom_seed


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


def test_the_phantoms_seed_is_known_and_a_users_study_has_none(tmp_path):
    write_receipt(tmp_path / "data.json", StudyReceipt(BY_PHANTOM, 3, "d", "c", "1", StudySettings(seed=7)))
    assert phantom_seed(tmp_path) == 7
    write_receipt(tmp_path / "data.json", StudyReceipt(BY_USER, 3, "digest", "content"))
    assert phantom_seed(tmp_path) is None
    assert phantom_seed(tmp_path / "nowhere") is None


def test_a_receipt_is_carried_and_one_that_is_missing_is_said(tmp_path):
    study, prepared = tmp_path / "study", tmp_path / "prepared"
    study.mkdir()
    prepared.mkdir()
    with pytest.raises(DataError, match=r"study/data\.json cannot be read \(FileNotFoundError\)"):
        carry_receipt(study, prepared)
    write_receipt(study / "data.json", StudyReceipt(BY_PHANTOM, 3, "digest", "content"))
    carry_receipt(study, prepared)
    assert is_phantom(prepared)
