"""SHA-256 of every image of a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cbvsynth.domain.examination import Examination
from cbvsynth.errors import VolumeError
from cbvsynth.progress import progress_bar
from cbvsynth.records.storage import sha256_of
from cbvsynth.study.paths import resolve_inside


def hash_images(root: Path, examinations: Sequence[Examination]) -> list[dict[str, str]]:
    """Hex digests by role for each examination, with a progress bar over files.

    Raises:
        VolumeError: a file is missing or cannot be read.
        ManifestError: a path leaves the data root.
    """
    digests: list[dict[str, str]] = []
    total = sum(len(one.files) for one in examinations)
    with progress_bar(total=total, desc="hashing", unit="file") as progress:
        for examination in examinations:
            hashed = {}
            for role, relative in examination.files.items():
                label = examination.label(role)
                path = resolve_inside(root, relative, label)
                try:
                    hashed[role] = sha256_of(path)
                except OSError as error:
                    raise VolumeError(
                        f"{label}: the file cannot be read ({error.strerror}); restore it or change its "
                        "permissions."
                    ) from error
                progress.update()
            digests.append(hashed)
    return digests
