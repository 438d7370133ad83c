"""Where a map and its record go, and whether the place is free, asked before the work."""

from __future__ import annotations

from pathlib import Path

from cbvsynth.errors import UsageError


def sidecar_of(path: Path) -> Path:
    """Where the record of a map lies: cbv.json beside cbv.nii.gz.

    Raises:
        UsageError: the map's name is not one of NIfTI.
    """
    for end in (".nii.gz", ".nii"):
        if path.name.endswith(end) and path.name != end:
            return path.with_name(path.name.removesuffix(end) + ".json")
    raise UsageError(f"'{path}' is not a NIfTI name; expected one that ends in .nii.gz or .nii.")


def sd_of(path: Path) -> Path:
    """Where the map of standard deviations lies: cbv_sd.nii.gz beside cbv.nii.gz."""
    stem = sidecar_of(path).stem
    return path.with_name(f"{stem}_sd{path.name.removeprefix(stem)}")


def mask_picture_of(path: Path) -> Path:
    """Where the outline of an extracted brain lies: cbv_mask.png beside cbv.nii.gz."""
    record = sidecar_of(path)
    return record.with_name(f"{record.stem}_mask.png")


def require_free(path: Path, flag: str = "--out") -> None:
    """Refuse to write over a file.

    Raises:
        UsageError: it is there.
    """
    if path.exists():
        raise UsageError(f"'{path}' exists and is not written over. Give another {flag}, or --overwrite on.")
