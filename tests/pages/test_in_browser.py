"""Every page in a real browser, at laptop and phone width: silent, without requests, never too wide."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.cli import main
from cbvsynth.records.reads import write_reads
from tests.domain.test_clinical import reads
from tests.pages.browser import SIZES, browser, require_no_sideways_scrolling, require_silence
from tests.pages.run_files import write_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = write_run(tmp_path_factory.mktemp("run"))
    write_reads(root / "reads.csv", [*reads("grade", "A"), *reads("grade", "B")])
    assert main(["clinical", "analyse", str(root / "reads.csv"), "--out", str(root / "clinical")]) == 0
    assert main(["report", "--artifacts", str(root), "--out", str(root / "report")]) == 0
    return [
        root / "clinical/clinical.html",
        root / "report/index.html",
        root / "report/examinations/e05.html",
        root / "evaluate/report.html",
        root / "evaluate/table2.html",
    ]


@pytest.mark.parametrize("size", SIZES)
def test_pages_are_silent_and_fit_the_screen(pages: list[Path], size: str, tmp_path: Path) -> None:
    with browser(tmp_path, size) as driver:
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
