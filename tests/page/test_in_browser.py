"""The page in a real Chromium with WebGL 2: files given, corrected, mapped, looked at, measured, saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from cbvsynth.page.viewer import SCRIPT
from tests.page.driving import change, downloaded, give, picture, press, shown
from tests.page.running import Running, running
from tests.pages.browser import WEBGL_FLAGS, browser, require_no_sideways_scrolling, require_silence

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, viewer: bytes) -> Iterator[Running]:
    flags = {"sure": frozenset({7}), "lesion_threshold": 10.0}
    with running(tmp_path_factory.mktemp("page"), viewer=viewer, **flags) as started:
        yield started


def test_the_scripts_are_small(viewer: bytes) -> None:
    own = sum(path.stat().st_size for path in (ROOT / "src/cbvsynth/page/static").glob("*.js"))
    assert len(viewer) + own < 3e6, SCRIPT


def test_from_files_to_a_measured_map(page: Running, head: dict[str, Path], tmp_path: Path) -> None:
    with browser(tmp_path, flags=WEBGL_FLAGS) as driver:
        one, other = tmp_path / "scan.nii.gz", tmp_path / "t2.nii.gz"
        one.write_bytes(head["t1c.nii.gz"].read_bytes())
        other.write_bytes(head["t2.nii.gz"].read_bytes())
        give(driver, page, [one, other, head["t1.nii.gz"], head["adc.nii.gz"], head["flair.nii.gz"]])
        select = driver.find_element(By.CSS_SELECTOR, '[aria-label="scan.nii.gz is taken as"]')
        assert Select(select).first_selected_option.text == "left out"
        Select(select).select_by_visible_text("T1C")
        WebDriverWait(driver, 20).until(lambda _: "chosen by hand" in driver.find_element(By.ID, "rows").text)
        press(driver, "start")
        driver.refresh()  # it is not the browser that works
        shown(driver, "result")
        readout = driver.find_element(By.ID, "readout")
        WebDriverWait(driver, 60).until(lambda _: "synthetic CBV" in readout.text)
        assert "mL/100 g" in readout.text
        with_map = picture(driver)
        colourful = (np.ptp(with_map, axis=2) > 60).mean()
        change(driver, "opacity", 0)
        assert (np.ptp(picture(driver), axis=2) > 60).mean() < colourful / 3
        before = readout.text
        driver.find_element(By.ID, "z").send_keys(Keys.ARROW_RIGHT)
        assert readout.text != before
        press(driver, "add-ball")
        press(driver, "measure")
        regions = shown(driver, "measured").text
        assert "lesion" in regions
        assert "90 % interval of the mean, mL/100 g" in regions
        assert "undecided" in regions
        change(driver, "opacity", 60)
        Select(driver.find_element(By.ID, "over")).select_by_visible_text("SD of synthetic CBV")
        assert (np.ptp(picture(driver), axis=2) > 30).mean() > colourful / 3  # pale: it is large everywhere
        for name in ("get-map", "get-sd", "get-regions", "snapshot"):
            press(driver, name)
        for name in ("synthetic-cbv.nii.gz", "synthetic-cbv_sd.nii.gz", "synthetic-regions.csv"):
            downloaded(tmp_path, name)
        strip = np.asarray(Image.open(downloaded(tmp_path, "synthetic-cbv-view.png")).convert("L"))[-62:]
        for line in (strip[8:34], strip[34:]):  # the model with its version, and the research note
            assert 0.005 < (line > 128).mean() < 0.2
        note = driver.find_element(By.CLASS_NAME, "research")
        assert "For research only" in note.text
        assert driver.title == "Synthetic CBV"
        require_no_sideways_scrolling(driver)
        require_silence(driver, f"http://127.0.0.1:{page.port}/")


def test_the_patients_right_is_on_the_left(page: Running, head: dict[str, Path], tmp_path: Path) -> None:
    """A T1 that is bright on the patient's right alone must be bright on the left of the screen."""
    import nibabel as nib

    image = nib.load(head["t1.nii.gz"])
    data = np.asarray(image.dataobj).copy()
    data[: data.shape[0] // 2] *= 8  # RAS: the first half lies to the left
    nib.save(nib.Nifti1Image(data, image.affine), tmp_path / "t1.nii.gz")
    with browser(tmp_path, flags=WEBGL_FLAGS) as driver:
        give(driver, page, [tmp_path / "t1.nii.gz"])
        press(driver, "start")
        shown(driver, "result")
        WebDriverWait(driver, 60).until(lambda _: "T1 " in driver.find_element(By.ID, "readout").text)
        Select(driver.find_element(By.ID, "over")).select_by_visible_text("none")
        drawn = picture(driver).sum(axis=2)[40:-40]
        half = drawn.shape[1] // 2
        assert drawn[:, half:].sum() > 1.5 * drawn[:, :half].sum()
        sides = driver.find_element(By.CLASS_NAME, "sides")
        assert sides.text.startswith("Patient's right")
        # "Patient's left" stood below the sagittal plane, whose ends are the back and the front.
        Select(driver.find_element(By.ID, "planes")).select_by_value("all")
        WebDriverWait(driver, 20).until(lambda _: "front" in sides.text)
        below = [span for span in sides.find_elements(By.TAG_NAME, "span") if "left" in span.text]
        (front,) = (span for span in sides.find_elements(By.TAG_NAME, "span") if "front" in span.text)
        assert len(below) == 2
        assert all(span.rect["y"] != front.rect["y"] or span.rect["x"] != front.rect["x"] for span in below)
        metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        require_no_sideways_scrolling(driver)
        require_silence(driver, f"http://127.0.0.1:{page.port}/")


def test_a_factor_and_a_relative_map_are_told(page: Running, head: dict[str, Path], tmp_path: Path) -> None:
    """A person saw neither that a trace was taken for ADC as it is, nor that measured CBV was relative."""
    names = {name: tmp_path / f"UPENN-GBM-00001_11_{name}.nii.gz" for name in ("DTI_TR", "DSC_ap-rCBV")}
    for path in names.values():
        path.write_bytes(head["adc.nii.gz"].read_bytes())
    with browser(tmp_path, flags=WEBGL_FLAGS) as driver:
        give(driver, page, list(names.values()))
        rows = driver.find_element(By.ID, "rows").text
        assert "UPENN-GBM (TCIA); its stored values are taken times 0.333" in rows
        assert "UPENN-GBM (TCIA); relative, not compared with the map" in rows


def test_a_refusal_is_read_out(page: Running, tmp_path: Path) -> None:
    (tmp_path / "study.zip").write_bytes(b"PK")
    with browser(tmp_path, flags=WEBGL_FLAGS) as driver:
        driver.get(f"http://127.0.0.1:{page.port}/")
        shown(driver, "pick-files")
        driver.find_element(By.ID, "files").send_keys(str(tmp_path / "study.zip"))
        problem = driver.find_element(By.ID, "problem")
        WebDriverWait(driver, 20).until(lambda _: "archive is not unpacked" in problem.text)
        assert problem.get_attribute("role") == "alert"
        assert page.visitor().studies() == []
