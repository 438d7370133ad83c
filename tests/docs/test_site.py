"""The site and the package index: no broken link, nothing fetched from elsewhere, what the docstrings say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hatch_build import repository, with_absolute_links
from tests.docs.pages import PAGES, ROOT

HOME = repository()
OUTSIDE = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*\s(?:src|href)=["']?(https?:)?//""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make site` does: a warning, as of a broken link, is an error."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.slow
def test_every_page_of_docs_is_in_the_site_and_in_its_contents(site: Path) -> None:
    contents = (site / "index.html").read_text(encoding="utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        name = page.relative_to(ROOT / "docs")
        built = name.with_name("index.html") if name.name == "README.md" else name.with_suffix(".html")
        assert (site / built).is_file(), built
        assert re.search(rf'href="(\./)?{built}"', contents) or str(built) == "index.html", f"nav: {name}"


@pytest.mark.slow
def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        assert OUTSIDE.search(page.read_text(encoding="utf-8")) is None, page.name


@pytest.mark.slow
def test_links_out_of_docs_lead_to_files_of_the_repository(site: Path) -> None:
    targets = {
        target
        for page in site.rglob("*.html")
        for target in re.findall(rf'href="{re.escape(HOME)}/blob/main/([^"#]+)', page.read_text("utf-8"))
    }
    assert {"README.md", "components/train/README.md", "k8s/README.md"} <= targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


@pytest.mark.slow
def test_the_pages_of_the_code_say_what_its_docstrings_say(site: Path) -> None:
    from cbvsynth.client.client import CbvClient

    shown = (site / "reference/python/client.html").read_text(encoding="utf-8")
    assert 'id="cbvsynth.client.client.CbvClient.predict"' in shown
    first_line = (CbvClient.predict.__doc__ or "").partition("\n")[0].partition("`")[0].strip()
    assert len(first_line) > 10
    assert first_line in re.sub(r"<[^>]+>", "", shown)


def test_a_package_index_shows_no_link_that_needs_a_checkout() -> None:
    text = with_absolute_links((ROOT / "README.md").read_text(encoding="utf-8"), "", "v1.2.3")
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert len(targets) > 20
    for target in targets:
        assert re.match(r"https://|#", target), target
        place = re.match(rf"{re.escape(HOME)}/(?:blob|raw)/v1\.2\.3/([^#]+)", target)
        assert place is None or (ROOT / place[1]).exists(), target
    assert (
        f"![T1C, real CBV, synthetic CBV and their difference in four held-out phantom patients]({HOME}/raw/"
        in text
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](b.md)", "[a](b.md)"),
        ("[a](../x/b.md#c)", "[a](HOME/blob/main/x/b.md#c)"),
        ("![a](../x.png)", "![a](HOME/raw/main/x.png)"),
        ("[![a](../x.png)](../y.md)", "[![a](HOME/raw/main/x.png)](HOME/blob/main/y.md)"),
        ("[a](https://x.org/y) [b](#c)", "[a](https://x.org/y) [b](#c)"),
    ],
)
def test_only_links_that_leave_the_folder_become_absolute(text: str, expected: str) -> None:
    assert with_absolute_links(text, "docs", "main", within="docs") == expected.replace("HOME", HOME)


def test_the_placeholder_of_a_home_stands_in_one_place() -> None:
    """Whoever gives the project a home changes [project.urls] and nothing else."""
    others = [page for page in PAGES if HOME in page.read_text(encoding="utf-8")]
    assert others == []
