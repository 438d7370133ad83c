"""`cbvsynth report`: pages of a finished run that need no network."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import pytest

from cbvsynth.cli import main
from tests.pages.run_files import SHOWN, write_run
from tests.pages.web_page import require_good_page


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("run"), without_seg=["e07"])


@pytest.fixture
def root(finished: Path, tmp_path: Path) -> Path:
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def report(root: Path, *flags: str) -> int:
    out = () if "--out" in flags else ("--out", str(root / "report"))
    return main(["report", "--artifacts", str(root), *out, *flags])


def test_a_page_for_the_run_and_one_for_every_mapped_examination(root, capsys):
    assert report(root) == 0
    assert "13 pages" in capsys.readouterr().out
    names = [f"e{number:02d}" for number in range(4, 16)]
    assert sorted(path.stem for path in (root / "report/examinations").iterdir()) == names
    links = tuple(f"examinations/{name}.html" for name in names)
    html = require_good_page(root / "report/index.html", links=(*links, "../evaluate/report.html"))
    assert f"Lesions, real against {SHOWN}" in html
    assert html.count("<svg") == 5
    for place, name in enumerate(names):
        around = [f"{names[one]}.html" for one in (place - 1, place + 1) if 0 <= one < len(names)]
        page = require_good_page(root / f"report/examinations/{name}.html", links=("../index.html", *around))
        assert str(root) not in page


def test_an_examination_shows_its_maps_lesion_and_scores(root):
    report(root)
    html = (root / "report/examinations/e04.html").read_text()
    assert html.count("data:image/png;base64,") == 3 * 4 + 2
    assert 'aria-label="Synthetic CBV, axial slice' in html
    assert "+10 %" in html, "the maps are a tenth too high"
    assert "SSIM, brain, %" in html
    assert "Validate&#39;s decision is not at hand." in html


def test_an_examination_without_a_segmentation_has_no_lesion_numbers(root):
    report(root)
    html = (root / "report/examinations/e07.html").read_text()
    assert "lesion outlined" not in html
    assert re.search(r"lesion CBV, mL/100 g</th><td>–</td><td>–</td>", html)


def test_checks_of_validate_are_shown_with_what_is_expected(root):
    folder = root / "validate"
    folder.mkdir()
    (folder / "examinations.csv").write_text(
        "exam_id,subject_id,session_id,status,reasons\ne04,p04,1,accepted,\n"
        "x1,x,1,dropped,wrong unit: median ADC is 0.9\n"
    )
    (folder / "measurements.csv").write_text("exam_id,cbv_support_dice,snr\ne04,0.5,\n")
    (folder / "summary.json").write_text(json.dumps({"limits": {"cbv_support_dice_min": 0.95}}))
    report(root)
    html = (root / "report/examinations/e04.html").read_text()
    assert re.search(r"Dice\) of CBV.*?<td>0.5</td><td>above 0.95</td><td>flagged</td>", html)
    assert re.search(r"signal-to-noise.*?<td>–</td><td>above 6</td><td>not judged</td>", html)
    index = (root / "report/index.html").read_text()
    assert "1 examination was accepted by validate; dropped: wrong unit 1." in index
    (folder / "summary.json").write_text("{}")
    assert report(root) == 1


def test_without_maps_there_is_one_page_that_says_how_to_make_them(root, capsys):
    shutil.rmtree(root / "maps")
    assert report(root) == 0
    assert "1 page; for one of each examination run 'cbvsynth synthesise'" in capsys.readouterr().out
    assert "cbvsynth synthesise" in require_good_page(
        root / "report/index.html", links=("../evaluate/report.html",)
    )


def test_the_same_run_gives_the_same_bytes(root):
    report(root)
    first = {path: path.read_bytes() for path in (root / "report").rglob("*.html")}
    report(root)
    assert first == {path: path.read_bytes() for path in (root / "report").rglob("*.html")}


def test_maps_of_other_data_and_folders_of_others_are_refused(root, capsys):
    (root / "report").mkdir()
    (root / "report/thesis.txt").write_text("years of work")
    assert report(root) == 2
    assert (root / "report/thesis.txt").is_file()
    index = json.loads((root / "maps/index.json").read_text())
    (root / "maps/index.json").write_text(json.dumps({**index, "data_fingerprint": "0" * 64}))
    assert report(root, "--out", str(root / "other")) == 1
    assert "are of other data" in capsys.readouterr().err


def test_means_are_those_that_were_judged(tmp_path):
    """A model that reads fewer sequences was shown with its mean over more examinations than were judged."""
    root = write_run(tmp_path / "run", without_adc=["e13", "e14"])
    board = {row["model"]: row for row in csv.DictReader((root / "evaluate/leaderboard.csv").open())}
    assert report(root) == 0
    lines = (root / "report/index.html").read_text().splitlines()
    rows = {row[0]: row for row in (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line) for line in lines) if row}
    for slug in ("encdec-t1", SHOWN):
        mean = 100 * float(board[slug]["ssim_3d_whole_mean"])
        assert rows[slug][2].startswith(f"{mean:.2f} "), rows[slug]


def test_tables_that_are_no_longer_the_verdicts_are_refused(root, capsys):
    """Models trained again were shown below the verdict on the former ones."""
    table = root / "train/encdec-t1/per_exam.csv"
    table.write_text(table.read_text() + "\n")
    assert report(root) == 1
    assert "encdec-t1: its result table is not the one" in capsys.readouterr().err


def test_a_training_examination_is_marked_as_no_test(root):
    index = json.loads((root / "preprocess/index.json").read_text())
    for one in index["examinations"]:
        one["split"] = "train" if one["exam_id"] == "e05" else one["split"]
    (root / "preprocess/index.json").write_text(json.dumps(index))
    report(root)
    assert "has learned from this examination" in (root / "report/examinations/e05.html").read_text()
    assert "has learned from" not in (root / "report/examinations/e04.html").read_text()
