"""A prediction as DICOM: what its record says goes into the objects' headers."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cbvsynth.client.synthesis import Prediction
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import UsageError
from cbvsynth.records.writable import require_writable
from cbvsynth.study.dicom.series import Series
from cbvsynth.study.dicom_output.facts import MapFacts
from cbvsynth.study.dicom_output.folder import MAP_FILE, require_free_folder, write_dicom
from cbvsynth.study.dicom_output.uids import NewUids


def save_dicom(made: Prediction, folder: Path, series: Series, uids: NewUids) -> tuple[Path, ...]:
    """Write a prediction as DICOM, in the study of the series whose grid it has.

    Raises:
        UsageError: the map was made from arrays, or the folder is not free.
        GridError: the map is not on the grid of `series`.
        VolumeError: what the series says of its patient or study cannot be written again.
        StorageError: the folder cannot be written.
    """
    if made.affine is None:
        raise UsageError("This map was made from arrays and has no place in space; give DICOM files.")
    facts = facts_of(made, datetime.now().astimezone())  # DICOM states local time
    sd = None if made.sd is None else Volume(made.sd, made.affine)
    return write_dicom(folder, Volume(made.cbv, made.affine), series, facts, uids, sd)


def require_dicom_output(folder: Path, source: Path | None) -> None:
    """Ask for the package, the source and the place before the work.

    Raises:
        UsageError: there is no folder of DICOM files, the place lies in it, or it is not free.
        StorageError: the place cannot be written.
        ModuleNotFoundError: there is no highdicom.
    """
    import highdicom  # noqa: F401  the writer itself imports it only when it writes

    if source is None:
        raise UsageError(
            "--out_dicom needs --dicom: the map is written into the study, and onto the slices, of DICOM "
            "files."
        )
    if source.resolve() in (folder.resolve(), *folder.resolve().parents):
        raise UsageError(
            f"--out_dicom '{folder}' lies in the folder of --dicom; expected another place, so that "
            "what came from the scanner stays as it is."
        )
    require_free_folder(folder)
    require_writable(folder / MAP_FILE)


def facts_of(made: Prediction, when: datetime) -> MapFacts:
    """What is said of a prediction in DICOM; nothing of the patient, and no path."""
    record = made.record
    served = record.served
    stands_in = (record.choice.reason,) if record.choice.fallback else ()
    return MapFacts(
        registered=record.registered_name,
        version=served.version,
        model=served.model.slug,
        algorithm=served.model.algorithm.label,
        inputs=tuple(sequence.label for sequence in served.model.combination.sequences),
        unit=served.target_unit,
        cbv_max=made.cbv_max,
        made=when,
        notes=(*stands_in, *record.warnings),
    )
