"""`cbvsynth reader-study make|analyse`: do readers find synthetic maps as good as real ones?"""

from __future__ import annotations

import re
from pathlib import Path

from tyro.conf import Positional

DEFAULT_STUDY = Path("reader-study")
"""Beside artifacts and not inside, where `make clean` would take the key along."""


def make(
    readers: tuple[str, ...] = ("A", "B"),
    maps: Path = Path("artifacts/maps"),
    examinations: Path = Path("artifacts/preprocess"),
    seed: int = 0,
    out: Path = DEFAULT_STUDY,
) -> None:
    """Make a blinded page for every reader, and the key that tells what each map is.

    Each held-out examination that has a synthetic map ('cbvsynth synthesise') is shown twice, real and
    synthetic, far apart and in an order of the reader's own. A page is one file that works from a disk,
    without a network; scores are entered by keyboard, kept in the browser and exported as CSV. Give readers
    the files in pages/ only: key/ says which map is which.

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
    from cbvsynth.domain.reader_study import CRITERIA, SCALE, plan_study
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
    items = plan_study(chosen, readers, rng)
    with atomic_folder(out) as folder:
        for reader in readers:
            own = [item for item in items if item.reader == reader]
            write_reader_pages(folder / "pages", own, study=study, index=index, maps_root=maps, maps=made)
        write_key(folder / "key" / "key.csv", items)
        description = StudyDescription(
            study=study,
            seed=seed,
            model=made.model,
            saved_model_digest=made.saved_model_digest,
            data_fingerprint=made.data_fingerprint,
            scale=SCALE,
            criteria={criterion.key: criterion.question for criterion in CRITERIA},
        )
        write_study(folder / "key" / "study.json", description)
    count = 2 * len(chosen)
    print(f"study {study}: {len(chosen)} examinations, {count} maps for each of {len(readers)} readers")
    for page in sorted((out / "pages").iterdir()):
        print(f"  {page}")
    print(f"key, to be kept from readers: {out / 'key'}")
    print(f"when they are done: cbvsynth reader-study analyse SCORES.csv ... --study {out}")


def analyse(
    scores: Positional[tuple[Path, ...]],
    study: Path = DEFAULT_STUDY,
    apart: int = 2,
    out: Path | None = None,
) -> None:
    """Tell what readers' scores say: distribution, agreement, real against synthetic, what to discuss.

    Args:
        scores: The tables that readers exported, of two readers or more.
        study: Folder that 'reader-study make' wrote.
        apart: Readers who differ by this many points or more must discuss the map.
        out: Folder for the results; results/ in the study's folder when not given.
    """
    from cbvsynth.domain.reader_study import POINTS, analyse_ratings
    from cbvsynth.domain.wording import counted
    from cbvsynth.errors import UsageError
    from cbvsynth.pages.reader_results_page import DISTRIBUTION_HEADER, distribution_rows, write_results
    from cbvsynth.pages.tables.formats import text_table
    from cbvsynth.records.ratings import read_key, read_ratings, read_study

    if not scores:
        raise UsageError("No table of scores; give the files that the readers exported.")
    if not 1 <= apart < POINTS:
        raise UsageError(f"apart is {apart}; expected 1 to {POINTS - 1} points.")
    items = read_key(study / "key" / "key.csv")
    name = read_study(study / "key" / "study.json").study
    ratings = [rating for path in scores for rating in read_ratings(path, name)]
    result = analyse_ratings(items, ratings, apart=apart)
    folder = out or study / "results"
    write_results(folder, result, study=name, apart=apart)
    print(text_table(DISTRIBUTION_HEADER, distribution_rows(result), frozenset({0, 1})))
    print(f"\n{counted(len(result.consensus), 'score')} to be discussed: {folder / 'consensus.csv'}")
    print(f"report: {folder / 'results.html'}")
