"""`cbvsynth clinical prognosis`: does CBV tell how long patients live?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional


def prognosis(
    survival: Annotated[Path, Positional],
    covariates: tuple[str, ...] = (),
    horizons_months: tuple[float, ...] = (12.0,),
    unit: str = "mL/100 g",
    out: Path = Path("artifacts/prognosis"),
) -> None:
    """Compare survival by synthetic and real lesion CBV, alone and beside clinical covariates.

    The table has one row a patient, with the columns patient, time_months (or time_days), event (1 where it
    came, 0 where the patient was censored), cbv_synthetic and cbv_real (one at least), and covariates of any
    name. Written are Kaplan-Meier curves by halves of CBV with log-rank tests, Cox models without and with
    CBV, C and time-dependent AUC with tests of their differences, NRI and IDI, as prognosis.html, .md and
    .csv. 'cbvsynth clinical simulate' makes such a table from the phantom.

    Args:
        survival: The table, CSV.
        covariates: Its columns to adjust for; numbers are taken as they are, words as groups.
        horizons_months: When to ask who has had the event, months.
        unit: Unit of CBV in the table, as the page is to call it.
        out: Folder for the tables and the page.
    """
    from cbvsynth.pages.prognosis_page import summary, write_prognosis
    from cbvsynth.pages.tables.formats import text_table
    from cbvsynth.pages.tables.prognosis import model_header, model_rows
    from cbvsynth.records.survival_tables import read_survival
    from cbvsynth.survival.prognosis import analyse_prognosis

    result = analyse_prognosis(read_survival(survival, covariates), horizons_months)
    write_prognosis(out, result, about=f"Table {survival.name}.", unit=unit)
    print(summary(result))
    print(text_table(model_header(result), model_rows(result), frozenset({0})))
    for note in result.notes:
        print(f"note: {note}")
    print(f"\nreport: {out / 'prognosis.html'}")
