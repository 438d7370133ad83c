"""Great Expectations' pages in a hospital's network: every status is seen, and no host is asked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from cbvsynth.errors import StorageError
from cbvsynth.quality.checks import Group, RangeCheck
from cbvsynth.quality.data_docs import place_data_docs, stand_alone
from cbvsynth.quality.expectations import Checker, range_expectation
from tests.pages.browser import browser, require_silence, without_network

CHECKS = [
    RangeCheck(column, column, Group.POOR_STANDARD, "", 7, None, strict=False)
    for column in ("slices", "rows")
]


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of a table in which one of two checks fails."""
    built, folder = tmp_path_factory.mktemp("built") / "docs", tmp_path_factory.mktemp("run") / "data_docs"
    table = pd.DataFrame({"exam_id": ["e0", "e1"], "slices": [7.0, 6.0], "rows": [9.0, 9.0]})
    Checker(built).run("images", table, [range_expectation(check) for check in CHECKS])
    place_data_docs(built, folder)
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


def test_pages_take_the_place_of_those_before_as_a_whole(docs: Path, tmp_path: Path) -> None:
    built, folder = tmp_path / "built", tmp_path / "data_docs"
    shutil.copytree(docs, built)
    place_data_docs(built, folder)
    (built / "index.html").write_text("<html><head></head><body>new</body></html>")
    place_data_docs(built, folder)
    assert ">new<" in (folder / "index.html").read_text()
    assert [page.relative_to(folder) for page in pages(folder)] == [
        page.relative_to(docs) for page in pages(docs)
    ]


@pytest.mark.parametrize("text", [None, "<html><head></head><body>torn off he"])
def test_a_page_that_great_expectations_wrote_half_is_no_page(
    docs: Path, tmp_path: Path, text: str | None
) -> None:
    """On a full disk it wrote half a page and went on with a line in the log, and half a page was left."""
    built = tmp_path / "built"
    shutil.copytree(docs, built)
    index = built / "index.html"
    index.write_text(text) if text else index.unlink()
    with pytest.raises(StorageError, match="could not write its pages"):
        place_data_docs(built, tmp_path / "data_docs")
    assert not (tmp_path / "data_docs").exists()


def test_a_table_that_another_release_builds_otherwise_says_where_to_look() -> None:
    page = '<head></head><table id="a"></table><script>$("#a").table({rows: fetched})</script>'
    assert "the report of validate has it all" in stand_alone(page)


@pytest.mark.slow
def test_every_status_is_seen_with_the_network_off(docs: Path, tmp_path: Path) -> None:
    """The status column was empty, and the page bare: nobody saw what failed."""
    with browser(tmp_path) as driver:
        without_network(driver)
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
