"""A real Chromium, driven as a person would, that fails on console errors and on requests to other hosts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.tools import require_tool

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
)
WEBGL_FLAGS = (
    *(flag for flag in FLAGS if flag != "--disable-gpu"),
    *("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
)
"""With WebGL 2, drawn by the CPU."""
SIZES = {"laptop": (1280, 900), "phone": (390, 844)}


@contextmanager
def browser(downloads: Path, size: str = "laptop", flags: tuple[str, ...] = FLAGS) -> Iterator[Chrome]:
    """A browser with a profile of its own, gone afterwards."""
    options = ChromeOptions()
    options.binary_location = require_tool("chromium")
    service = Service(require_tool("chromedriver"))
    with TemporaryDirectory() as profile:
        for flag in (*flags, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        wide, high = SIZES[size]
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = Chrome(options, service)
        try:
            # By emulation, because a window cannot be made as narrow as a phone.
            metrics = {"width": wide, "height": high, "deviceScaleFactor": 1, "mobile": size == "phone"}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            driver.get("about:blank")
            for name in ("browser", "performance"):
                driver.get_log(name)  # the browser's own first page is not ours
            yield driver
        finally:
            driver.quit()


def without_network(driver: Chrome) -> Chrome:
    """From now on no host is reached, as in a hospital's network; pages that are files open all the same."""
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
    )
    return driver


def require_silence(driver: Chrome, *hosts: str) -> None:
    """Fail on anything in the console, and on any request but for the page itself and what lies in it.

    `hosts` are beginnings of addresses of a page that has a host.
    """
    assert driver.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    outside = sorted({url[:80] for url in asked if not url.startswith(("file://", "data:", "blob:", *hosts))})
    assert outside == []


def require_no_sideways_scrolling(driver: Chrome) -> None:
    """Fail when the page is wider than the screen; tables scroll inside themselves."""
    wide = driver.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert wide[0] <= wide[1], wide
