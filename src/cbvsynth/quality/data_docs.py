"""Great Expectations' Data Docs, made to be read where no other host can be reached.

Its pages ask nine hosts for scripts, styles and icons; without them the index is an empty table and no page
shows what failed, as status is an icon of a font. Here the pages lose every script and every address of
another host, the index gets its rows as a plain table, and status becomes words. Decision:
docs/decisions/0083-data-docs-stand-alone.md.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from cbvsynth.errors import StorageError
from cbvsynth.records.storage import atomic_folder, write_text

_END = "</html>"
_STYLE = """<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 1rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
th, td { border: 1px solid #8886; padding: .3rem .6rem; text-align: left; vertical-align: top; }
.alert { border-left: 4px solid #8886; margin-top: 1rem; padding: .2rem .8rem; }
.cooltip .top, .btn, .card, .modal, .nav-tabs { display: none; }
.text-success { color: #1b6e3c; font-weight: 600; font-style: normal; }
.text-danger { color: #a3172a; font-weight: 600; font-style: normal; }
.text-warning { color: #7a5200; font-weight: 600; font-style: normal; }
@media (prefers-color-scheme: dark) {
  body { background: #16181b; color: #e6e6e6; }
  a { color: #8ab4f8; }
  .text-success { color: #6fcf97; }
  .text-danger { color: #ff8a8a; }
  .text-warning { color: #f2c94c; }
}
</style>"""
_ELSEWHERE = "<tr><td>Not to be read without scripts; the report of validate has it all.</td></tr>"
"""Shown where another release of Great Expectations builds its pages otherwise."""
_WORDS = {"text-success": "passed", "text-danger": "failed", "text-warning": "warning"}

_SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script>", re.DOTALL)
_LINK, _IMAGE, _FOOTER = (
    re.compile(r"<link\b[^>]*>"),
    re.compile(r"<img\b[^>]*>", re.DOTALL),
    re.compile(r"<footer>.*?</footer>", re.DOTALL),
)
_OLD_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
_ICON = re.compile(r'<i\b[^>]*\bclass="(fa[srb]? [^"]*)"[^>]*>\s*</i>')
_TABLE = re.compile(r'(<table\s+id="([\w-]+)"[^>]*>)\s*(</table>)')
_DATA = r"\$\('#{table}'\)\.bootstrapTable\([^\[]*columns: (\[.*\]),\s+data: (\[.*\]),\n"


def place_data_docs(built: Path, folder: Path) -> None:
    """Put pages of Data Docs, made to stand alone, in the place of those of an earlier run, whole or not.

    Great Expectations writes them page by page, and goes on with a line in the log where the disk is full.

    Raises:
        StorageError: it could not write all of them where it built them.
    """
    pages = {
        page.relative_to(built): page.read_text(encoding="utf-8", errors="replace")
        for page in sorted(built.rglob("*.html"))
    }
    if Path("index.html") not in pages or not all(_END in text[-200:] for text in pages.values()):
        raise StorageError(
            f"Great Expectations could not write its pages to {built.parent}; expected some free MB there. "
            "Free some space, or name another folder in TMPDIR, and start again."
        )
    with atomic_folder(folder) as whole:
        for name, text in pages.items():
            write_text(whole / name, stand_alone(text))


def stand_alone(text: str) -> str:
    """A page of Data Docs without scripts, foreign addresses and icons."""
    scripts = "\n".join(_SCRIPT.findall(text))
    text = _SCRIPT.sub("", text)
    for unwanted in (_LINK, _IMAGE, _FOOTER, _OLD_STYLE):
        text = unwanted.sub("", text)
    text = _TABLE.sub(lambda table: _filled(table[1], table[2], table[3], scripts), text)
    text = _ICON.sub(_in_words, text)
    return text.replace("</head>", f"{_STYLE}\n</head>", 1)


def _filled(start: str, identity: str, end: str, scripts: str) -> str:
    """A table whose rows a script would have brought, with these rows, or a word of where they are told."""
    found = re.search(_DATA.format(table=re.escape(identity)), scripts)
    try:
        columns, rows = (ast.literal_eval(part) for part in found.groups()) if found else ([], [])
        head = "".join(f"<th>{escape(column['title'])}</th>" for column in columns)
        body = "".join(f"<tr>{_cells(row, [column['field'] for column in columns])}</tr>\n" for row in rows)
    except (ValueError, SyntaxError, KeyError, TypeError):
        head = body = ""
    return f"{start}<thead><tr>{head}</tr></thead><tbody>{body or _ELSEWHERE}</tbody>{end}"


def _cells(row: Mapping[str, str], fields: Sequence[str]) -> str:
    """A row; what a click on it led to is a link on its time, or on all that it has."""
    path, linked = row.get("_table_row_link_path", ""), "run_time" if "run_time" in fields else fields[0]
    return "".join(
        f'<td><a href="{escape(path)}">{row.get(field, "")}</a></td>'
        if field == linked and path
        else f"<td>{row.get(field, '')}</td>"
        for field in fields
    )


def _in_words(icon: re.Match[str]) -> str:
    word = next((word for name, word in _WORDS.items() if name in icon[1]), "")
    return f'<i class="{icon[1]}">{word}</i>' if word else ""
