"""`cbvsynth reader-study make|analyse`: do readers find synthetic maps as good as real ones?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

from cbvsynth.domain.wording import counted

if TYPE_CHECKING:
    from cbvsynth.pages.reader_results_page import FormResult

DEFAULT_STUDY = Path("reader-study")
"""Beside artifacts and not inside, where `make clean` would take the key along."""
PAGES = {"blinded": "pages", "against-truth": "pages-against-truth"}
KEYS = {"blinded": "key.csv", "against-truth": "key-against-truth.csv"}
"""Folders and files by the key of the form."""


def make(
    readers: tuple[str, ...] = ("A", "B"),
    maps: Path = Path("artifacts/maps"),
    examinations: Path = Path("artifacts/preprocess"),
    seed: int = 0,
    out: Path = DEFAULT_STUDY,
) -> None:
    """Make pages on which readers score the maps, and the key that tells what each map is.

    Each held-out examination that has a synthetic map ('cbvsynth synthesise') is shown twice, real and
    synthetic, far apart and in an order of the reader's own. A page is one file that works from a disk,
    without a network; scores are entered by keyboard, kept in the browser and exported as CSV. Give readers
    the files in pages/ only: key/ says which map is which. When a reader has scored those, give them the
    files in pages-against-truth/, which show each synthetic map beside the real one, with the paper's
    criteria.

    Args:
        readers: Their names or numbers; letters, digits and underscores.
        maps: Folder that synthesise wrote.
        examinations: Cached examinations.
        seed: Seed of order and codes; 0 draws one, so that nobody can compute the order.
        out: Folder for the study; must not hold one yet.
    """
    import secrets

    import numpy as np

    from cbvsynth.domain.ranges import MAX_SEED, require_range
    from cbvsynth.domain.reader_study import plan_comparison, plan_study
    from cbvsynth.domain.reading_forms import AGAINST_TRUTH, BLINDED, FORMS
    from cbvsynth.errors import ResultError, UsageError
    from cbvsynth.pages.reader_page import write_reader_pages
    from cbvsynth.records.examinations import read_index
    from cbvsynth.records.maps import read_map_index
    from cbvsynth.records.ratings import StudyDescription, write_key, write_study
    from cbvsynth.records.storage import atomic_folder

    require_range("seed", seed, 0, MAX_SEED)
    wrong = [name for name in readers if not re.fullmatch(r"\w{1,40}", name, flags=re.ASCII)]
    if wrong or len(set(readers)) != len(readers):
        raise UsageError(
            f"'{(wrong or readers)[0]}': expected different names of letters, digits, underscores."
        )
    if out.exists() and any(out.iterdir()):
        raise UsageError(
            f"{out} holds something; a study is never replaced, for its key opens the scores. Give --out."
        )
    index, made = read_index(examinations), read_map_index(maps)
    if made.data_fingerprint != index.data_fingerprint:
        raise ResultError(f"The maps in {maps} are of other data. Run 'cbvsynth synthesise' again.")
    held_out = {one.exam_id: one.subject_id for one in index.of_split("held-out")}
    chosen = [(name, held_out[name]) for name in made.examinations if name in held_out]
    seed = seed or secrets.randbits(63)
    rng = np.random.default_rng(seed)
    study = f"{int(rng.integers(0, 1 << 32)):08x}"
    plans = {BLINDED: plan_study(chosen, readers, rng), AGAINST_TRUTH: plan_comparison(chosen, readers, rng)}
    with atomic_folder(out) as folder:
        for form, items in plans.items():
            for reader in readers:
                own = [item for item in items if item.reader == reader]
                write_reader_pages(
                    folder / PAGES[form.key],
                    own,
                    study=study,
                    index=index,
                    maps_root=maps,
                    maps=made,
                    form=form,
                )
            write_key(folder / "key" / KEYS[form.key], items)
        description = StudyDescription(
            study=study,
            seed=seed,
            model=made.model,
            saved_model_digest=made.saved_model_digest,
            data_fingerprint=made.data_fingerprint,
            scale=BLINDED.scale,
            criteria={one.key: one.question for form in FORMS for one in form.criteria},
        )
        write_study(folder / "key" / "study.json", description)
    count = 2 * len(chosen)
    print(f"study {study}: {len(chosen)} examinations, {count} maps for each of {len(readers)} readers")
    for page in sorted((out / PAGES[BLINDED.key]).iterdir()):
        print(f"  {page}")
    print("afterwards, each synthetic map beside the real one:")
    for page in sorted((out / PAGES[AGAINST_TRUTH.key]).iterdir()):
        print(f"  {page}")
    print(f"key, to be kept from readers: {out / 'key'}")
    print(f"when they are done: cbvsynth reader-study analyse SCORES.csv ... --study {out}")


def analyse(
    scores: Positional[tuple[Path, ...]],
    study: Path = DEFAULT_STUDY,
    apart: int = 2,
    consensus: Path | None = None,
    out: Path | None = None,
) -> None:
    """Tell what readers' scores say: distribution, agreement, real against synthetic, what to discuss.

    Scores of both kinds of page may be given together. Readers discuss the maps of consensus.csv, fill in its
    last column, and the analysis is made again with --consensus: what was settled is told beside the first
    scores, which stay as they were.

    Args:
        scores: The tables that readers exported, of two readers or more.
        study: Folder that 'reader-study make' wrote.
        apart: Readers who differ by this many points or more must discuss the map.
        consensus: consensus.csv, filled in by the readers.
        out: Folder for the results; results/ in the study's folder when not given.
    """
    from cbvsynth.domain.reading_forms import POINTS
    from cbvsynth.errors import UsageError
    from cbvsynth.pages.reader_results_page import distribution_header, distribution_rows, write_results
    from cbvsynth.pages.tables.formats import text_table
    from cbvsynth.records.ratings import read_study

    if not scores:
        raise UsageError("No table of scores; give the files that the readers exported.")
    if not 1 <= apart < POINTS:
        raise UsageError(f"apart is {apart}; expected 1 to {POINTS - 1} points.")
    name = read_study(study / "key" / "study.json").study
    folder = out or study / "results"
    results = _results(scores, study, name, apart, consensus)
    _spare_consensus(folder / "consensus.csv", consensus)
    write_results(folder, results, study=name, apart=apart)
    for result in results:
        rows = distribution_rows(result.first)
        print(text_table(distribution_header(result.first.form), rows, frozenset({0, 1})))
        print()
    open_ = sum(len(result.first.consensus) for result in results)
    print(f"{counted(open_, 'score')} to be discussed: {folder / 'consensus.csv'}")
    print(f"report: {folder / 'results.html'}")


def _results(
    scores: Sequence[Path], study: Path, name: str, apart: int, consensus: Path | None
) -> list[FormResult]:
    """First scores of each form that tables were given of, and what was settled."""
    from cbvsynth.domain.reader_study import analyse_ratings
    from cbvsynth.domain.reading_forms import FORMS
    from cbvsynth.errors import UsageError
    from cbvsynth.pages.reader_results_page import FormResult
    from cbvsynth.records.ratings import form_of, read_consensus, read_key, read_ratings

    forms = {path: form_of(path) for path in scores}
    agreed = read_consensus(consensus) if consensus else {}
    missing = [form.key for form in FORMS if agreed.get(form) and form not in forms.values()]
    if missing:
        raise UsageError(
            f"The consensus holds scores of the form {missing[0]}, and no table of it was given; expected "
            "the readers' tables of every form that was settled. Give them too."
        )
    results = []
    for form in FORMS:
        ratings = [
            rating for path, own in forms.items() if own is form for rating in read_ratings(path, name, form)
        ]
        if form in forms.values():
            items = read_key(study / "key" / KEYS[form.key])
            first = analyse_ratings(items, ratings, apart=apart, form=form)
            results.append(FormResult(first, agreed.get(form, {})))
    return results


def _spare_consensus(path: Path, given: Path | None) -> None:
    """Refuse to write over what readers have filled in, unless it was given and is written again.

    Raises:
        UsageError: the file holds a consensus that was not given.
    """
    from cbvsynth.errors import UsageError
    from cbvsynth.records.ratings import read_consensus

    if given is None and path.is_file() and (count := sum(map(len, read_consensus(path).values()))):
        raise UsageError(
            f"{path} holds {counted(count, 'score')} that readers settled on; expected an empty column. "
            "Give it by --consensus, or another folder by --out."
        )
