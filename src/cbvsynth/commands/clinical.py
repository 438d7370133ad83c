"""`cbvsynth clinical`: do readers decide better with synthetic CBV? The paper's tables from a CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional


def clinical(reads: Annotated[Path, Positional], out: Path = Path("artifacts/clinical")) -> None:
    """Compare readers' probabilities without and with synthetic CBV.

    The table has one row for each reader, task and examination, with the columns exam_id, truth (1 or 0),
    p_standard and p_with_cbv (0 to 1), reader, and task. Written are AUC with DeLong's test, NRI, IDI,
    Bonferroni's correction over the tasks and kappa between readers, as clinical.html, .md and .csv.
    'cbvsynth clinical simulate' makes such a table from the phantom.

    Args:
        reads: The readers' table, CSV.
        out: Folder for the tables and the page.
    """
    from cbvsynth.domain.clinical import analyse_reads
    from cbvsynth.io.reads import read_reads
    from cbvsynth.pages.clinical import AREA_HEADER, area_cells, write_clinical
    from cbvsynth.report.tables import text_table

    table = read_reads(reads)
    analysis = analyse_reads(table)
    readers = len({read.reader for read in table})
    examinations = len({read.exam_id for read in table})
    about = (
        f"{examinations} examinations, {readers} {'reader' if readers == 1 else 'readers'}, "
        f"{len(analysis.tasks)} {'task' if len(analysis.tasks) == 1 else 'tasks'}."
    )
    write_clinical(out, analysis, about=about)
    print(text_table(AREA_HEADER, [area_cells(row) for row in analysis.results], frozenset({0, 1})))
    for result in analysis.results:
        for note in result.notes:
            print(f"note: {note}")
    print(f"\nreport: {out / 'clinical.html'}")
