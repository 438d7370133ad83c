"""A map as DICOM to take away, where the examination came as DICOM: one archive, made with the map."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from cbvsynth.client.dicom_output import save_dicom
from cbvsynth.client.synthesis import Prediction
from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import CbvsynthError
from cbvsynth.page.recognition import CONVERTED
from cbvsynth.page.studies import Study
from cbvsynth.page.wording import for_a_visitor
from cbvsynth.study.dicom.headers import read_folder
from cbvsynth.study.dicom.series import Series, series_of
from cbvsynth.study.dicom_output.uids import NewUids

ARCHIVE = "cbv-dicom.zip"
NO_DICOM = "the images came as NIfTI, which names no patient and no study that DICOM could belong to"


def is_dicom(study: Study) -> bool:
    """Whether the images of a study came as DICOM."""
    return any(name.startswith(f"{CONVERTED}/") for name in study.images.values())


def reference_of(study: Study) -> str:
    """Whose grid the map of a study gets: DICOM is read beside T1C; empty for the first image there is."""
    return Sequence.T1C.value if is_dicom(study) and Sequence.T1C in study.images else ""


def keep_dicom(folder: Path, results: Path, made: Prediction, study: Study, uids: NewUids) -> dict[str, str]:
    """Write the map of a study as an archive of DICOM files, below names of our own.

    Args:
        folder: of the study.
        results: where the archive goes.
        made: the map.
        study: whose map it is.
        uids: makes identifiers.

    Returns:
        `file`, empty where there is none, and `text`: on whose slices it lies, or why there is none.
    """
    if not is_dicom(study):
        return {"file": "", "text": NO_DICOM}
    role = made.prepared.reference
    try:
        series = _source(folder / "files", study, role)
        with tempfile.TemporaryDirectory(dir=folder, prefix="dicom-") as work:
            written = save_dicom(made, Path(work, "cbv"), series, uids)
            _pack(Path(work), written, results / ARCHIVE)
    except CbvsynthError as error:
        return {"file": "", "text": for_a_visitor(str(error))}
    return {"file": ARCHIVE, "text": f"in the study of the images, on the slices of {Sequence(role).label}"}


def _source(files: Path, study: Study, role: str) -> Series:
    """The series that an image was made of, by the number that its row has."""
    key = next(row.key for row in study.rows if row.role == role)
    return next(one for one in series_of(read_folder(files)[0]) if str(one.number) == key)


def _pack(work: Path, written: tuple[Path, ...], archive: Path) -> None:
    part = work / ARCHIVE
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for path in written:
            target.write(path, path.relative_to(work))
    part.rename(archive)
