"""Another study takes the phantom's place and goes again, and nothing is lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cbvsynth.errors import DataError, UsageError
from cbvsynth.study.switch import exchange_study, require_own_study, use_study

PHANTOM = "# the phantom\nmeta:\n  phantom: 11.dir\nouts:\n- path: data\n  md5: 11.dir\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """data/ of a checkout that holds the phantom."""
    folder = tmp_path / "checkout" / "data"
    folder.mkdir(parents=True)
    (folder / "phantom.nii").write_bytes(b"phantom")
    (folder.parent / "data.dvc").write_text(PHANTOM)
    return folder


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return _study(tmp_path / "mine")


def _study(folder: Path) -> Path:
    folder.mkdir()
    (folder / "t1.nii").write_bytes(folder.name.encode())
    return folder


def _tracked(data: Path) -> dict:
    return yaml.safe_load(data.with_name("data.dvc").read_text())


def _names(data: Path) -> list[str]:
    return sorted(path.name for path in data.parent.iterdir())


def test_the_study_is_linked_and_what_was_there_is_set_aside(data: Path, study: Path) -> None:
    """`dvc add data` left the phantom's description, meta and dependency in data.dvc, and refused a link."""
    switched = use_study(study, data)
    assert data.is_symlink()
    assert (data / "t1.nii").read_bytes() == b"mine"
    assert (switched.aside / "phantom.nii").read_bytes() == b"phantom"
    assert _tracked(data) == {
        "desc": "A study of your own",
        "meta": {"study": "own"},
        "outs": [{"path": "data", "cache": False}],
    }


def test_back_and_back_again_exchange_the_two(data: Path, study: Path) -> None:
    use_study(study, data)
    exchange_study(data)
    assert (data / "phantom.nii").read_bytes() == b"phantom"
    assert data.with_name("data.dvc").read_text() == PHANTOM
    exchange_study(data)
    assert (data / "t1.nii").read_bytes() == b"mine"
    assert _tracked(data)["meta"] == {"study": "own"}
    assert _names(data) == ["data", "data.before", "data.dvc", "data.dvc.before"]


def test_a_second_study_replaces_the_link_and_the_phantom_stays_aside(
    data: Path, study: Path, tmp_path: Path
) -> None:
    use_study(study, data)
    use_study(_study(tmp_path / "second"), data)
    assert (data / "t1.nii").read_bytes() == b"second"
    assert (study / "t1.nii").read_bytes() == b"mine"
    exchange_study(data)
    assert data.with_name("data.dvc").read_text() == PHANTOM
    use_study(study, data)
    assert (data.with_name("data.before") / "phantom.nii").is_file()


def test_in_a_fresh_clone_there_is_no_data_folder_yet(data: Path, study: Path) -> None:
    """`rm -r data` was the first line of the README's section."""
    (data / "phantom.nii").unlink()
    data.rmdir()
    assert use_study(study, data).aside is None
    exchange_study(data)
    assert _names(data) == ["data.before", "data.dvc", "data.dvc.before"]
    assert data.with_name("data.dvc").read_text() == PHANTOM


def test_a_study_that_lies_in_the_data_folder_is_only_described(data: Path) -> None:
    assert use_study(data, data).aside is None
    assert not data.is_symlink()
    assert _tracked(data)["meta"] == {"study": "own"}


def test_using_the_same_study_twice_changes_nothing(data: Path, study: Path) -> None:
    use_study(study, data)
    before = _names(data)
    use_study(study, data)
    assert _names(data) == before
    assert data.with_name("data.dvc.before").read_text() == PHANTOM


@pytest.mark.parametrize("wrong", ["nope", "file", "."])
def test_what_is_no_study_s_folder_is_refused(
    data: Path, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data.parent)
    Path("file").write_text("")
    with pytest.raises(UsageError, match=r"not a folder|holds the folder"):
        use_study(Path(wrong), Path("data"))
    assert data.with_name("data.dvc").read_text() == PHANTOM
    assert not data.is_symlink()


def test_no_folder_that_was_set_aside_is_replaced(data: Path, study: Path) -> None:
    (data.parent / "data.before").mkdir()
    with pytest.raises(UsageError, match="already lies"):
        use_study(study, data)
    assert data.with_name("data.dvc").read_text() == PHANTOM
    assert (data / "phantom.nii").is_file()


def test_there_is_no_way_back_from_where_nobody_went(data: Path) -> None:
    with pytest.raises(UsageError, match="sets aside"):
        exchange_study(data)


@pytest.mark.parametrize("state", ["leads nowhere", "is empty"])
def test_no_phantom_takes_the_place_of_a_study_that_is_away(data: Path, study: Path, state: str) -> None:
    """In a clone of a laboratory's repository, or while a disk is not mounted."""
    use_study(study, data)
    require_own_study(data)
    study.rename(study.with_name("away"))
    if state == "is empty":
        data.unlink()
    with pytest.raises(DataError, match=f"data {state}.*study use PATH"):
        require_own_study(data)


def test_an_empty_folder_that_data_dvc_calls_the_phantom_may_be_filled(data: Path) -> None:
    (data / "phantom.nii").unlink()
    require_own_study(data)
    data.with_name("data.dvc").write_text("outs: [")
    require_own_study(data)
