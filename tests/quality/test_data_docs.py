"""Great Expectations' pages in a hospital's network: every status is seen, and no host is asked."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cbvsynth.quality.checks import Group, RangeCheck
from cbvsynth.quality.data_docs import make_stand_alone, stand_alone
from cbvsynth.quality.expectations import Checker, range_expectation
from tests.pages.browser import browser, require_silence

CHECKS = [
    RangeCheck(column, column, Group.POOR_STANDARD, "", 7, None, strict=False)
    for column in ("slices", "rows")
]


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of a table in which one of two checks fails."""
    folder = tmp_path_factory.mktemp("run") / "data_docs"
    table = pd.DataFrame({"exam_id": ["e0", "e1"], "slices": [7.0, 6.0], "rows": [9.0, 9.0]})
    Checker(folder).run("images", table, [range_expectation(check) for check in CHECKS])
    make_stand_alone(folder)
    return folder


def pages(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.html"))


def test_the_pages_hold_no_script_and_no_address_that_is_loaded(docs: Path) -> None:
    """They asked nine hosts for scripts, styles and icons."""
    assert len(pages(docs)) == 3
    for page in pages(docs):
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "<link" not in text
        assert "<img" not in text
        assert "url(" not in text


def test_pages_are_rewritten_once(docs: Path) -> None:
    before = {page: page.read_bytes() for page in pages(docs)}
    make_stand_alone(docs)
    assert {page: page.read_bytes() for page in pages(docs)} == before


def test_a_table_that_another_release_builds_otherwise_says_where_to_look() -> None:
    page = '<head></head><table id="a"></table><script>$("#a").table({rows: fetched})</script>'
    assert "the report of validate has it all" in stand_alone(page)


@pytest.mark.slow
def test_every_status_is_seen_with_the_network_off(docs: Path, tmp_path: Path) -> None:
    """The status column was empty, and the page bare: nobody saw what failed."""
    with browser(tmp_path) as driver:
        driver.execute_cdp_cmd("Network.enable", {})
        driver.execute_cdp_cmd(
            "Network.emulateNetworkConditions",
            {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
        )
        for page in pages(docs):
            driver.get(page.as_uri())
            require_silence(driver)
        driver.get((docs / "index.html").as_uri())
        (row,) = driver.find_elements("css selector", "#Validation-Results tbody tr")
        assert row.text.split()[0] == "failed"
        row.find_element("css selector", "a").click()
        shown = [one.text for one in driver.find_elements("css selector", "td:first-child i")]
        assert sorted(shown) == ["failed", "passed"]
        require_silence(driver)
