"""`cbvsynth clinical ...`: do readers decide better with synthetic CBV? The paper's tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional

from cbvsynth.domain.options import CovarianceMethod

if TYPE_CHECKING:
    from cbvsynth.domain.simulated_readers import LesionFeatures

READERS = ("A", "B")
FOLDS = 5
SIMULATED_HORIZONS_MONTHS = (12.0, 24.0)


def analyse(
    reads: Annotated[Path, Positional],
    out: Path = Path("artifacts/clinical"),
    covariances: CovarianceMethod = CovarianceMethod.DELONG,
) -> None:
    """Compare readers' probabilities without and with synthetic CBV.

    The table has one row for each reader, task and examination, with the columns exam_id, truth (1 or 0),
    p_standard and p_with_cbv (0 to 1), reader, and task. Written are AUC with DeLong's test, NRI, IDI,
    Bonferroni's correction over the tasks and kappa between readers, as clinical.html, .md and .csv.
    'cbvsynth clinical simulate' makes such a table from the phantom.

    Args:
        reads: The readers' table, CSV.
        out: Folder for the tables and the page.
        covariances: Of the areas, in the test of all readers together.
    """
    from cbvsynth.domain.clinical import analyse_reads
    from cbvsynth.domain.wording import counted
    from cbvsynth.pages.clinical_page import AREA_HEADER, area_cells, write_clinical
    from cbvsynth.pages.tables.formats import text_table
    from cbvsynth.records.reads import read_reads

    table = read_reads(reads)
    analysis = analyse_reads(table, covariances)
    readers = len({read.reader for read in table})
    examinations = len({read.exam_id for read in table})
    about = (
        f"{counted(examinations, 'examination')}, {counted(readers, 'reader')}, "
        f"{counted(len(analysis.tasks), 'task')}."
    )
    write_clinical(out, analysis, about=about)
    print(text_table(AREA_HEADER, [area_cells(row) for row in analysis.results], frozenset({0, 1})))
    for result in analysis.results:
        for note in result.notes:
            print(f"note: {note}")
    print(f"\nreport: {out / 'clinical.html'}")


def simulate(  # noqa: PLR0913  # each is a flag
    *,
    model: str = "",
    artifacts: Path = Path("artifacts"),
    patients_per_class: int = 25,
    reading_error: float = 0.3,
    cbv: Literal["synthetic", "real"] = "synthetic",
    matrix: int = 64,
    slices: int = 8,
    seed: int = 1,
    out: Path = Path("artifacts/clinical"),
) -> None:
    """Make the clinical tables for new phantom patients and simulated readers: a simulation throughout.

    Three tasks, after the paper's: grading of gliomas, and recurrence against treatment effect in gliomas
    and in metastases. Each patient is drawn anew and was seen by no model. A simulated reader is a logistic
    regression, cross-validated by patient, on lesion signals that are read with an error; the error's size
    is your choice, and the result depends on it. The gliomas are also given a survival by a hazard model of
    their real CBV, to show the tables of prognosis. reads.csv and survival.csv are written as a real study
    would have them, and can be given to 'cbvsynth clinical analyse' and 'cbvsynth clinical prognosis'.

    Args:
        model: Trained model that makes the maps; by default the one that the last verdict names.
        artifacts: Folder of the run's results.
        patients_per_class: Patients with either answer, for each task.
        reading_error: Standard deviation of a simulated reader's error, as a share of what is read.
        cbv: Read CBV from the synthetic maps, or from the real ones, to see what those would give.
        matrix: In-plane matrix of the patients' images, voxels.
        slices: Number of their slices.
        seed: Seed of patients, errors and folds; must not be the seed of the phantom study.
        out: Folder for reads.csv, features.csv, survival.csv, the tables and the pages.
    """
    import numpy as np

    from cbvsynth.domain.clinical import analyse_reads
    from cbvsynth.domain.map_measures import MapKind
    from cbvsynth.domain.ranges import MAX_SEED, require_range
    from cbvsynth.domain.sequences import ModelId
    from cbvsynth.domain.simulated_readers import simulate_reads
    from cbvsynth.errors import UsageError
    from cbvsynth.pages.clinical_page import AREA_HEADER, area_cells, write_clinical
    from cbvsynth.pages.tables.formats import text_table
    from cbvsynth.records.reads import write_reads
    from cbvsynth.records.summaries import read_summary
    from cbvsynth.records.verdicts import read_verdict
    from cbvsynth.synthesis.cohort import make_cohort

    require_range("patients_per_class", patients_per_class, FOLDS, 100_000)  # one a fold at least
    require_range("reading_error", reading_error, 0, 100)
    require_range("matrix", matrix, 32, 512)
    require_range("slices", slices, 7, 128)
    require_range("seed", seed, 0, MAX_SEED)
    verdict = artifacts / "evaluate" / "verdict.json"
    chosen = ModelId.parse(model).slug if model else read_verdict(verdict).shown_model
    if seed == read_summary(artifacts / "train" / chosen / "summary.json").origin.seed:
        raise UsageError(
            f"seed {seed} made the study that {chosen} learned from; expected another one, or the patients "
            "would not be new. Change --seed."
        )
    lesions = make_cohort(
        artifacts / "train" / chosen / "saved_model",
        per_class=patients_per_class,
        seed=seed,
        matrix=matrix,
        slices=slices,
        kind=MapKind(cbv),
    )
    rng = np.random.default_rng(seed)
    reads = simulate_reads(lesions, READERS, reading_error=reading_error, folds=FOLDS, rng=rng)
    write_features(out / "features.csv", lesions)
    write_reads(out / "reads.csv", reads)
    analysis = analyse_reads(reads)
    source = f"maps of {chosen}" if cbv == "synthetic" else "the real maps"
    write_clinical(
        out,
        analysis,
        about=f"{len(lesions)} phantom patients, {2 * patients_per_class} for each task; CBV from {source}.",
        warning=warning(cbv, reading_error),
    )
    print(text_table(AREA_HEADER, [area_cells(row) for row in analysis.results], frozenset({0, 1})))
    print(f"\n{warning(cbv, reading_error)}")
    simulate_prognosis(out, lesions, seed, chosen)
    print(f"report: {out / 'clinical.html'}, {out / 'prognosis' / 'prognosis.html'}")


def simulate_prognosis(out: Path, lesions: Sequence[LesionFeatures], seed: int, model: str) -> None:
    """Give the gliomas of the first task a survival, write it as a table, and analyse that."""
    import numpy as np

    from cbvsynth.domain.map_measures import MapKind
    from cbvsynth.domain.simulated_readers import TASKS
    from cbvsynth.domain.simulated_survival import MODEL, simulate_survival
    from cbvsynth.pages.prognosis_page import write_prognosis
    from cbvsynth.records.survival_tables import SimulatedPatient, read_survival, write_survival
    from cbvsynth.survival.prognosis import analyse_prognosis

    gliomas = [one for one in lesions if one.task == TASKS[0].name]
    real, synthetic = ([one.mean_cbv[kind] for one in gliomas] for kind in (MapKind.REAL, MapKind.SYNTHETIC))
    drawn = simulate_survival(real, np.random.default_rng([seed, 1]))
    rows = zip(gliomas, drawn.time_months, drawn.event, real, synthetic, drawn.age, strict=True)
    write_survival(
        out / "survival.csv",
        [
            SimulatedPatient(one.patient, float(months), bool(event), measured, made, float(age))
            for one, months, event, measured, made, age in rows
        ],
    )
    result = analyse_prognosis(read_survival(out / "survival.csv", ["age"]), SIMULATED_HORIZONS_MONTHS)
    write_prognosis(
        out / "prognosis",
        result,
        about=f"Phantom gliomas; synthetic CBV from maps of {model}.",
        warning=(
            "A simulation: the patients are phantoms, and their survival was drawn by a model of our "
            f"choice: {MODEL}. That CBV tells prognosis here was put in; it shows how the tables work and "
            "says nothing about patients."
        ),
    )


def warning(cbv: str, reading_error: float) -> str:
    """What must be known before the numbers."""
    real = " The CBV read here is that of the real maps, not of synthetic ones." if cbv == "real" else ""
    return (
        "A simulation: the patients are phantoms, the readers are logistic regressions on lesion signals "
        f"that are read with an error of {reading_error:.0%} of their value. The size of the error is "
        f"our choice, and the gain depends on it. It shows how the tables work and says nothing about human "
        f"readers.{real}"
    )


def write_features(path: Path, lesions: Iterable[LesionFeatures]) -> None:
    """Write what was measured in each lesion, before any reading error."""
    from cbvsynth.domain.sequences import PAPER_SEQUENCES
    from cbvsynth.pages.tables.formats import write_csv

    header = [
        "exam_id",
        "patient",
        "task",
        "truth",
        *(f"{one.value}_over_white_matter" for one in PAPER_SEQUENCES),
    ]
    write_csv(
        path,
        [*header, "lesion_cbv", "hot_spot_ncbv"],
        [[one.exam_id, one.patient, one.task, int(one.truth), *one.signal, *one.cbv] for one in lesions],
    )
