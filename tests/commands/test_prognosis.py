"""`cbvsynth clinical prognosis`: from a lab's table to the page, in a real browser."""

from __future__ import annotations

import pytest

from cbvsynth.cli import main
from tests.domain.statistics.follow_up import AGE, CBV_REAL, CBV_SYNTHETIC, EVENT, HIGH_GRADE, TIME
from tests.pages.browser import (
    SIZES,
    browser,
    require_no_sideways_scrolling,
    require_silence,
    without_network,
)
from tests.pages.web_page import require_good_page


@pytest.fixture
def survival(tmp_path):
    columns = zip(TIME, EVENT, CBV_REAL, CBV_SYNTHETIC, AGE, HIGH_GRADE, strict=True)
    rows = [
        f"p{place},{time},{event},{real},{synthetic},{age},{'high' if grade else 'low'}"
        for place, (time, event, real, synthetic, age, grade) in enumerate(columns)
    ]
    path = tmp_path / "survival.csv"
    path.write_text("\n".join(["patient,time_months,event,cbv_real,cbv_synthetic,age,grade", *rows]))
    return path


def test_the_table_becomes_a_page(survival, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["clinical", "prognosis", str(survival), "--out", str(out), "--covariates", "age", "grade"]
    assert main([*words, "--horizons_months", "12", "24"]) == 0
    printed = capsys.readouterr().out
    assert "40 patients, 32 events, median follow-up 32.0 months." in printed
    assert (
        "clinical covariates and synthetic CBV   4.88 (1)                  .027  0.771 (0.701 to 0.842)"
        in printed
    )
    assert "note: At 24 months: 31 with the event, 4 beyond" in printed
    html = require_good_page(out / "prognosis.html")
    assert "grade: low, not high" in html
    assert str(tmp_path) not in html
    for size in SIZES:
        with browser(tmp_path, size) as driver:
            without_network(driver).get((out / "prognosis.html").as_uri())
            require_no_sideways_scrolling(driver)
            require_silence(driver)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--covariates", "kps"], "lacks the column kps"),
        (["--horizons_months", "0"], "No horizon above 0 months"),
    ],
)
def test_what_cannot_be_answered_is_told_in_one_line(survival, tmp_path, capsys, flags, message):
    assert main(["clinical", "prognosis", str(survival), "--out", str(tmp_path / "out"), *flags]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
