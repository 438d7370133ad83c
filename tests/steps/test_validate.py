"""The validate step as people start it: from a folder of images to decisions and a report."""

from __future__ import annotations

import gzip
import io
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cbvsynth.config import ValidateConfig
from cbvsynth.domain.options import Register
from cbvsynth.errors import ManifestError, QualityError, UsageError
from cbvsynth.phantom.plan import StudySettings
from cbvsynth.phantom.study import MARKER, write_study
from cbvsynth.records.decisions import read_decisions
from cbvsynth.steps.validate import ValidateSummary, run
from tests.pages.browser import (
    SIZES,
    browser,
    require_no_sideways_scrolling,
    require_silence,
    without_network,
)

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four clean patients with five examinations, and one with metal."""
    root = tmp_path_factory.mktemp("study") / "data"
    write_study(root, StudySettings(patients=4, matrix=64, slices=8, damaged=1, seed=5))
    return root


@pytest.fixture
def config(study: Path, tmp_path: Path) -> ValidateConfig:
    return ValidateConfig(
        data=study,
        limits=ROOT / "limits.yaml",
        out=tmp_path / "artifacts" / "validate",
        workers=1,
        register=Register.OFF,
    )


def broken_copy(study: Path, to: Path) -> Path:
    """The study with the T1 of its first examination replaced by a decompression bomb's header."""
    shutil.copytree(study, to)
    victim = next(path for path in sorted(to.rglob("sub-*_T1w.nii*")) if "gadolinium" not in path.name)
    header = bytearray(victim.read_bytes()[:352])
    for axis in range(1, 4):
        header[40 + 2 * axis : 42 + 2 * axis] = (32000).to_bytes(2, "little")
    victim.write_bytes(gzip.compress(bytes(header)))
    return to


@dataclass(frozen=True)
class Finished:
    """A finished run, what it returned and what it printed."""

    config: ValidateConfig
    summary: ValidateSummary
    printed: str


@pytest.fixture(scope="module")
def finished(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    out = tmp_path_factory.mktemp("finished") / "artifacts" / "validate"
    config = ValidateConfig(
        data=study, limits=ROOT / "limits.yaml", out=out, workers=1, register=Register.OFF
    )
    printed = io.StringIO()
    with redirect_stdout(printed):
        summary = run(config)
    return Finished(config, summary, printed.getvalue())


def test_a_study_is_judged_and_told_in_short(finished: Finished) -> None:
    summary = finished.summary

    assert (summary.examinations_found, summary.examinations_accepted) == (6, 5)
    assert summary.dropped_by_group == {"metal artefact": 1}
    assert summary.report.is_file()
    assert finished.printed.splitlines() == [
        "5 of 6 examinations accepted",
        "  1 dropped: metal artefact",
        f"report: {summary.report}",
    ]
    decisions = read_decisions(finished.config.out / "examinations.csv")
    assert [one.exam_id for one in decisions if not one.accepted] == ["sub-005_ses-1"]


def test_the_first_warnings_are_printed_and_the_others_counted(
    study: Path, config: ValidateConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """ "2 of 2 accepted" was all that the terminal said where the report had warnings."""
    copied = tmp_path / "data"
    shutil.copytree(study, copied)
    for path in sorted(copied.glob("sub-*/**/*_T1w.nii"))[:3] + sorted(copied.glob("sub-*/**/*_ADC.nii"))[:3]:
        path.write_bytes(path.read_bytes() + b"more")

    run(replace(config, data=copied))

    printed = capsys.readouterr().out.splitlines()
    told = [line for line in printed if line.startswith("  warning: sub-00")]
    assert len(told) == 5
    assert "after the voxels come 4 bytes" in told[0]
    assert "  1 more warning, in the report" in printed


def test_the_same_study_gives_the_same_bytes_with_any_number_of_workers(
    finished: Finished, config: ValidateConfig
) -> None:
    run(replace(config, workers=2))

    for path in sorted(finished.config.out.iterdir()):
        assert path.read_bytes() == (config.out / path.name).read_bytes(), path.name


COUNT = """
import sys
from collections import Counter
from pathlib import Path
root, out, limits = sys.argv[1:]
images, folders = Counter(), Counter()
def watch(event, arguments):
    place = str(arguments[0]) if arguments else ""
    if event == "open" and place.startswith(root) and place.endswith((".nii", ".nii.gz")):
        images[place] += 1
    elif event in ("os.scandir", "os.listdir") and place.startswith(root):
        folders[place] += 1
sys.addaudithook(watch)
from cbvsynth.config import PreprocessConfig, ValidateConfig
from cbvsynth.domain.options import Register
from cbvsynth.steps import preprocess, validate
validated = Path(out) / "validate"
validate.run(ValidateConfig(
    data=Path(root), limits=Path(limits), out=validated, workers=1, register=Register.OFF
))
print("COUNTED", len(images), max(images.values()))
folders.clear()
preprocess.run(PreprocessConfig(
    data=Path(root), examinations=validated / "examinations.csv", out=Path(out) / "preprocess", workers=1
))
print("COUNTED", len(folders))
"""


def test_each_image_is_opened_once_and_the_study_is_searched_once(study: Path, tmp_path: Path) -> None:
    """validate opened every image three times or more, and preprocess walked through all folders again.

    The phantom's marker is removed: to know that nothing was added to a phantom, preprocess lists it.
    """
    data = tmp_path / "data"
    shutil.copytree(study, data)
    (data / MARKER).unlink()

    counted = subprocess.run(
        [sys.executable, "-c", COUNT, str(data), str(tmp_path / "out"), str(ROOT / "limits.yaml")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    images = len([path for path in data.rglob("*.nii*") if path.is_file()])
    lines = [line for line in counted.stdout.splitlines() if line.startswith("COUNTED")]
    assert lines == [f"COUNTED {images} 1", "COUNTED 0"]


def test_data_docs_lie_beside_the_step_s_folder_not_in_it(finished: Finished) -> None:
    out = finished.config.out

    assert (out.parent / "data_docs" / "index.html").is_file()
    assert not list(out.rglob("index.html"))


def test_a_hostile_file_drops_its_examination_and_no_other(
    study: Path, config: ValidateConfig, tmp_path: Path
) -> None:
    hostile = replace(config, data=broken_copy(study, tmp_path / "hostile"), max_dropped_share=0.5)

    summary = run(hostile)

    assert summary.dropped_by_group == {"missing or unreadable file": 1, "metal artefact": 1}
    first = read_decisions(hostile.out / "examinations.csv")[0]
    assert first.reasons[0].startswith("missing or unreadable file: sub-001/ses-1: T1: ")


def test_too_many_dropped_stop_the_run_after_the_report_was_written(
    study: Path, config: ValidateConfig, tmp_path: Path
) -> None:
    hostile = replace(config, data=broken_copy(study, tmp_path / "hostile"))

    with pytest.raises(QualityError, match=re.escape(str(config.out / "report.html"))):
        run(hostile)

    assert (config.out / "report.html").is_file()
    assert len(read_decisions(config.out / "examinations.csv")) == 6


def test_a_stricter_limit_of_the_laboratory_drops_more(config: ValidateConfig, tmp_path: Path) -> None:
    limits = tmp_path / "limits.yaml"
    limits.write_text("snr_min: 1000\n", encoding="utf-8")

    with pytest.raises(QualityError, match="6 of 6 examinations were dropped"):
        run(replace(config, limits=limits))


def test_a_missing_file_of_limits_is_named(config: ValidateConfig) -> None:
    with pytest.raises(UsageError, match=r"no-such\.yaml does not exist"):
        run(replace(config, limits=Path("no-such.yaml")))


def test_an_empty_folder_is_refused(config: ValidateConfig, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(ManifestError):
        run(replace(config, data=tmp_path / "empty"))


def test_help_needs_none_of_the_heavy_packages() -> None:
    code = (
        "import runpy, sys; sys.argv = ['validate', '--help']\n"
        "try: runpy.run_module('components.validate', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "heavy = {'great_expectations', 'pandas', 'matplotlib', 'nibabel'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "--max_dropped_share" in done.stdout


def test_the_program_reports_an_error_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "components.validate", "--data", str(tmp_path / "none")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("size", SIZES)
def test_the_page_is_silent_and_never_scrolls_sideways_in_a_real_browser(
    finished: Finished, tmp_path: Path, size: str
) -> None:
    with browser(tmp_path, size) as driver:
        without_network(driver).get(finished.summary.report.as_uri())
        require_silence(driver)
        require_no_sideways_scrolling(driver)
        assert driver.execute_script("return document.querySelectorAll('svg text').length") > 5
