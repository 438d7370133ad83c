"""A folder of DICOM dropped onto the page in Chromium: corrected, mapped, looked through, taken away."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.client.heads import AFFINES, SHAPE, brain, image, write
from tests.page.driving import address, come, downloaded, drop, give, map_is_shown, picture, press, shown
from tests.page.running import Running, running
from tests.page.test_dicom_files import examination
from tests.pages.browser import WEBGL_FLAGS, browser, require_silence

pytestmark = pytest.mark.slow

_LEAVE_OUT = """
const [select] = arguments;
select.value = "";
select.dispatchEvent(new Event("change"));
return [...document.querySelectorAll("#rows select, #start")].every((one) => one.disabled);
"""
"""Choose by hand, and say whether nothing else can be chosen meanwhile: of two choices within the seconds
that sorting takes the first was lost."""
_OTHER_EXAMINATION = """
const [done] = arguments;
const words = () => ["readout", "gl"].map((id) => document.getElementById(id)).map((one, place) =>
  place ? getComputedStyle(one).visibility : one.textContent);
document.querySelector("#list button:not([aria-current=true])").click();
setTimeout(() => done(words()), 0);
"""
"""Choose the examination that is not shown, and say what is seen before its images can have come: the picture
and the values of the one before stayed until then."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, viewer: bytes) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("page"), viewer=viewer) as started:
        yield started


def test_a_dropped_folder_becomes_a_map_for_the_pacs(page: Running, tmp_path: Path) -> None:
    examination(tmp_path / "study")
    with browser(tmp_path, flags=WEBGL_FLAGS) as driver:
        come(driver, page)
        drop(driver, tmp_path / "study")
        rows = shown(driver, "sorting")
        assert [
            Select(one).first_selected_option.text for one in rows.find_elements(By.TAG_NAME, "select")
        ] == [
            "T1",
            "T2",
            "T2-FLAIR",
            "ADC",
            "T1C",
        ]
        adc = rows.find_elements(By.TAG_NAME, "select")[3]
        assert driver.execute_script(_LEAVE_OUT, adc)
        WebDriverWait(driver, 20).until(lambda _: "chosen by hand" in driver.find_element(By.ID, "rows").text)
        press(driver, "start")
        map_is_shown(driver)
        facts = driver.find_element(By.ID, "facts").text
        assert "ADC: not given" in facts
        assert "on the slices of T1C" in driver.find_element(By.ID, "dicom-note").text
        press(driver, "get-dicom")
        with zipfile.ZipFile(downloaded(tmp_path, "synthetic-cbv-dicom.zip")) as found:
            assert "cbv/parametric-map.dcm" in found.namelist()
        assert "MUELLER" not in driver.page_source + driver.title + driver.current_url
        require_silence(driver, address(page))


def test_two_sequences_lie_in_squares(page: Running, head: dict[str, Path], tmp_path: Path) -> None:
    """T1 is dark, and T2 in the same place bright: squares of both must alternate."""
    dark, bright = np.where(brain(), 100, 0), np.where(brain(), 100, 0)
    dark[..., 0], bright[..., 0] = 4 * dark[..., 0], bright[..., 0] // 2
    noise = np.random.default_rng(0).uniform(0, 3, SHAPE)
    for name, data in {"t1": dark, "t2": bright}.items():
        write(
            tmp_path / f"{name}.nii.gz", np.where(brain(), data + noise, 0).astype(np.float32), AFFINES["RAS"]
        )
    with browser(tmp_path, flags=WEBGL_FLAGS) as driver:
        others = [head["t1c.nii.gz"], head["flair.nii.gz"]]
        give(driver, page, [tmp_path / "t1.nii.gz", tmp_path / "t2.nii.gz", *others])
        press(driver, "start")
        readout = map_is_shown(driver)
        for name, choice in {"over": "none", "base": "T1", "other": "T2"}.items():
            Select(driver.find_element(By.ID, name)).select_by_visible_text(choice)
        first = picture(driver).sum(axis=2)
        press(driver, "board")
        assert driver.find_element(By.ID, "board").get_attribute("aria-pressed") == "true"
        squares = picture(driver).sum(axis=2)
        press(driver, "swap")
        second = picture(driver).sum(axis=2)
        assert "T2" in readout.text
        differ = np.abs(first - second) > 90
        like_first, like_second = (np.abs(squares - one)[differ] < 30 for one in (first, second))
        assert 0.25 < like_first.mean() < 0.75
        assert 0.25 < like_second.mean() < 0.75
        assert (like_first | like_second).mean() > 0.8
        give(driver, page, [tmp_path / "t1.nii.gz"])
        press(driver, "start")
        map_is_shown(driver)
        coming = driver.execute_async_script(_OTHER_EXAMINATION)
        assert coming == ["The images are coming.", "hidden"]
        assert "T1C " in map_is_shown(driver).text
        assert driver.find_element(By.ID, "gl").is_displayed()
        require_silence(driver, address(page))


def test_a_region_of_a_file_is_held_against_measured_cbv(
    page: Running, head: dict[str, Path], tmp_path: Path
) -> None:
    measured = write(tmp_path / "cbv.nii.gz", image("t1") / np.float32(100), AFFINES["RAS"])
    region = np.zeros(SHAPE, np.uint8)
    region[4:8, 6:11, 2:5] = 1
    nib.save(nib.Nifti1Image(region, AFFINES["RAS"]), tmp_path / "roi.nii.gz")
    with browser(tmp_path, flags=WEBGL_FLAGS) as driver:
        give(driver, page, [*head.values(), measured])
        press(driver, "start")
        readout = map_is_shown(driver)
        assert "synthetic minus measured" in readout.text
        assert "SSIM" in driver.find_element(By.ID, "facts").text
        for layer in ("measured CBV", "synthetic minus measured"):
            Select(driver.find_element(By.ID, "over")).select_by_visible_text(layer)
            assert np.ptp(picture(driver), axis=2).max() > 60, layer
        Select(driver.find_element(By.ID, "over")).select_by_visible_text("none")
        before = (np.ptp(picture(driver), axis=2) > 60).sum()
        driver.find_element(By.ID, "region-file").send_keys(str(tmp_path / "roi.nii.gz"))
        table = shown(driver, "measured")
        assert "Measured mean" in table.text
        assert "Mirrored region" in table.text
        cells = [cell.text for cell in table.find_elements(By.CSS_SELECTOR, "#regions td")][:-1]
        assert len(cells) == 11
        assert "–" not in cells
        assert (np.ptp(picture(driver), axis=2) > 60).sum() > before
        require_silence(driver, address(page))
