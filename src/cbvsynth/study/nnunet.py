"""Data sets of nnU-Net and of the Medical Segmentation Decathlon, whose dataset.json says what a channel is.

Source: nnU-Net's dataset format (channel_names, file names ending in a channel's four digits) and the
Decathlon's before it (modality, one 4-D file of all channels).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from cbvsynth.domain.examination import ENHANCING_LABEL
from cbvsynth.domain.options import Layout
from cbvsynth.study.layout_tables import TABLES, LayoutTable, Refusal, Rule
from cbvsynth.study.paths import path_problem
from cbvsynth.study.tree import Tree

DESCRIPTION = "dataset.json"
MAX_DESCRIPTION_BYTES = 16 << 20
"""Largest description that is read: it lists cases, too. Our choice."""

_PARTS = ("Tr", "Ts", "Val")
_CHANNELS = (
    ("t1c", re.compile(r"t1 ?(?:w?[ _-]?)?(?:c|ce|gd|gad\w*|km|post\w*|contrast\w*)|t1w?[ _-]?\+ ?c|ct1")),
    ("flair", re.compile(r".*flair|t2f")),
    ("t1", re.compile(r"t1(?:w|n|wi)?|t1[ _-]?(?:pre|native)")),
    ("t2", re.compile(r"t2(?:w|wi)?")),
    ("adc", re.compile(r"adc|apparent.*")),
    ("asl", re.compile(r"(?:p?c?asl[ _-]?)?cbf|p?c?asl")),
    ("cbv", re.compile(r"r?(?:el)?cbv")),
)
# What our labels 1 to 3 must be called; a data set may name fewer.
_LABELS = {
    1: re.compile(r"necro|ncr|net\b|non.?enh|core"),
    2: re.compile(r"o?edema|snfh|whole"),
    3: re.compile(r"(?<!non.)enh|\bet\b"),
}
_LESION = re.compile(r"lesion|tumou?r|glio|whole|metasta")
_CASE = r"(?P<subject>[A-Za-z0-9][A-Za-z0-9_.+-]*?)"
_NII = r"(?i:\.nii(?:\.gz)?)"
_FOUR_D = (
    "one 4-D file holds all sequences, as in the Medical Segmentation Decathlon; split it into a "
    "file for each with "
    "nnU-Net's conversion (nnUNetv2_convert_MSD_dataset)."
)


def nnunet_table(root: Path, tree: Tree) -> LayoutTable:
    """The layout of the data set below a root; without rules where there is none."""
    table = TABLES[Layout.NNUNET]
    rules: list[Rule] = []
    refusals: list[Refusal] = []
    for folder, part in sorted({found for path in tree.images if (found := _data_set_and_part(path))}):
        description = _description(root, PurePosixPath(folder))
        if description is None:
            continue
        prefix = "" if folder == "." else re.escape(folder) + "/"
        place = f"{folder} {part}"
        for number, role in _channels(description).items():
            pattern = re.compile(f"{prefix}images{part}/{_CASE}_{number:04d}{_NII}")
            rules.append(Rule(role, pattern, role if role == "cbv" else "", place=place))
        labels = re.compile(f"{prefix}labels{part}/{_CASE}{_NII}")
        problem = _label_problem(description)
        if problem:
            refusals.append(Refusal(labels, problem))
        else:
            rules.append(Rule("seg", labels, enhancing_label=ENHANCING_LABEL, place=place))
        refusals.append(Refusal(re.compile(f"{prefix}images{part}/.*(?<!_\\d{{4}}){_NII}"), _FOUR_D))
    return replace(table, rules=tuple(rules), refusals=tuple(refusals))


def _data_set_and_part(path: str) -> tuple[str, str] | None:
    """Folder of the data set and Tr, Ts or Val of an image; cases of one name in two of these never mix."""
    folder = PurePosixPath(path).parent
    part = folder.name.removeprefix("images")
    return (str(folder.parent), part) if part != folder.name and part in _PARTS else None


def _description(root: Path, folder: PurePosixPath) -> Mapping[str, object] | None:
    relative = folder / DESCRIPTION
    path = root / relative
    try:
        if path_problem(root, relative) or path.stat().st_size > MAX_DESCRIPTION_BYTES:
            return None
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _channels(description: Mapping[str, object]) -> dict[int, str]:
    """Roles by channel number; channels of other names, and names that are there twice, are left out."""
    named = description.get("channel_names") or description.get("modality")
    if not isinstance(named, dict):
        return {}
    found: dict[int, str] = {}
    for number, name in named.items():
        word = str(name).strip().lower()
        role = next((role for role, pattern in _CHANNELS if pattern.fullmatch(word)), "")
        if role and str(number).isdecimal():
            found[int(number)] = role
    roles = list(found.values())
    return {number: role for number, role in found.items() if roles.count(role) == 1}


def _label_problem(description: Mapping[str, object]) -> str:
    """Why a data set's labels are not those of this project; empty where they are, or are one lesion."""
    stated = description.get("labels")
    labels: dict[int, str] = {}
    for key, value in stated.items() if isinstance(stated, dict) else ():
        name, number = (value, key) if str(key).isdecimal() else (key, value)
        if str(number).isdecimal() and int(str(number)):
            labels[int(str(number))] = str(name).lower()
    if len(labels) == 1 and _LESION.search(next(iter(labels.values()))):
        return ""
    if labels and all(number in _LABELS and _LABELS[number].search(name) for number, name in labels.items()):
        return ""
    shown = ", ".join(f"{number} {name[:30]}" for number, name in sorted(labels.items())[:6]) or "nothing"
    return (
        f"dataset.json calls its labels {shown}; expected 1 necrosis, 2 oedema, 3 enhancing tumour, "
        "or one lesion. "
        "Give them these numbers"
    )
