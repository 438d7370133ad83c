"""Which study a checkout works on: another one in the place of the phantom, and back. Nothing is deleted.

`data` becomes a link to the study, which stays where it is. What was there before, the folder and the
`data.dvc` that describes it, lies beside it as `data.before` and `data.dvc.before`; the way back exchanges
the two. Decision: docs/decisions/0082-a-study-is-linked.md.
"""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from cbvsynth.errors import DataError, UsageError
from cbvsynth.records.storage import atomic_file, write_text

OWN = "own"
_BEFORE = ".before"
_DESCRIPTION = """\
# The study that this repository works on, linked by `cbvsynth study use`: hashed by DVC, stored by nobody but
# its owner. `cbvsynth study back` exchanges it for the one before; `dvc add data` has DVC store a folder.
desc: A study of your own
meta:
  study: {own} # an empty data/ is then never filled with the phantom
outs:
- path: {name}
  cache: false
"""


@dataclass(frozen=True)
class Switched:
    """What a switch left: whether `data` is a link now, to where, and what lies aside."""

    data: Path
    leads_to: Path
    aside: Path | None


def use_study(study: Path, data: Path) -> Switched:
    """Let `data` be a link to a study, and describe it to DVC; what was there is set aside.

    A study that already lies in `data` stays there and is only described. A link is replaced by a link.

    Raises:
        UsageError: there is no such folder, it holds `data`, or something already lies where a folder would
            be set aside.
    """
    target = _study_folder(study, data)
    aside = _before(data)
    in_place = data.is_dir() and not data.is_symlink() and target == data.resolve()
    if not in_place and data.exists() and not data.is_symlink():
        _require_room(data, aside)
    _describe(data)
    if not in_place:
        if data.exists() and not data.is_symlink():
            if aside.is_symlink():
                aside.unlink()
            data.rename(aside)
        _link(data, target)
    return Switched(data, target, aside if os.path.lexists(aside) else None)


def exchange_study(data: Path) -> Switched:
    """Exchange `data` and its description for what the last switch set aside; again, and it is back.

    Raises:
        UsageError: nothing was set aside.
    """
    tracker, aside = _tracker(data), _before(data)
    if not _before(tracker).is_file() and not os.path.lexists(aside):
        raise UsageError(
            f"Neither {aside} nor {_before(tracker).name} is there; expected what `cbvsynth study use` "
            f"sets aside. Nothing was changed; `git checkout {tracker.name}` restores what was committed."
        )
    _exchange(tracker, _before(tracker))
    _exchange(data, aside)
    return Switched(data, data.resolve(), aside if os.path.lexists(aside) else None)


def require_own_study(data: Path) -> None:
    """Stop where the study that `data` stands for is not there: in its place no phantom may be made.

    Raises:
        DataError: data.dvc says that it is a study of one's own, and `data` is missing, empty, or a link
            that leads nowhere.
    """
    try:
        content = yaml.safe_load(_tracker(data).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return
    meta = content.get("meta") if isinstance(content, dict) else None
    if not isinstance(meta, dict) or meta.get("study") != OWN or (data.is_dir() and any(data.iterdir())):
        return
    state = "leads nowhere" if data.is_symlink() and not data.exists() else "is empty"
    raise DataError(
        f"{data} {state}, and {_tracker(data).name} says that this repository works on a study of your own: "
        "mount its disk, or say where it lies now by `cbvsynth study use PATH`. `cbvsynth study back` "
        "returns to the one before."
    )


def _study_folder(study: Path, data: Path) -> Path:
    if not study.is_dir():
        raise UsageError(f"{study} is not a folder; expected the folder of a study. Give its path.")
    target, here = study.resolve(), data.absolute().parent.resolve()
    if here.is_relative_to(target):
        raise UsageError(
            f"{study} holds the folder in which {data} would lead to it; expected the folder of a study "
            "alone. Put the study into a folder of its own."
        )
    return target


def _require_room(data: Path, aside: Path) -> None:
    if data.is_mount():
        raise UsageError(
            f"{data} is a mount point, which cannot be set aside; expected a folder, a link or nothing. "
            "Mount the study there instead, and describe it by `cbvsynth study use` of the same folder."
        )
    if aside.exists() and not aside.is_symlink():
        raise UsageError(
            f"{data} would be set aside as {aside}, where a folder already lies; expected nothing. Give "
            "one of them another name; nothing was changed."
        )


def _describe(data: Path) -> None:
    """Set data.dvc aside, unless it already is of one's own study, and write the one that says so."""
    tracker = _tracker(data)
    text = _DESCRIPTION.format(own=OWN, name=data.name)
    if tracker.is_file() and f"study: {OWN}".encode() not in tracker.read_bytes():
        with atomic_file(_before(tracker)) as copy:
            shutil.copyfile(tracker, copy)
    write_text(tracker, text)


def _link(data: Path, target: Path) -> None:
    temporary = data.with_name(f".{data.name}.{secrets.token_hex(4)}")
    temporary.symlink_to(target, target_is_directory=True)
    temporary.replace(data)


def _exchange(one: Path, other: Path) -> None:
    """Exchange two places, of which either may be empty."""
    between = one.with_name(f".{one.name}.{secrets.token_hex(4)}")
    for source, to in ((one, between), (other, one), (between, other)):
        if os.path.lexists(source):
            source.rename(to)


def _tracker(data: Path) -> Path:
    return data.absolute().with_name(f"{data.name}.dvc")


def _before(path: Path) -> Path:
    return path.with_name(f"{path.name}{_BEFORE}")
