"""A registered version on a phantom site: a real registry, a real exported model, every step in this "
"process."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.commands.score import score
from cbvsynth.config import PhantomConfig, PromoteConfig
from cbvsynth.domain.options import Register, Switch
from cbvsynth.errors import RegistryError, ResultError, UnitError, UsageError
from cbvsynth.external.options import ScoreOptions
from cbvsynth.external.score import score_site
from cbvsynth.phantom.fill import fill
from cbvsynth.records.examinations import read_index, write_index
from cbvsynth.records.external import ExternalResult, read_external
from cbvsynth.registry.store import open_registry
from cbvsynth.registry.versions import list_versions
from cbvsynth.steps.promote import run as promote
from tests.client.test_local import export
from tests.registry.trained_models import DATA, decide
from tests.training.cached_study import write_study

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ScoreOptions(
    data=Path("oslo"), register=Register.OFF, limits=ROOT / "limits.yaml", max_dropped_share=0.5, workers=1
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Version 1 reads T1 and T1C and learned from a small cached study; oslo is a phantom study."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        export("encdec-t1-t1c")
        decide("encdec-t1-t1c")
        promote(PromoteConfig())
        index = write_study(Path("artifacts/preprocess"), train=6, held_out=1)
        write_index(replace(index, data_fingerprint=DATA))
        fill(
            PhantomConfig(
                data=Path("oslo"), receipt=Path("oslo.json"), patients=3, matrix=32, damaged=1, seed=8
            )
        )
        yield folder


@pytest.fixture(scope="module")
def scored(home: Path) -> tuple[ExternalResult, Path]:
    return score_site(OPTIONS)


def test_a_site_is_checked_prepared_scored_and_told(
    scored: tuple[ExternalResult, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    result, page = scored
    assert page == Path("artifacts/external/oslo/version-1/report.html")
    assert (result.found, sum(result.dropped.values()), result.scored, result.patients) == (5, 1, 4, 3)
    names = [check.name for check in result.checks]
    assert {"enough-examinations", "beats-tissue-mean-ssim", "lesion-slope"} <= set(names)
    assert "enough-examinations" in result.failed
    assert "field of view left to right, mm" in result.drifted
    assert [group.scanner for group in result.groups] == ["digital phantom, 3 T"]
    assert read_external(page.parent / "external.json") == result
    assert result.notes == ()


def test_the_result_is_in_the_registry(scored: tuple[ExternalResult, Path]) -> None:
    version = list_versions(open_registry("cbvsynth"))[0]
    assert version.tags["external.oslo"].startswith("fails; 4 examinations of 3 patients; run ")


def test_without_the_training_data_it_says_what_was_not_asked(
    scored: tuple[ExternalResult, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    score(replace(OPTIONS, reference=Path("nowhere"), entry=Switch.OFF, version=1))
    told = capsys.readouterr().out
    assert "note: The examinations that the version learned from are not at hand: whether the version" in told
    assert "beats-tissue-mean" not in told
    assert "report: artifacts/external/oslo/version-1/report.html" in told
    write_index(
        replace(read_index(Path("artifacts/preprocess")), root=_moved("artifacts/preprocess", "other"))
    )
    changed = replace(read_index(Path("other")), data_fingerprint="another")
    write_index(changed)
    result, _ = score_site(replace(OPTIONS, reference=Path("other"), entry=Switch.OFF))
    assert result.notes[0].startswith("The cached examinations at hand are not those of this version")


def test_what_it_learned_from_is_refused_and_what_it_was_chosen_on_is_told(
    scored: tuple[ExternalResult, Path],
) -> None:
    site = read_index(Path("artifacts/external/oslo/images"))
    folder = _moved("artifacts/external/oslo/images", "learned")
    learned = tuple(replace(one, split="train", fingerprint="x") for one in site.examinations)
    write_index(replace(site, root=folder, data_fingerprint=DATA, examinations=learned))
    with pytest.raises(
        ResultError, match="Version 1 learned from 4 of these 4 examinations, first sub-001_ses-1"
    ):
        score_site(replace(OPTIONS, reference=folder, entry=Switch.OFF))
    chosen_on = (*learned[:0], *(replace(one, split="held-out") for one in learned[:1]))
    home = read_index(Path("artifacts/preprocess"))
    for one in home.examinations:
        shutil.copytree(home.root / one.exam_id, folder / one.exam_id)
    both = (*home.examinations, *chosen_on)
    write_index(replace(home, root=folder, examinations=both))
    result, _ = score_site(replace(OPTIONS, reference=folder, entry=Switch.OFF))
    assert result.notes == (
        "1 examination of this study was held out when the version was chosen, and no external one.",
    )


def test_another_unit_is_refused_before_any_work(home: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "manifest.csv").write_text(
        "exam_id;subject_id;target_unit;t1;t1c;cbv\ne1;s1;relative;a.nii;b.nii;c.nii\n"
    )
    for name in "abc":
        (tmp_path / "site" / f"{name}.nii").touch()
    with pytest.raises(
        UnitError, match=r"e1 has CBV in 'relative', version 1 \(encdec-t1-t1c\) answers in 'mL/100g'"
    ):
        score_site(replace(OPTIONS, data=tmp_path / "site"))
    assert not Path("artifacts/external/site").exists()


def test_a_version_that_is_not_there_and_a_foreign_folder_are_refused(home: Path, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="has no version 9"):
        score_site(replace(OPTIONS, version=9))
    with pytest.raises(RegistryError, match="no version with the label 'canary'"):
        score_site(replace(OPTIONS, label="canary"))
    (tmp_path / "oslo").mkdir()
    (tmp_path / "oslo" / "mine.txt").touch()
    with pytest.raises(UsageError, match=r"is not a folder of 'cbvsynth score': it holds mine\.txt"):
        score_site(replace(OPTIONS, out=tmp_path))


def _moved(source: str, target: str) -> Path:
    return Path(shutil.copytree(source, target))
