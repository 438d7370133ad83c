"""`cbvsynth manifest ROOT`: list the examinations of a study in manifest.csv."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence as SequenceOf
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from cbvsynth.commands.answers import AsJson, print_json
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Layout, Switch
from cbvsynth.domain.sequences import OPTIONAL_SEQUENCES, PAPER_SEQUENCES, Sequence
from cbvsynth.errors import UsageError
from cbvsynth.study.layout_tables import is_pseudonymous
from cbvsynth.study.layouts import A_FILE, LeftOut
from cbvsynth.study.manifest import MANIFEST_NAMES, Manifest, load_manifest, scan_study, write_manifest
from cbvsynth.study.manifest_hashes import hash_images

MOST_LINES = 12


def manifest(  # noqa: PLR0913  all by name, all with a default
    root: tyro.conf.Positional[Path],
    *,
    layout: Layout = Layout.AUTO,
    out: Path | None = None,
    hash_files: Annotated[Switch, tyro.conf.arg(name="hash")] = Switch.OFF,
    prefer: tuple[str, ...] = (),
    pattern: tuple[str, ...] = (),
    enhancing_label: Literal[0, 3, 4] = 0,
    json: AsJson = 0,
) -> None:
    """List a study's examinations and say what was recognised, what is there and what is left out.

    A manifest that exists is checked and never written over.

    Args:
        root: Folder of the study.
        layout: How its files are arranged and named; auto looks. dicom converts what is needed, inside ROOT.
        out: Table to write; ROOT/manifest.csv when not given.
        hash_files: Whether to add the SHA-256 of every image.
        prefer: BIDS entities (acq-mprage), folders of derivatives (hd-bet) or words for DICOM series (3d) to
            take where several files could be meant, the first first.
        pattern: How files are named where no layout fits, as in t1={subject}/{session}/*T1w.nii.gz; for t1,
            t2, t1c, flair, adc, cbv, mask and seg.
        enhancing_label: Number of enhancing tumour in segmentations that do not say so: 3, or 4 as in BraTS
            until 2022; 0 leaves it open.
        json: Print what was found as JSON; without the images' paths, as folders may
            bear patients' names.
    """
    own = next((root / name for name in MANIFEST_NAMES if (root / name).is_file()), None)
    if layout is Layout.AUTO and own is not None and out is None and not pattern:
        listed = load_manifest(root)
        if json:
            print_json(_answer(listed, ""))
            return
        print_summary(listed)
        print(f"\n{own.name} is in order. Nothing was written; --layout or --out makes a new one.")
        return
    target = out or root / MANIFEST_NAMES[0]
    if target.exists():
        raise UsageError(
            f"'{target}' exists and may hold work done by hand; delete it first or give another --out."
        )
    found = scan_study(root, layout, prefer, enhancing_label=enhancing_label, patterns=pattern)
    if is_pseudonymous(found.layout) and not target.resolve().is_relative_to(root.resolve()):
        raise UsageError(
            "The paths in this manifest may hold patients' names, so it must stay in the data root; "
            "leave --out away or give a name inside ROOT."
        )
    examinations = found.examinations
    if hash_files is Switch.ON:
        examinations = tuple(
            replace(one, sha256=digests)
            for one, digests in zip(examinations, hash_images(root, examinations), strict=True)
        )
    write_manifest(target, examinations)
    if json:
        print_json(_answer(replace(found, examinations=examinations), str(target)))
        return
    print_summary(found)
    print(f"\nwritten: {target}")


def _answer(found: Manifest, written: str) -> dict[str, object]:
    """What a program asks of a study; images by their role alone."""
    return {
        "layout": _layout_name(found),
        "recognised_because": found.recognised_because,
        "written": written,
        "examinations": [
            {
                "exam_id": one.exam_id,
                "subject_id": one.subject_id,
                "session_id": one.session_id,
                "images": list(one.files),
                "target_unit": one.target_unit.value,
                "diagnosis": one.diagnosis,
                "split": one.split,
                "flags": sorted(one.flags),
            }
            for one in found.examinations
        ],
        "left_out": [
            {"what": A_FILE if one.is_path else one.what, "reason": one.reason} for one in found.left_out
        ],
        "warnings": list(found.warnings),
    }


def print_summary(found: Manifest) -> None:
    """Say what a study holds, which layout it is, and what is left out of it."""
    examinations = found.examinations
    patients = len({one.subject_id for one in examinations})
    print(f"layout         {_layout_name(found)}: {found.recognised_because}")
    print(f"examinations   {len(examinations)}")
    print(f"patients       {patients}")
    counts = Counter(role for one in examinations for role in one.files)
    listed = [one for one in Sequence if counts[one.value] or one not in OPTIONAL_SEQUENCES]
    print("sequences      " + ", ".join(f"{one.label} {counts[one.value]}" for one in listed))
    complete = sum(set(PAPER_SEQUENCES) <= set(one.sequences) for one in examinations)
    print(f"all five       {complete}")
    units = ", ".join(sorted({one.target_unit.value for one in examinations if one.cbv is not None}))
    print(f"CBV maps       {counts['cbv']}" + (f" ({units})" if units else ""))
    print(f"masks          {counts['mask']}, segmentations {counts['seg']}")
    _print_facts(examinations)
    _print_left_out(found.left_out)
    if found.warnings:
        print(f"warnings       {len(found.warnings)}")
        _print_lines(found.warnings)


def _layout_name(found: Manifest) -> str:
    return "its own" if found.layout is Layout.AUTO else found.layout.value  # by a manifest or by patterns


def _print_facts(examinations: tuple[Examination, ...]) -> None:
    ages = sum(one.age is not None for one in examinations)
    flags = Counter(flag for one in examinations for flag in one.flags)
    flagged = ", ".join(f"{flag} {count}" for flag, count in sorted(flags.items())) or "none"
    print(f"known          age {ages}, sex {sum(bool(one.sex) for one in examinations)}, ", end="")
    print(f"diagnosis {sum(bool(one.diagnosis) for one in examinations)}; quality flags: {flagged}")


def _print_left_out(left_out: tuple[LeftOut, ...]) -> None:
    print(f"left out       {len(left_out) or 'nothing'}")
    _print_lines([f"{one.what}: {one.reason}" for one in left_out])


def _print_lines(lines: SequenceOf[str]) -> None:
    for line in lines[:MOST_LINES]:
        print(f"  {line}")
    if len(lines) > MOST_LINES:
        print(f"  ... and {len(lines) - MOST_LINES} more")
