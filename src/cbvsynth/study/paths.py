"""Paths that come from a table and must stay inside the data root."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from cbvsynth.errors import ManifestError


def resolve_inside(root: Path, relative: PurePosixPath, label: str) -> Path:
    """The real file behind a path relative to `root`, links followed; it need not exist.

    The path itself is in no message, as folders may hold patients' names: `label` says which image
    is meant, as in ``sub-012/ses-1: ADC``.

    Raises:
        ManifestError: the path is empty, absolute, contains ``..`` or NUL, or leads out of the root
            through a link.
    """
    problem = path_problem(root, relative)
    if problem:
        raise ManifestError(
            f"{label}: its path {problem}. Expected a path relative to the data root that stays inside it; "
            "correct the manifest or copy the file into the data root."
        )
    return (root / relative).resolve()


def path_problem(root: Path, relative: PurePosixPath) -> str:
    """Why a path must not be followed, as the end of a sentence without the path; empty when it may."""
    if "\0" in str(relative):
        return "contains a NUL character"
    if relative.is_absolute():
        return "is absolute"
    if ".." in relative.parts:
        return "contains '..'"
    if not relative.parts:
        return "is empty"
    try:
        real_root = root.resolve()
        real = (real_root / relative).resolve()
    except (OSError, RuntimeError):
        return "leads through a loop of links"
    return "" if real.is_relative_to(real_root) else "leaves the data root through a link"
