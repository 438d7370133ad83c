"""The leaderboard reads back exactly, and what is no leaderboard is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.domain.selection.leaderboard import leaderboard, summarise
from cbvsynth.errors import ResultError
from cbvsynth.pages.tables.leaderboard import leaderboard_text, read_leaderboard, write_leaderboard_csv
from tests.domain.selection.tables import flat, table


def test_the_leaderboard_reads_back_exactly(tmp_path: Path):
    rows = leaderboard(
        [flat("encdec-t1", 0.8, lesion=None), flat("encdec-t2", 1 / 3, lesion=None)], "mae_brain"
    )
    baseline = summarise("constant-mean", table("constant-mean", [0.1] * 12, lesions=None))
    write_leaderboard_csv(tmp_path / "leaderboard.csv", rows, [baseline])
    models, baselines = read_leaderboard(tmp_path / "leaderboard.csv")
    assert [row.rank for row in models] == [1, 2]
    assert models[1].mean["ssim_3d_whole"] == rows[1].mean["ssim_3d_whole"]
    assert baselines[0].model == "constant-mean"
    assert "–" in leaderboard_text(models, baselines, "ssim_3d_whole", "mL/100g")


@pytest.mark.parametrize(
    ("text", "words"),
    [("a,b\n1,2\n", "has other columns"), (None, "does not exist; run evaluate first")],
)
def test_a_file_that_is_no_leaderboard_is_refused(tmp_path: Path, text: str | None, words: str):
    path = tmp_path / "leaderboard.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ResultError, match=words):
        read_leaderboard(path)


def test_a_damaged_leaderboard_is_refused(tmp_path: Path):
    rows = leaderboard([flat("encdec-t1", 0.8)], "mae_brain")
    path = tmp_path / "leaderboard.csv"
    write_leaderboard_csv(path, rows, [])
    path.write_text(path.read_text().replace("0.8", "many"))
    with pytest.raises(ResultError, match="is damaged"):
        read_leaderboard(path)


def test_a_leaderboard_that_was_cut_is_refused(tmp_path: Path):
    """Without a row it ended in a traceback, with a part of one in dashes."""
    rows = leaderboard([flat("encdec-t1", 0.8)], "mae_brain")
    path = tmp_path / "leaderboard.csv"
    write_leaderboard_csv(path, rows, [])
    whole = path.read_text()
    path.write_text(whole.splitlines()[0] + "\n")
    with pytest.raises(ResultError, match="holds no model"):
        read_leaderboard(path)
    path.write_text(whole[: whole.rindex(",")])
    with pytest.raises(ResultError, match="a row is cut short"):
        read_leaderboard(path)
