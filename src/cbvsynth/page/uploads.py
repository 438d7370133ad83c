"""Files as they come: in pieces, never more than is allowed, under names of our own."""

from __future__ import annotations

from collections.abc import AsyncIterable
from pathlib import Path
from urllib.parse import unquote

from cbvsynth.errors import UsageError
from cbvsynth.page.settings import PageSettings
from cbvsynth.page.studies import State, Store, Study, Upload

_MOST_NAME_CHARACTERS = 1024
_ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")


def checked_name(header: str) -> str:
    """The path of a file below the folder that was given, from its header; it is never used on the disk.

    Raises:
        UsageError: there is none, or it is an archive's.
    """
    name = unquote(header, errors="replace").replace("\\", "/").strip("/")
    if not name or len(name) > _MOST_NAME_CHARACTERS or not name.isprintable():
        raise UsageError("A file has no name, or one that cannot be read; expected a name as in t1.nii.gz.")
    if name.lower().endswith(_ARCHIVES):
        raise UsageError("An archive is not unpacked here. Unpack it, and give the folder.")
    return name


async def receive(
    store: Store, study: Study, name: str, body: AsyncIterable[bytes], settings: PageSettings
) -> None:
    """Write a file of a study, and stop as soon as all its files together are too large.

    Raises:
        UsageError: it is too large, or there are too many files, or the study is not one that takes files.
    """
    if study.state is not State.UPLOADING:
        raise UsageError("This examination has all its files. Begin another one.")
    if len(study.uploads) >= settings.max_files:
        raise UsageError(
            f"There are more than {settings.max_files} files; expected those of one examination alone."
        )
    left = settings.max_upload_mb * 1e6 - sum(upload.size for upload in study.uploads)
    ending = (
        ".nii.gz" if name.lower().endswith(".nii.gz") else ".nii" if name.lower().endswith(".nii") else ".dcm"
    )
    stored = f"{len(study.uploads) + 1:05d}{ending}"
    path = store.folder(study.id) / "files" / stored
    try:
        size = await write_pieces(path, body, left, settings.max_upload_mb)
    except BaseException:  # also where the visitor goes away in the middle
        path.unlink(missing_ok=True)
        raise
    store.add(study.id, Upload(name, stored, size))


async def write_pieces(path: Path, body: AsyncIterable[bytes], left: float, most_mb: float) -> int:
    """Write what comes, up to `left` bytes; how many came."""
    size = 0
    with path.open("wb") as target:
        async for piece in body:
            size += len(piece)
            if size > left:
                raise UsageError(
                    f"The files have more than {most_mb:g} MB together; expected at most that. Give the "
                    "sequences alone."
                )
            target.write(piece)
    return size
