"""The page in a browser, used as a person uses it: by the keyboard where nothing else is said."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.page.running import Running


def address(page: Running) -> str:
    return f"http://127.0.0.1:{page.port}/"


def shown(driver: Chrome, name: str, seconds: float = 60) -> Any:
    return WebDriverWait(driver, seconds).until(
        lambda _: (found := driver.find_element(By.ID, name)).is_displayed() and found
    )


def listed(driver: Chrome) -> list[str]:
    """What the list of examinations says at one moment: the page draws it anew whenever something changes."""
    return list(
        driver.execute_script(
            "return [...document.querySelectorAll('#list button')].map(one => one.innerText)"
        )
    )


def choose(driver: Chrome, place: int) -> None:
    """Click an examination of the list, likewise in one step."""
    driver.execute_script("document.querySelectorAll('#list button')[arguments[0]].click()", place)


def press(driver: Chrome, name: str) -> None:
    driver.find_element(By.ID, name).send_keys(Keys.ENTER)


def change(driver: Chrome, name: str, value: object) -> None:
    """Give a slider a value at once."""
    driver.execute_script(
        "const one = document.getElementById(arguments[0]); one.value = arguments[1];"
        "one.dispatchEvent(new Event('input'))",
        name,
        value,
    )


def come(driver: Chrome, page: Running) -> None:
    driver.get(address(page))
    shown(driver, "pick-files")


def give(driver: Chrome, page: Running, files: list[Path]) -> None:
    come(driver, page)
    driver.find_element(By.ID, "files").send_keys("\n".join(map(str, files)))
    shown(driver, "sorting")


def drop(driver: Chrome, *paths: Path) -> None:
    """Let files or folders fall onto the page, as from the desktop."""
    box = driver.find_element(By.ID, "drop").rect
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        driver.execute_cdp_cmd("Input.dispatchDragEvent", {"type": kind, **place, "data": data})


def map_is_shown(driver: Chrome) -> Any:
    """Wait for the map and what the viewer says of it."""
    shown(driver, "result")
    readout = driver.find_element(By.ID, "readout")
    WebDriverWait(driver, 60).until(lambda _: "Slice" in readout.text)
    return readout


def picture(driver: Chrome) -> np.ndarray:
    """What the viewer draws: (Y, X, 3)."""
    canvas = driver.find_element(By.ID, "gl")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    # A fraction of a second for the screen to follow, which has no event of its own.
    time.sleep(0.5)
    found = Image.open(io.BytesIO(canvas.screenshot_as_png)).convert("RGB")
    return np.asarray(found, dtype=int)


def downloaded(folder: Path, name: str, seconds: float = 20) -> Path:
    limit = time.monotonic() + seconds
    while not (folder / name).exists() and time.monotonic() < limit:
        time.sleep(0.1)
    assert (folder / name).exists(), sorted(path.name for path in folder.iterdir())
    return folder / name
