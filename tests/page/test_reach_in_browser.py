"""The page without a mouse, with poor sight, on two widths; and its queue, which a reload keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.page.driving import address, choose, come, give, listed, map_is_shown, press, shown
from tests.page.looking import poor_contrasts, unreached_by_tab, without_a_name
from tests.page.running import Running, running
from tests.pages.browser import WEBGL_FLAGS, browser, require_no_sideways_scrolling, require_silence

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, viewer: bytes) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("page"), viewer=viewer) as started:
        yield started


def inspect(driver: Chrome, least: int) -> dict[str, list[str]]:
    """Contrast, names and the Tab key; the names that a screen reader reads."""
    poor, count = poor_contrasts(driver)
    print(f"{count} texts and edges measured")
    assert poor == []
    assert count >= least
    nameless, names = without_a_name(driver)
    assert nameless == []
    assert unreached_by_tab(driver) == ([], [])
    require_no_sideways_scrolling(driver)
    return names


@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_every_view_is_read_named_and_reached(
    page: Running, head: dict[str, Path], tmp_path: Path, size: str
) -> None:
    with browser(tmp_path, size, WEBGL_FLAGS) as driver:
        come(driver, page)
        names = inspect(driver, 10)
        assert {"Choose folder", "Choose files"} <= set(names["button"])
        give(driver, page, list(head.values()))
        names = inspect(driver, 20)
        assert "t1.nii.gz is taken as" in names["combobox"]
        press(driver, "start")
        map_is_shown(driver)
        press(driver, "add-ball")
        press(driver, "measure")
        shown(driver, "measured")
        names = inspect(driver, 60)
        assert {"Slice", "Opacity of the map"} <= {
            name.partition(" 1")[0].partition(" 5")[0] for name in names["slider"]
        }
        assert "Remove lesion" in names["button"]
        require_silence(driver, address(page))


def test_a_queue_is_watched_cancelled_and_found_again_after_a_reload(
    page: Running, head: dict[str, Path], tmp_path: Path
) -> None:
    page.server.delay_s = 4.0
    try:
        with browser(tmp_path, flags=WEBGL_FLAGS) as driver:
            give(driver, page, [head["t1.nii.gz"]])
            press(driver, "start")
            shown(driver, "progress")
            give(driver, page, [head["t1.nii.gz"]])
            press(driver, "start")
            waiting = shown(driver, "waiting")
            assert waiting.text == "1 before it."
            driver.refresh()
            assert shown(driver, "waiting").text == "1 before it."
            assert "waiting" in listed(driver)[1]
            press(driver, "cancel")
            WebDriverWait(driver, 10).until(lambda _: "cancelled" in listed(driver)[1])
            choose(driver, 0)
            map_is_shown(driver)
            stages = driver.find_element(By.ID, "facts").text
            assert all(stage in stages for stage in ("reading", "registering", "brain mask", "synthesis"))
            said = driver.find_element(By.ID, "said")
            assert said.get_attribute("role") == "status"
            choose(driver, 1)
            press(driver, "start")
            map_is_shown(driver)
            press(driver, "delete")
            WebDriverWait(driver, 10).until(lambda _: len(listed(driver)) == 1)
            require_silence(driver, address(page))
    finally:
        page.server.delay_s = 0.0
