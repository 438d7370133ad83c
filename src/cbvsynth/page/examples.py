"""Examinations of a study on this machine, as the phantom's, that can be chosen instead of an upload."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Layout
from cbvsynth.errors import CbvsynthError, UsageError
from cbvsynth.page.names import ROLES, Named
from cbvsynth.page.studies import Store, Study, Upload
from cbvsynth.study.manifest import load_manifest
from cbvsynth.study.paths import resolve_inside

MOST_SHOWN = 200
"""Examinations in the list; a longer one is no list to choose from. Our choice."""


class Examples:
    """The examinations of a data root; none where there is no such folder or nothing is recognised in it."""

    def __init__(self, root: Path, layout: Layout = Layout.AUTO) -> None:
        self._root = root
        found: tuple[Examination, ...] = ()
        if root.is_dir() and any(root.iterdir()):
            try:
                found = load_manifest(root, layout).examinations
            except CbvsynthError:
                found = ()
        self._examinations = {one.exam_id: one for one in found[:MOST_SHOWN]}

    @property
    def names(self) -> list[str]:
        """Their ids."""
        return list(self._examinations)

    def put(self, store: Store, study: Study, exam_id: str) -> None:
        """Give a study the files of an examination, as if they had been uploaded.

        Raises:
            UsageError: there is no such examination.
            VolumeError: a file is missing.
            ManifestError: a path leaves the data root.
        """
        examination = self._examinations.get(exam_id)
        if examination is None:
            raise UsageError("There is no such examination to choose. Load the page again.")
        for role, path in examination.files.items():
            if role not in ROLES:
                continue
            source = resolve_inside(self._root, path, examination.label(role))
            ending = ".nii.gz" if source.name.endswith(".gz") else ".nii"
            stored = f"{role}{ending}"
            target = store.folder(study.id) / "files" / stored
            shutil.copyfile(source, target)
            unit = examination.target_unit if role == "cbv" else None
            known = Named(role, "as its study has it", examination.scales.get(role, 1.0), unit)
            store.add(study.id, Upload(stored, stored, target.stat().st_size, known))
        store.change(study.id, lambda one: replace(one, orientation=examination.orientation))
