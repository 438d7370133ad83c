"""What a person with poor sight, or without a mouse, meets on a page: measured in the browser."""

from __future__ import annotations

from pathlib import Path

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

LEAST_CONTRAST, LEAST_CONTRAST_LARGE = 4.5, 3.0
"""WCAG 2.2, success criterion 1.4.3 (AA): of text, and of large text."""
LEAST_CONTRAST_OF_EDGES = 3.0
"""WCAG 2.2, success criterion 1.4.11 (AA): of the edge of a field or button."""
_SPOKEN = {"button", "link", "textbox", "combobox", "slider", "checkbox", "spinbutton", "image", "Canvas"}
_TAB = "a[href], button, select, input:not([hidden]):not([type=file]), canvas[tabindex], [tabindex='0']"

_MEASURE = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")


def poor_contrasts(driver: Chrome) -> tuple[list[str], int]:
    """What is shown with less contrast than WCAG asks for, and how many texts and edges were measured."""
    found = driver.execute_script(_MEASURE)
    least = {"text": LEAST_CONTRAST, "large": LEAST_CONTRAST_LARGE, "edge": LEAST_CONTRAST_OF_EDGES}
    poor = [f"{one['what']}: {one['ratio']:.2f}" for one in found if one["ratio"] < least[one["kind"]]]
    return poor, len(found)


def without_a_name(driver: Chrome) -> tuple[list[str], dict[str, list[str]]]:
    """Controls and pictures that a screen reader cannot name, and the names that it reads, by role."""
    nodes = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    nameless, names = [], {}
    for node in nodes:
        role = node.get("role", {}).get("value", "")
        if node.get("ignored") or role not in _SPOKEN:
            continue
        name = node.get("name", {}).get("value", "").strip()
        names.setdefault(role, []).append(name)
        if not name:
            nameless.append(role)
    return nameless, names


def unreached_by_tab(driver: Chrome) -> tuple[list[str], list[str]]:
    """Visible controls that the Tab key never comes to, and those that show no focus when it does."""
    wanted = driver.execute_script(
        f"return [...document.querySelectorAll({_TAB!r})].filter((one) => one.checkVisibility() && "
        "!one.disabled).map((one, place) => { one.dataset.place = place; "
        "return [String(place), `${one.tagName} ${one.id} ${one.textContent.slice(0, 30)}`]; })"
    )
    driver.execute_script("document.activeElement?.blur(); window.scrollTo(0, 0)")
    driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    reached, dark = set(), []
    for _ in range(len(wanted) + 5):
        place, outline = driver.execute_script(
            "const one = document.activeElement; return [one.dataset.place ?? '', "
            "getComputedStyle(one).outlineStyle]"
        )
        if place and outline == "none":
            dark.append(place)
        reached.add(place)
        driver.switch_to.active_element.send_keys(Keys.TAB)
    return [what for place, what in wanted if place not in reached], dark
