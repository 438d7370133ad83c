"""Every page in a real browser, its network off, at laptop and phone width: silent, and never too wide."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pytest

from cbvsynth.cli import main
from cbvsynth.pages.cohort_page import write_table1
from cbvsynth.pages.reader_results_page import FormResult, write_results
from cbvsynth.pages.rescue_page import write_rescue_page
from cbvsynth.records.reads import write_reads
from tests.domain.test_clinical import reads
from tests.pages.browser import (
    SIZES,
    browser,
    require_no_sideways_scrolling,
    require_silence,
    without_network,
)
from tests.pages.run_files import write_run
from tests.pages.test_cohort_page import COHORT
from tests.pages.test_external_page import page_of
from tests.pages.test_reader_results_page import result
from tests.pages.test_rescue_page import CASE
from tests.records.test_external import RESULT

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = write_run(tmp_path_factory.mktemp("run"))
    write_reads(root / "reads.csv", [*reads("grade", "A"), *reads("grade", "B")])
    assert main(["clinical", "analyse", str(root / "reads.csv"), "--out", str(root / "clinical")]) == 0
    assert main(["report", "--artifacts", str(root), "--out", str(root / "report")]) == 0
    write_table1(root, COHORT)
    write_rescue_page(root / "rescue.html", [CASE], [])
    write_results(root, [FormResult(result(0, 3), {})], study="s1", apart=2)
    page_of(root / "elsewhere", RESULT)
    return [
        root / "clinical/clinical.html",
        root / "report/index.html",
        root / "report/examinations/e05.html",
        root / "evaluate/report.html",
        root / "evaluate/table2.html",
        root / "table1.html",
        root / "rescue.html",
        root / "results.html",
        root / "elsewhere/out/report.html",
    ]


def test_every_page_that_is_written_is_opened_in_a_browser() -> None:
    """Pages came that no browser had opened: those of cohort, score, rescue and the readers' results."""
    shells = (ROOT / "src/cbvsynth").glob("*/templates/*.html.j2")
    written = {
        page.name.partition(".")[0] for page in shells if "extends" in page.read_text(encoding="utf-8")
    }
    here = {"clinical", "run", "examination", "evaluation", "table2_page"}
    here |= {"cohort", "rescue", "reader_results", "external"}
    elsewhere = {
        "report": "tests/steps/test_validate.py",
        "prognosis": "tests/commands/test_prognosis.py",
        "reader": "tests/commands/test_reader_study.py",
    }
    assert written == here | elsewhere.keys()
    for test in elsewhere.values():
        assert "without_network(driver)" in (ROOT / test).read_text(encoding="utf-8")


@pytest.mark.parametrize("size", SIZES)
def test_pages_are_silent_and_fit_the_screen(pages: list[Path], size: str, tmp_path: Path) -> None:
    with browser(tmp_path, size) as driver:
        without_network(driver)
        for page in pages:
            driver.get(page.as_uri())
            require_no_sideways_scrolling(driver)
            broken = (
                "return [...document.images].filter((image) => !image.complete || !image.naturalWidth).length"
            )
            assert driver.execute_script(broken) == 0, page.name
        require_silence(driver)


def test_links_lead_from_the_run_to_an_examination_and_on(pages: list[Path], tmp_path: Path) -> None:
    with browser(tmp_path) as driver:
        driver.get(pages[1].as_uri())
        for text, title in (
            ("e06", "e06"),
            ("next", "e07"),
            ("previous", "e06"),
            ("all examinations", "Report of a run"),
        ):
            driver.find_element("link text", text).click()
            assert driver.title == title


def test_contents_of_the_report_lead_to_its_parts_inside_another_page(
    pages: list[Path], tmp_path: Path
) -> None:
    """Kubeflow shows a report in a frame without an address: one click on its contents loaded Kubeflow's own
    page into the frame, and the report was gone."""
    report = pages[3].read_text(encoding="utf-8")
    around = tmp_path / "around.html"
    around.write_text(
        "<!doctype html><link rel='icon' href='data:,'><title>around</title>"
        f'<iframe style="width: 1200px; height: 800px" srcdoc="{escape(report)}"></iframe>'
    )
    with browser(tmp_path) as driver:
        driver.get(around.as_uri())
        driver.switch_to.frame(0)
        *_, link = driver.find_elements("css selector", "nav a")
        target = link.get_attribute("href").partition("#")[2]
        assert driver.execute_script("return window.scrollY") == 0
        link.click()
        assert driver.find_element("id", target).is_displayed()
        assert driver.execute_script("return window.scrollY") > 0
        require_silence(driver)
