"""The workspace that the tasks of a pipeline share: folders named after what made their content.

    <workspace>/validate/<study>/       decisions and report; <study> stands for files, limits, settings
    <workspace>/data_docs/<study>/      Great Expectations' own pages, with their time stamps
    <workspace>/preprocess/<prepared>/  cached arrays of a study, with one way of preparing them
    <workspace>/train/<sweep>/<model>/  results; <sweep> stands for the arrays, settings, code
    <workspace>/checkpoints/<sweep>/    resumable state of the trainings; may be deleted
    <workspace>/evaluate/<verdict>/     leaderboard, report, verdict
    <workspace>/promote/<verdict>/      what the registry was made to do

The same name means the same content. A task that finds its folder complete has nothing to do, runs with
different settings never overwrite each other, and any folder may be deleted to free space: it is made again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from cbvsynth.errors import ResultError, StorageError

REFUSAL_FILE = "refusal.txt"
"""In a study's folder, where validate found too much to drop: why the run must stop."""


@contextmanager
def scratch_folder(workspace: Path) -> Iterator[Path]:
    """A folder on the workspace's own disk, from which finished folders are moved to their final names.

    Raises:
        StorageError: the workspace cannot be written to.
    """
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        folder = Path(mkdtemp(prefix=".unfinished-", dir=workspace))
    except OSError as error:
        raise StorageError(
            f"The workspace '{workspace}' cannot be written to ({error.strerror}) by user {os.getuid()}; "
            "expected a folder that all tasks share. Check the parameter 'workspace' and the volume mounted "
            "there. A new volume belongs to root: give its claim to that user with 'kubectl apply -k "
            "k8s/jobs/prepare'."
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep(folder: Path, place: Path) -> None:
    """Move a finished folder to the name of its content; one that has the name already stays."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        try:
            folder.rename(place)
        except OSError:
            # Another run with the same content may have been faster.
            if not place.exists():
                raise


def write_handover(path: str, content: Mapping[str, str]) -> None:
    """Write what a later task needs to know, as an artefact."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_handover(path: str, *names: str) -> tuple[str, ...]:
    """Read what an earlier task wrote for later ones, by name.

    Raises:
        ResultError: it is missing, or a name in it is.
    """
    content = read_arguments(path)
    missing = [name for name in names if name not in content]
    if missing:
        raise ResultError(
            f"What an earlier task handed over lacks {', '.join(missing)}; expected {', '.join(names)}. "
            "Start the run again."
        )
    return tuple(str(content[name]) for name in names)


def read_arguments(path: str) -> dict[str, Any]:
    """Read everything that an earlier task handed over.

    Raises:
        ResultError: it is missing, or no JSON object.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultError(
            f"What an earlier task handed over cannot be read ({type(error).__name__}); expected a JSON "
            "object. Start the run again."
        ) from error
    if not isinstance(content, dict):
        raise ResultError(
            f"What an earlier task handed over is a {type(content).__name__}; expected a JSON object. "
            "Start the run again."
        )
    return content
