"""The reader study from page to result, with scores entered by keyboard in a real browser."""

from __future__ import annotations

import csv
import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By

from cbvsynth.cli import main
from tests.pages.browser import browser, require_no_sideways_scrolling, require_silence, without_network
from tests.pages.run_files import write_maps
from tests.pages.sweep_files import write_sweep
from tests.pages.web_page import require_good_page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_sweep(tmp_path_factory.mktemp("run"), {"encdec-t1": 0.9})
    write_maps(root)
    return root


def make(run: Path, out: Path, *flags: str) -> int:
    words = ["reader-study", "make", "--maps", str(run / "maps"), "--examinations", str(run / "preprocess")]
    return main([*words, "--out", str(out), *flags])


def test_pages_tell_neither_examination_nor_kind_and_the_key_lies_apart(run, tmp_path):
    assert make(run, tmp_path / "study") == 0
    key = list(csv.DictReader((tmp_path / "study/key/key.csv").open()))
    assert len(key) == 2 * 24
    for reader in "AB":
        html = require_good_page(tmp_path / f"study/pages/{reader}-1.html")
        own = [row for row in key if row["reader"] == reader]
        assert re.findall(r'data-code="(\w+)"', html) == [row["code"] for row in own]
        text = re.sub(r"data:image/png;base64,[\w+/=]+", "", html)
        told = text.lower()
        assert not re.search(r"\be\d\d\b|\bp\d\d\b|\breal\b|synthetic|encdec", told)
        assert str(json.loads((tmp_path / "study/key/study.json").read_text())["seed"]) not in html
    assert not list((tmp_path / "study/pages").glob("*.csv"))


def test_a_seed_makes_the_same_study_again_and_none_another_one(run, tmp_path):
    for out, flags in (("one", ["--seed", "7"]), ("two", ["--seed", "7"]), ("other", [])):
        make(run, tmp_path / out, *flags)
    pages = {out: (tmp_path / out / "pages/A-1.html").read_bytes() for out in ("one", "two", "other")}
    assert pages["one"] == pages["two"] != pages["other"]


def test_a_study_is_never_replaced_and_names_must_make_files(run, tmp_path, capsys):
    assert make(run, tmp_path / "study") == 0
    assert make(run, tmp_path / "study") == 2
    assert "a study is never replaced" in capsys.readouterr().err
    for names in (["A", "A"], ["../x", "B"]):
        assert make(run, tmp_path / "other", "--readers", *names) == 2


def press(driver: Chrome, *keys: str) -> None:
    for key in keys:
        ActionChains(driver).send_keys(key).perform()


def wait_for(path: Path) -> Path:
    for _ in range(200):
        if path.is_file():
            return path
        time.sleep(0.05)
    raise AssertionError(f"{path.name} was not downloaded")


def test_scores_entered_by_keyboard_are_kept_exported_and_analysed(run, tmp_path, capsys):
    make(run, tmp_path / "study", "--seed", "7")
    key = list(csv.DictReader((tmp_path / "study/key/key.csv").open()))
    name = json.loads((tmp_path / "study/key/study.json").read_text())["study"]
    rng, expected, files = np.random.default_rng(3), {}, []
    with browser(tmp_path) as driver:
        for reader in "AB":
            page = (tmp_path / f"study/pages/{reader}-1.html").as_uri()
            without_network(driver).get(page)
            own = [row for row in key if row["reader"] == reader]
            for number, row in enumerate(own):
                if number == 5:
                    driver.get(page)  # what was entered is still there, and the page goes on where it stopped
                    assert driver.find_element(By.ID, "place").text == "Map 6 of 24"
                    assert driver.find_element(By.ID, "done").text == "5 of 24 scored"
                scores = [str(score) for score in rng.integers(0, 4, 3)]
                press(driver, *scores, Keys.ENTER)
                expected[reader, row["exam_id"], row["kind"]] = scores
            assert driver.find_element(By.ID, "done").text == "24 of 24 scored"
            press(driver, "e")
            files.append(wait_for(tmp_path / f"scores-{name}-{reader}-1.csv"))
            require_silence(driver)
    kinds = {(row["reader"], row["code"]): (row["exam_id"], row["kind"]) for row in key}
    for path in files:
        for row in csv.DictReader(path.open()):
            found = [row["anatomy"], row["lesion"], row["artefacts"]]
            assert found == expected[row["reader"], *kinds[row["reader"], row["item"]]]
    words = ["reader-study", "analyse", *map(str, files), "--study", str(tmp_path / "study"), "--apart", "3"]
    assert main(words) == 0
    assert "to be discussed" in capsys.readouterr().out
    html = require_good_page(tmp_path / "study/results/results.html")
    assert "24 maps scored by all of them" in html
    assert "Anatomy, real: " in html, "the chart can be read out"
    with (tmp_path / "study/results/distribution.csv").open() as source:
        rows = list(csv.DictReader(source))
    given = [scores for place, scores in expected.items() if place[2] == "real"]
    assert [int(rows[0][f"count_{point}"]) for point in range(4)] == [
        sum(scores[0] == str(point) for scores in given) for point in range(4)
    ]
    apart = sum(
        abs(int(expected["A", exam, kind][one]) - int(expected["B", exam, kind][one])) == 3
        for exam, kind in set(kinds.values())
        for one in range(3)
    )
    with (tmp_path / "study/results/consensus.csv").open() as source:
        assert len(list(csv.DictReader(source))) == apart


def test_the_papers_criteria_are_scored_and_settled_after_the_blinded_ones(run, tmp_path, capsys):
    make(run, tmp_path / "study", "--seed", "7")
    key = list(csv.DictReader((tmp_path / "study/key/key-against-truth.csv").open()))
    assert {row["kind"] for row in key} == {"synthetic"}
    name = json.loads((tmp_path / "study/key/study.json").read_text())["study"]
    own = [row for row in key if row["reader"] == "A"]
    with browser(tmp_path) as driver:
        without_network(driver).get((tmp_path / "study/pages-against-truth/A-1.html").as_uri())
        require_no_sideways_scrolling(driver)
        for _ in own:
            press(driver, "3", "1", "2", Keys.ENTER)
        assert driver.find_element(By.ID, "done").text == f"{len(own)} of {len(own)} scored"
        press(driver, "e")
        first = wait_for(tmp_path / f"scores-{name}-A-1-against-truth.csv")
        require_silence(driver)
    second = tmp_path / "b.csv"
    lines = [f"{name},B,{row['code']},3,3,2," for row in key if row["reader"] == "B"]
    second.write_text("\n".join([first.read_text().splitlines()[0], *lines]))
    words = ["reader-study", "analyse", str(first), str(second), "--study", str(tmp_path / "study")]
    assert main(words) == 0
    table = tmp_path / "study/results/consensus.csv"
    rows = table.read_text().splitlines()
    assert len(rows) == 1 + len(own)
    table.write_text("\n".join([rows[0], *(row + "2" for row in rows[1:])]))
    capsys.readouterr()
    assert main(words) == 2, "what readers settled on is not written over"
    assert f"holds {len(own)} scores that readers settled on" in capsys.readouterr().err
    assert main([*words, "--consensus", str(table)]) == 0
    with (tmp_path / "study/results/final.csv").open() as source:
        degree = next(row for row in csv.DictReader(source) if row["criterion"] == "degree")
    assert (degree["count_2"], degree["discussed"], degree["mean"]) == (str(len(own)), str(len(own)), "2.0")
    with (tmp_path / "study/results/distribution.csv").open() as source:
        first_scores = next(row for row in csv.DictReader(source) if row["criterion"] == "degree")
    assert (first_scores["count_1"], first_scores["count_2"]) == (str(len(own)), "0")
    assert all(row.endswith(",2") for row in table.read_text().splitlines()[1:])


def test_mouse_comment_and_going_back_work_on_a_phone_and_a_gap_is_told(run, tmp_path):
    make(run, tmp_path / "study", "--seed", "7", "--readers", "C", "D")
    with browser(tmp_path, "phone") as driver:
        without_network(driver).get((tmp_path / "study/pages/C-1.html").as_uri())
        require_no_sideways_scrolling(driver)
        item = driver.find_element(By.CSS_SELECTOR, ".item:not([hidden])")
        for field in item.find_elements(By.TAG_NAME, "fieldset"):
            field.find_elements(By.TAG_NAME, "label")[2].click()
        box = item.find_element(By.CSS_SELECTOR, "input[type=text]")
        box.send_keys('3 "vessels", é', Keys.ENTER)
        assert driver.find_element(By.ID, "place").text == "Map 2 of 24"
        press(driver, Keys.ARROW_LEFT, "e")
        assert driver.find_element(By.ID, "place").text == "Map 1 of 24, scored"
        assert "23 maps are not scored yet" in driver.find_element(By.ID, "warning").text
        name = json.loads((tmp_path / "study/key/study.json").read_text())["study"]
        (row,) = csv.DictReader(wait_for(tmp_path / f"scores-{name}-C-1.csv").open(encoding="utf-8"))
        assert [row[one] for one in ("anatomy", "lesion", "artefacts")] == ["2", "2", "2"]
        assert row["comment"] == '3 "vessels", é'
        require_silence(driver)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace(",3,", ",4,"), "expected 0 to 3"),
        (lambda text: text.replace("item", "map"), "lacks the column item"),
        (lambda text: re.sub(r"(?m)^\w{8},A", "ffffffff,A", text), "scores of study ffffffff"),
    ],
)
def test_a_damaged_table_is_refused(run, tmp_path, capsys, change, message):
    make(run, tmp_path / "study", "--seed", "7")
    name = json.loads((tmp_path / "study/key/study.json").read_text())["study"]
    key = [row for row in csv.DictReader((tmp_path / "study/key/key.csv").open()) if row["reader"] == "A"]
    text = "study,reader,item,anatomy,lesion,artefacts,comment\n"
    text += "".join(f"{name},A,{row['code']},1,3,2,\n" for row in key)
    (tmp_path / "a.csv").write_text(change(text))
    words = ["reader-study", "analyse", str(tmp_path / "a.csv"), "--study", str(tmp_path / "study")]
    assert main(words) == 1
    assert message in capsys.readouterr().err
