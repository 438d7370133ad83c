"""The flow chart: its numbers add up, and the same study gives the same picture."""

from __future__ import annotations

from pathlib import Path

from cbvsynth.quality.checks import Group
from cbvsynth.quality.flow_chart import flow_chart, flow_text, write_flow_chart
from cbvsynth.quality.outcome import Flow

PAPER = Flow(
    examinations_found=818,
    patients_found=400,
    dropped=tuple(
        (group, {Group.METAL: 28, Group.FAILED_CBV: 16, Group.POOR_STANDARD: 18}.get(group, 0))
        for group in Group
    ),
    examinations_accepted=756,
    patients_accepted=370,
)
"""The paper's own numbers; the patients before exclusion are not given there and made up here."""


def test_the_text_has_every_box_with_its_number() -> None:
    lines = flow_text(PAPER).splitlines()

    assert lines[0] == "Examinations found: n = 818 (400 patients)"
    assert "  dropped, metal artefact: n = 28" in lines
    assert "  dropped, wrong file: n = 0" in lines
    assert lines[-1] == "Examinations accepted: n = 756 (370 patients)"
    assert len(lines) == 2 + len(Group)


def test_the_drawing_shows_who_left_and_names_headings_nobody_left_under() -> None:
    svg = flow_chart(PAPER).svg()

    for words in ("n = 818", "Metal artefact", "n = 28", "n = 16", "n = 18", "n = 756", "None for: missing"):
        assert words in svg
    assert "n = 0" not in svg.partition("</desc>")[2], "it is told in words only"


def test_the_drawing_needs_nothing_from_outside() -> None:
    svg = flow_chart(PAPER).svg()

    assert svg.startswith("<svg")
    assert 'href="http' not in svg
    assert "<script" not in svg


def test_a_study_that_lost_nobody_is_drawn_as_well() -> None:
    flow = Flow(1, 1, tuple((group, 0) for group in Group), 1, 1)

    assert "(1 patient)" in flow_chart(flow).svg()


def test_a_study_that_lost_examinations_under_every_heading_is_drawn_as_well() -> None:
    flow = Flow(9, 9, tuple((group, 1) for group in Group), 1, 1)

    assert "None for" not in flow_chart(flow).svg()


def test_the_same_study_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_flow_chart(tmp_path / name, PAPER)

    for file in ("flow_chart.png", "flow_chart.txt"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()
    assert (tmp_path / "first" / "flow_chart.png").read_bytes().startswith(b"\x89PNG")
    assert flow_chart(PAPER).svg() == flow_chart(PAPER).svg()
