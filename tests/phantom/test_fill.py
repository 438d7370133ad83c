from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.config import PhantomConfig
from cbvsynth.errors import DataError, StorageError, UsageError
from cbvsynth.phantom.fill import fill
from cbvsynth.phantom.study import PLANTED_FAULTS
from cbvsynth.records.storage import sha256_tree

ANOTHER = "outs:\n- md5: 1111.dir\n  path: data\n"
META = "meta: {phantom: 2222.dir}\n"


@pytest.fixture
def config(tmp_path: Path) -> PhantomConfig:
    return PhantomConfig(
        data=tmp_path / "data",
        receipt=tmp_path / "artifacts" / "data.json",
        patients=1,
        matrix=32,
        slices=7,
        damaged=1,
        seed=1,
    )


@pytest.fixture
def filled(config: PhantomConfig) -> PhantomConfig:
    fill(config)
    return config


def receipt_of(config: PhantomConfig) -> dict[str, object]:
    content: dict[str, object] = json.loads(config.receipt.read_text())
    return content


def test_a_missing_folder_is_filled_and_the_receipt_says_by_what(config: PhantomConfig) -> None:
    receipt = fill(config)
    files = [path for path in config.data.rglob("*") if path.is_file()]
    assert receipt.made_by == "phantom"
    assert receipt.files == len(files) == receipt_of(config)["files"]
    assert receipt_of(config)["settings"] == {
        "patients": 1,
        "matrix": 32,
        "slices": 7,
        "damaged": 1,
        "seed": 1,
    }


def test_an_empty_folder_is_filled_too_and_nothing_is_left_beside_it(config: PhantomConfig) -> None:
    config.data.mkdir()
    fill(config)
    assert (config.data / PLANTED_FAULTS).is_file()
    assert {path.name for path in config.data.parent.iterdir()} == {"data", "artifacts"}


def test_a_link_to_an_empty_folder_is_followed(config: PhantomConfig, tmp_path: Path) -> None:
    elsewhere = tmp_path / "disk" / "study"
    elsewhere.mkdir(parents=True)
    config.data.symlink_to(elsewhere)
    fill(config)
    assert config.data.is_symlink()
    assert (elsewhere / "participants.tsv").is_file()


def test_filling_again_writes_nothing_and_gives_the_same_receipt(filled: PhantomConfig) -> None:
    before, receipt = sha256_tree(filled.data), filled.receipt.read_bytes()
    times = {path: path.stat().st_mtime_ns for path in filled.data.rglob("*")}
    fill(filled)
    assert sha256_tree(filled.data) == before
    assert {path: path.stat().st_mtime_ns for path in filled.data.rglob("*")} == times
    assert filled.receipt.read_bytes() == receipt


def test_two_places_give_the_same_receipt(filled: PhantomConfig, tmp_path: Path) -> None:
    other = replace(filled, data=tmp_path / "other" / "data", receipt=tmp_path / "other" / "data.json")
    fill(other)
    assert other.receipt.read_bytes() == filled.receipt.read_bytes()


def test_a_users_study_is_left_alone_and_only_its_names_and_sizes_are_noted(config: PhantomConfig) -> None:
    mine = config.data / "sub-001" / "anat" / "sub-001_T1w.nii"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    receipt = fill(config)
    assert [path for path in config.data.rglob("*") if path.is_file()] == [mine]
    assert (receipt.made_by, receipt.files) == ("user", 1)
    assert receipt_of(config)["digest_of"] == "names and sizes"
    assert "settings" not in receipt_of(config)
    mine.write_bytes(b"longer")
    assert fill(config).digest != receipt.digest


def test_a_phantom_of_other_settings_is_kept_and_named_as_what_it_is(filled: PhantomConfig) -> None:
    receipt = fill(replace(filled, patients=5))
    assert receipt.made_by == "phantom"
    assert receipt.settings is not None
    assert receipt.settings.patients == 1


@pytest.mark.parametrize("tracked", [ANOTHER, ANOTHER + META])
@pytest.mark.parametrize("state", ["empty", "missing"])
def test_an_empty_folder_of_another_data_set_is_not_filled(
    config: PhantomConfig, tracked: str, state: str
) -> None:
    if state == "empty":
        config.data.mkdir()
    (config.data.parent / "data.dvc").write_text(tracked)
    with pytest.raises(DataError) as caught:
        fill(config)
    assert str(caught.value) == (
        "data/ is empty, and data.dvc names a data set that is not the phantom: run `dvc pull data.dvc`, "
        "or copy your examinations to data/."
    )
    assert not config.data.exists() or not any(config.data.iterdir())
    assert not config.receipt.exists()


@pytest.mark.parametrize(
    "tracked",
    [
        "outs:\n- path: data\n",
        META + "outs:\n- path: data\n",
        META + "outs:\n- md5: 2222.dir\n  path: data\n",
        "outs:\n- md5: 1111.dir\n  path: something-else\n",
        "outs: []\n",
        "",
        "- a list\n",
    ],
)
def test_an_empty_folder_of_the_phantom_or_of_nothing_is_filled(config: PhantomConfig, tracked: str) -> None:
    (config.data.parent / "data.dvc").write_text(tracked)
    assert fill(config).made_by == "phantom"


def test_a_users_study_is_accepted_whatever_data_dvc_says(config: PhantomConfig) -> None:
    (config.data.parent / "data.dvc").parent.mkdir(exist_ok=True)
    (config.data.parent / "data.dvc").write_text(ANOTHER + META)
    config.data.mkdir()
    (config.data / "t1.nii").write_bytes(b"0")
    assert fill(config).made_by == "user"


@pytest.mark.parametrize("content", [b"outs: [", b"\xff\xfe\x00"])
def test_a_damaged_data_dvc_stops_before_anything_is_written(config: PhantomConfig, content: bytes) -> None:
    (config.data.parent / "data.dvc").write_bytes(content)
    with pytest.raises(DataError, match=r"data\.dvc is not YAML.*git"):
        fill(config)
    assert not config.data.exists()


def test_a_file_in_place_of_the_folder_is_refused(config: PhantomConfig) -> None:
    config.data.write_text("a file")
    with pytest.raises(DataError, match="is a file; expected a folder"):
        fill(config)
    assert config.data.read_text() == "a file"


def test_settings_out_of_range_stop_before_anything_is_written(config: PhantomConfig) -> None:
    with pytest.raises(UsageError, match="seed is -1"):
        fill(replace(config, seed=-1))
    assert not config.data.exists()


@pytest.mark.parametrize("content", [b"\x00\xffbytes", b"my notes", b"[1]", b'{"made_by": "me"}'])
def test_a_file_that_is_no_receipt_is_never_replaced(config: PhantomConfig, content: bytes) -> None:
    """`--receipt` wrote over whatever stood there, without a word."""
    config.receipt.parent.mkdir()
    config.receipt.write_bytes(content)
    with pytest.raises(UsageError, match="is not a receipt of a study"):
        fill(config)
    assert config.receipt.read_bytes() == content
    assert not config.data.exists()


def test_a_receipt_that_cannot_be_written_is_told_before_the_study_is_made(config: PhantomConfig) -> None:
    config.receipt.mkdir(parents=True)
    with pytest.raises(StorageError, match="is a folder"):
        fill(config)
    assert not config.data.exists()
