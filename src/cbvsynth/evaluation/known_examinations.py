"""Which examinations of a study a model has met before: known by their CBV maps, whatever they are called."""

from __future__ import annotations

from cbvsynth.records.examinations import ExaminationIndex
from cbvsynth.records.storage import sha256_of

_MAP = "cbv"


def known_examinations(index: ExaminationIndex, reference: ExaminationIndex) -> dict[str, str]:
    """Examinations of `index` that `reference` holds, too, and the split that they have there.

    Equal are those with the fingerprint of one of the reference's, and those whose cached CBV map has the
    same bytes: names, patients and settings may differ. A map that was resampled is not known again.
    """
    by_fingerprint = {one.fingerprint: one.split for one in reference.examinations}
    shapes = {one.shape for one in index.examinations}
    by_map = {
        sha256_of(reference.root / one.exam_id / f"{_MAP}.npy"): one.split
        for one in reference.examinations
        if one.shape in shapes and reference.has(one.exam_id, _MAP)
    }
    found = {}
    for one in index.examinations:
        split = by_fingerprint.get(one.fingerprint)
        if split is None and index.has(one.exam_id, _MAP):
            split = by_map.get(sha256_of(index.root / one.exam_id / f"{_MAP}.npy"))
        if split is not None:
            found[one.exam_id] = split
    return found
