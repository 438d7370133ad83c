"""A path from a table never leads out of the data root, and no message repeats it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from cbvsynth.errors import ManifestError
from cbvsynth.study.paths import resolve_inside

LABEL = "sub-012/ses-1: T1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    (data / "sub").mkdir(parents=True)
    (data / "sub" / "image.nii").write_bytes(b"x")
    (tmp_path / "secret.nii").write_bytes(b"x")
    (tmp_path / "data-beside").mkdir()
    return data


def test_a_path_inside_resolves_whether_or_not_the_file_exists(root: Path) -> None:
    assert resolve_inside(root, PurePosixPath("sub/image.nii"), LABEL) == root / "sub" / "image.nii"
    assert resolve_inside(root, PurePosixPath("sub/none.nii"), LABEL) == root / "sub" / "none.nii"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/etc/hostname", "is absolute"),
        ("../secret.nii", r"contains '\.\.'"),
        ("sub/../sub/image.nii", r"contains '\.\.'"),
        ("sub/image.nii\0.png", "contains a NUL"),
        ("", "is empty"),
        (".", "is empty"),
    ],
)
def test_a_path_that_could_leave_the_root_is_refused(root: Path, path: str, problem: str) -> None:
    with pytest.raises(ManifestError, match=f"^{LABEL}: its path {problem}") as caught:
        resolve_inside(root, PurePosixPath(path), LABEL)
    assert "secret" not in str(caught.value)
    assert str(root) not in str(caught.value)


def test_links_are_followed_inside_the_root_and_refused_when_they_leave_it(root: Path) -> None:
    (root / "same.nii").symlink_to("sub/image.nii")
    assert resolve_inside(root, PurePosixPath("same.nii"), LABEL) == root / "sub" / "image.nii"
    (root / "file.nii").symlink_to(root.parent / "secret.nii")
    (root / "folder").symlink_to(root.parent)
    (root / "beside").symlink_to(root.parent / "data-beside")
    for path in ("file.nii", "folder/secret.nii", "beside/a.nii", "folder"):
        with pytest.raises(ManifestError, match="leaves the data root through a link"):
            resolve_inside(root, PurePosixPath(path), LABEL)


def test_a_loop_of_links_is_refused(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    with pytest.raises(ManifestError, match="loop of links"):
        resolve_inside(root, PurePosixPath("a/image.nii"), LABEL)


def test_a_root_that_is_a_link_or_relative_is_fine(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root.parent / "link").symlink_to(root)
    assert resolve_inside(root.parent / "link", PurePosixPath("sub/image.nii"), LABEL).samefile(
        root / "sub" / "image.nii"
    )
    monkeypatch.chdir(root.parent)
    assert resolve_inside(Path("data"), PurePosixPath("sub/image.nii"), LABEL).is_absolute()
