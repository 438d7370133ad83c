"""Pages from templates: escaped, complete, and all in one shell."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from jinja2 import UndefinedError

import cbvsynth
from cbvsynth.signature import RESEARCH_NOTE
from cbvsynth.theme.colours import MUTED
from cbvsynth.theme.html import environment, rendered, write_page, write_page_inside

SHELL = "theme/templates/shell.html.j2"
ROOT = Path(cbvsynth.__file__).parent


def test_words_of_users_are_escaped_in_html():
    page = rendered(SHELL, {"title": "<b>bold</b>"})
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<b>" not in page


def test_words_stay_as_they_are_in_markdown():
    assert environment().autoescape("quality/templates/report.html.j2")
    assert not environment().autoescape("quality/templates/report.md.j2")


def test_every_page_says_that_it_is_for_research_and_which_version_made_it():
    page = rendered(SHELL, {"title": "t"})
    assert RESEARCH_NOTE in page
    assert f"cbvsynth {cbvsynth.__version__}" in page


def test_pages_and_charts_share_their_colours():
    assert f"--muted: {MUTED};" in rendered(SHELL, {"title": "t"})


def test_a_missing_value_is_an_error():
    with pytest.raises(UndefinedError, match="title"):
        rendered(SHELL, {})


def test_there_is_one_shell():
    """The pages of evaluate, of validate, and of a run each had a head and a style sheet of their own.

    What `cbvsynth page` shows is a program with scripts and files of its own, and no page that is written.
    """
    heads = {path for path in ROOT.rglob("*.j2") if "<html" in path.read_text(encoding="utf-8")}
    assert heads == {ROOT / SHELL, ROOT / "page/templates/page.html.j2"}


def test_a_page_replaces_an_older_one_and_ends_with_one_newline(tmp_path: Path):
    path = tmp_path / "page.html"
    path.write_text("old")
    write_page(path, SHELL, {"title": "new"})
    assert "<title>new</title>" in path.read_text(encoding="utf-8")
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    assert [found.name for found in tmp_path.iterdir()] == ["page.html"]


def test_a_page_inside_a_folder_that_is_not_there_yet_makes_it(tmp_path: Path):
    write_page_inside(tmp_path / "a" / "page.html", SHELL, {"title": "t"})
    write_page(tmp_path / "page.html", SHELL, {"title": "t"})
    assert (tmp_path / "a" / "page.html").read_bytes() == (tmp_path / "page.html").read_bytes()


def test_a_page_lets_the_one_script_through_that_it_holds():
    """The hash in the page's policy is that of the text between the tags, to the byte."""
    script = environment().globals["contents_script"]
    digest = b64encode(sha256(script.__html__().encode()).digest()).decode()
    assert script.hash == f"sha256-{digest}"
    assert "</script" not in script.__html__()
