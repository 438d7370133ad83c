"""All objects of one map in one folder, which is there whole or not at all."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cbvsynth.domain.volume import Volume
from cbvsynth.errors import StorageError, UsageError, VolumeError
from cbvsynth.study.dicom.series import Series
from cbvsynth.study.dicom_output.captures import captures
from cbvsynth.study.dicom_output.facts import MapFacts
from cbvsynth.study.dicom_output.parametric_map import parametric_map, sd_map
from cbvsynth.study.dicom_output.slices import slices
from cbvsynth.study.dicom_output.source import read_source
from cbvsynth.study.dicom_output.uids import NewUids

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

MAP_FILE, SD_FILE = "parametric-map.dcm", "parametric-map-sd.dcm"
SLICES_FOLDER, PICTURES_FOLDER = "series", "pictures"
_WORK_PREFIX = ".cbvsynth-dicom-"


def require_free_folder(folder: Path) -> None:
    """Refuse a place where there is something already.

    Raises:
        UsageError: there is a file, or a folder that is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"'{folder}' exists and is not written over. Give another --out_dicom; viewers take two "
            "maps in one folder for one."
        )


def write_dicom(  # noqa: PLR0913, PLR0917  # what is written, of whom, and how it is told
    folder: Path,
    cbv: Volume,
    series: Series,
    facts: MapFacts,
    uids: NewUids,
    sd: Volume | None = None,
) -> tuple[Path, ...]:
    """Write a map as a Parametric Map, as a series of MR images and as pictures; its SD as another map.

    Args:
        folder: made; there is nothing in it yet.
        cbv: the map, on the grid of `series`, whatever the order and direction of its axes.
        series: source whose patient, study, frame of reference and places it gets.
        facts: how it was made.
        uids: makes identifiers.
        sd: how sure the map is, on its grid and in its unit, where that is known.

    Returns:
        The files, none of which is called after a patient.

    Raises:
        UsageError: the folder is not free.
        GridError: the map lies on another grid than the series.
        VolumeError: what the source says of patient or study cannot be written again.
        StorageError: the folder cannot be written.
    """
    require_free_folder(folder)
    source = read_source(series)
    frames = source.frames(cbv)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=_WORK_PREFIX) as name, _quiet():
            made = Path(name, "made")
            made.mkdir()
            parametric_map(frames, source, facts, uids).save_as(made / MAP_FILE)
            if sd is not None:
                sd_map(source.frames(sd), source, facts, uids).save_as(made / SD_FILE)
            _save(made / SLICES_FOLDER, slices(frames, source, facts, uids))
            _save(made / PICTURES_FOLDER, captures(frames, source, facts, uids))
            if folder.exists():
                folder.rmdir()
            made.rename(folder)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        # What the source states of its patient and study, as no library writes it: the text would quote it.
        raise VolumeError(
            f"series {series.number}: what its tags say of patient, study or place is not as the standard "
            f"wants it ({type(error).__name__}), so that no DICOM of it was written; expected a valid "
            "export. Export it again; the map as NIfTI needs none of it."
        ) from None
    except OSError as error:
        raise StorageError(
            f"'{folder}' cannot be written ({error.strerror}); nothing is there. Give another --out_dicom."
        ) from error
    return tuple(sorted(path for path in folder.rglob("*.dcm")))


def _save(folder: Path, files: Iterable[FileDataset]) -> None:
    folder.mkdir()
    for number, one in enumerate(files, start=1):
        one.save_as(folder / f"{number:04d}.dcm", enforce_file_format=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep in what the libraries warn of: they quote values of the source."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
