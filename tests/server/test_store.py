"""Versions come and go: new before old, broken never before good, labels and refusals."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

from cbvsynth.errors import RefusedError, UsageError
from tests.server.saved_models import save_hollow, write_warmup
from tests.server.store_server import Server, put, run

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


def test_the_newest_version_is_loaded_and_then_the_former_one_let_go(base, saved):
    server = Server(base)
    server.serve()
    assert server.states() == {1: "AVAILABLE"}
    put(base, "2", saved / "sum1")
    server.store.reconcile()
    assert server.states() == {2: "AVAILABLE", 1: "END"}
    assert server.answer() == 4
    lines = [line for line in server.log if "2 is available" in line or "1 is let go" in line]
    assert lines == ["sum version 2 is available", "sum version 1 is let go"]


def test_a_broken_version_never_pushes_out_one_that_works(base):
    server = Server(base)
    server.serve()
    (base / "2").mkdir()
    (base / "2" / "saved_model.pb").write_bytes(b"no program")
    server.store.reconcile()
    assert server.states() == {2: "END", 1: "AVAILABLE"}
    assert "saved_model.pb is damaged" in server.store.states("sum")[2].error
    assert server.answer() == 3


def test_a_version_that_fails_in_a_way_nobody_foresaw_leaves_the_one_that_works(base):
    """The exception went through the store and ended what follows the folders: the server died."""
    server = Server(base)
    server.serve()
    save_hollow(base / "2")
    write_warmup(base / "2", "hollow", x=np.float32(1))
    server.store.reconcile()
    assert server.states() == {2: "END", 1: "AVAILABLE"}
    assert (
        "version 2 cannot be loaded and warmed up (KeyError: 'hollow')" in server.store.states("sum")[2].error
    )
    assert server.answer() == 3


def test_a_folder_that_cannot_be_walked_ends_nothing(base, saved):
    """As one that goes away at that moment: the server ended while it looked for changed files."""
    name = "d" * 250
    inside = os.open(put(base, "2", saved / "sum1"), os.O_RDONLY)
    for _ in range(20):  # until its path is too long
        os.mkdir(name, dir_fd=inside)
        outside, inside = inside, os.open(name, os.O_RDONLY, dir_fd=inside)
        os.close(outside)
    os.close(inside)
    try:
        server = Server(base)
        server.serve()
        assert server.answer() == 4
    finally:
        shutil.rmtree(base / "2")  # other tests walk the folder of them all


def test_a_broken_version_is_read_again_once_it_was_replaced_and_not_before(base, saved):
    server = Server(base)
    server.serve()
    (base / "2").mkdir()
    server.store.reconcile()
    server.store.reconcile()
    assert [line for line in server.log if "2 is not served" in line] == [server.log[-1]]
    shutil.rmtree(base / "2")
    put(base, "2", saved / "sum1")
    server.store.reconcile()
    assert server.answer() == 4


def test_a_version_that_was_seen_half_copied_is_served_once_its_copy_is_whole(base, saved):
    """Once broken it stayed broken: weights that grew were not seen, for their folder did not change."""
    half = put(base, "2", saved / "sum1")
    (weights,) = (half / "variables").glob("variables.data*")
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    server = Server(base)
    server.serve()
    assert server.states()[2] == "END"
    server.store.reconcile()
    assert [line for line in server.log if "2 is not served" in line] == [server.log[-1]]
    weights.write_bytes(whole)
    server.store.reconcile()
    assert server.answer() == 4


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("", {10}),
        ("model_version_policy { latest { num_versions: 2 } }", {10, 9}),
        ("model_version_policy { all {} }", {10, 9, 1}),
        ("model_version_policy { specific { versions: 9 versions: 1 versions: 44 } }", {9, 1}),
    ],
)
def test_the_policy_chooses_by_number_not_by_name(base, saved, policy, expected):
    for version in ("9", "10"):
        (base / version).symlink_to(saved / "sum1")
    server = Server(base)
    server.serve(policy)
    assert set(server.states()) == expected


def test_only_folders_with_whole_numbers_of_64_bits_are_versions(base, saved):
    """A time stamp of 20 digits became the newest version, which gRPC cannot name: UNKNOWN for everyone."""
    for name in (".incoming-7", "8x", "-9", "final", "²", str(2**63), "20261129183014123456"):
        (base / name).symlink_to(saved / "sum1")
    (base / "11").write_text("no folder")
    server = Server(base)
    server.serve()
    assert server.states() == {1: "AVAILABLE"}
    (base / str(2**63 - 1)).symlink_to(saved / "sum1")
    server.store.reconcile()
    assert server.states()[2**63 - 1] == "AVAILABLE"


def test_a_running_request_ends_on_the_version_it_began_with(base, saved):
    server = Server(base)
    server.serve()
    with server.store.borrow("sum", None, "") as served:
        put(base, "2", saved / "sum1")
        server.store.reconcile()
        assert server.states() == {2: "AVAILABLE", 1: "UNLOADING"}
        assert (server.answer(), run(served)) == (4, 3)
    assert server.states() == {2: "AVAILABLE", 1: "END"}


def test_a_version_can_come_back_after_it_was_let_go(base, saved):
    put(base, "2", saved / "sum1")
    server = Server(base)
    for version, answer in ((1, 3), (2, 4), (1, 3)):
        server.serve(f"model_version_policy {{ specific {{ versions: {version} }} }}")
        assert server.answer() == answer
        assert server.states()[version] == "AVAILABLE"


def test_a_missing_base_path_keeps_what_is_loaded(base):
    server = Server(base)
    server.serve()
    base.rename(base.with_name("elsewhere"))
    server.store.reconcile()
    assert server.answer() == 3
    assert "the base path 'sum' cannot be read" in server.log[-1]


def test_an_empty_folder_ends_the_model(base):
    server = Server(base)
    server.serve()
    (base / "1").rename(base.with_name("taken-away"))
    server.store.reconcile()
    assert server.states() == {1: "END"}
    with pytest.raises(RefusedError, match=r"Latest\(sum\)"):
        server.answer()


def test_the_start_waits_for_a_folder_that_is_not_there_yet(tmp_path, saved):
    server = Server(tmp_path / "sum")
    server.serve()
    assert ["cannot be read" in line for line in server.store.waiting_for()] == [True]
    (tmp_path / "sum").mkdir()
    server.store.reconcile()
    assert server.store.waiting_for() == ["sum: no wanted version in its folder"]
    put(tmp_path / "sum", "1", saved / "sum0")
    server.store.reconcile()
    assert server.store.waiting_for() == []


def test_a_model_that_is_listed_no_more_is_gone(base):
    server = Server(base)
    server.serve()
    server.store.configure({})
    assert server.states() == {}


def test_the_same_number_in_another_folder_is_another_model(base, saved, tmp_path):
    server = Server(base)
    server.serve()
    put(tmp_path / "other", "1", saved / "sum1")
    server.base = tmp_path / "other"
    server.serve()
    assert server.answer(1) == 4


NOT_AVAILABLE = "Request to assign label to version 2 of model sum, which is not currently available for inf"


def test_a_label_on_a_version_that_is_not_available_is_refused_and_changes_nothing(base):
    server = Server(base)
    server.serve()
    server.serve(labels={"stable": 1})
    with pytest.raises(RefusedError, match=NOT_AVAILABLE) as caught:
        server.serve(labels={"stable": 2})
    assert caught.value.code == "FAILED_PRECONDITION"
    assert server.answer(label="stable") == 3


def test_with_the_flag_a_new_label_may_come_first_but_a_used_one_may_not_move(base):
    server = Server(base, new_labels_free=True)
    server.serve(labels={"stable": 1, "canary": 2})
    assert server.answer(label="stable") == 3
    with pytest.raises(RefusedError, match=NOT_AVAILABLE):
        server.serve(labels={"stable": 2})


def test_with_the_other_flag_every_label_may_move(base):
    server = Server(base, any_labels_free=True)
    server.serve(labels={"stable": 1})
    server.serve(labels={"stable": 2})
    with pytest.raises(RefusedError, match=r"Specific\(sum, 2\)"):
        server.answer(label="stable")


def test_a_label_moves_once_both_versions_are_available(base, saved):
    both = "model_version_policy { specific { versions: 1 versions: 2 } }"
    put(base, "2", saved / "sum1")
    server = Server(base)
    server.serve(both)
    server.serve(both, {"stable": 1})
    assert server.answer(label="stable") == 3
    server.serve(both, {"stable": 2})
    assert server.answer(label="stable") == 4


def test_an_unreadable_list_of_versions_is_named_without_its_path(tmp_path):
    from cbvsynth.server.store import versions_on_disk

    with pytest.raises(UsageError, match="the base path 'none' cannot be read") as caught:
        versions_on_disk(tmp_path / "none")
    assert str(tmp_path) not in str(caught.value)
