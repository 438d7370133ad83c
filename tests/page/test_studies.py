"""Examinations on the disk: what a killed process leaves, and what goes with an examination."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.page.studies import Region, Row, State, Store, Upload


def test_everything_is_read_again(tmp_path):
    store = Store(tmp_path)
    study = store.create("me", 5)
    store.add(study.id, Upload("t1.nii", "a.nii", 7))
    changed = store.change(
        study.id,
        lambda one: replace(
            one,
            state=State.DONE,
            stages={"reading": 1.5},
            rows=(Row("a.nii", "t1.nii", "t1", "because"),),
            regions=(Region("lesion", 3, 0.1, 4.0, 5.0, None, None, None),),
            images={"t1": "files/a.nii"},
            result={"record": {"Synthetic": True}},
        ),
    )
    assert Store(tmp_path).get(study.id) == changed
    assert [one.name for one in changed.uploads] == ["t1.nii"]


def test_half_an_upload_and_half_a_folder_are_removed_at_the_next_start(tmp_path):
    store = Store(tmp_path)
    study = store.create("me", 5)
    damaged = tmp_path / "studies" / ("0" * 32)
    damaged.mkdir()
    (damaged / "study.json").write_text("{")
    again = Store(tmp_path)
    assert again.all() == []
    assert list((tmp_path / "studies").iterdir()) == []
    assert again.get(study.id) is None


def test_only_so_many_of_one_visitor(tmp_path):
    store = Store(tmp_path)
    numbers = [store.create("me", 2).number for _ in range(2)]
    assert numbers == [1, 2]
    with pytest.raises(UsageError, match="2 examinations, which is as many"):
        store.create("me", 2)
    assert store.create("you", 2).number == 1


def test_a_change_of_what_is_gone_is_none(tmp_path):
    store = Store(tmp_path)
    study = store.create("me", 2)
    store.delete(study.id)
    store.add(study.id, Upload("a", "a", 1))
    assert store.change(study.id, lambda one: one) is None
    assert not store.folder(study.id).exists()


def test_folders_are_for_the_pages_user_alone(tmp_path):
    store = Store(tmp_path)
    place = store.folder(store.create("me", 2).id)
    assert (tmp_path / "studies").stat().st_mode & 0o077 == 0
    assert place.is_dir()
