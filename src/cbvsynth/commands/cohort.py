"""`cbvsynth cohort`: who was examined, with and without exclusions, by split."""

from __future__ import annotations

from pathlib import Path

from cbvsynth.domain.options import Layout


def cohort(
    data: Path = Path("data"),
    layout: Layout = Layout.AUTO,
    artifacts: Path = Path("artifacts"),
    out: Path = Path("artifacts/cohort"),
) -> None:
    """Write Table 1: age, sex, diagnosis and examinations per patient, with and without exclusions, by split.

    Age and sex are read from the study itself: nothing that the steps leave behind holds them. Written are
    counts and means, no single patient.

    Args:
        data: Data root of the study.
        layout: Folder layout of the study, as for validate.
        artifacts: Folder of the run's results; decisions of validate and the split of preprocess are read.
        out: Folder for table1.html, table1.md and table1.csv.
    """
    from cbvsynth.domain.cohort import GROUPS, Visit, describe_cohort
    from cbvsynth.errors import ResultError
    from cbvsynth.pages.cohort_page import HEADER, PAGE, table1_rows, write_table1
    from cbvsynth.pages.tables.formats import text_table
    from cbvsynth.preprocessing.selection import select_accepted
    from cbvsynth.records.decisions import read_decisions
    from cbvsynth.records.examinations import read_index
    from cbvsynth.study.manifest import load_manifest

    examinations = load_manifest(data, layout).examinations
    decisions = read_decisions(artifacts / "validate" / "examinations.csv")
    accepted = {examination.exam_id for examination in select_accepted(examinations, decisions)}
    splits = {one.exam_id: one.split for one in read_index(artifacts / "preprocess").examinations}
    different = sorted(accepted ^ set(splits))
    if different:
        raise ResultError(
            f"validate accepted {len(accepted)} examinations, preprocess prepared {len(splits)}; they differ "
            "in "
            f"{len(different)}, first in {different[0]}. Run preprocess again."
        )
    found = describe_cohort(
        Visit(
            exam_id=one.exam_id,
            patient=one.subject_id,
            session=one.session_id,
            age=one.age,
            sex=one.sex,
            diagnosis=one.diagnosis,
            split=splits.get(one.exam_id, ""),
        )
        for one in examinations
    )
    write_table1(out, found)
    print(text_table(HEADER, table1_rows(found), frozenset({0, len(GROUPS) + 2})))
    print(f"\nreport: {out / PAGE}")
