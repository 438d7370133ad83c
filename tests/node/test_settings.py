"""What the flags must be, said before anything is opened."""

from __future__ import annotations

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.node.settings import NodeSettings, Peer

GIVEN = {"pacs": "PACS@pacs.example.org:104", "allowed": ("PACS",)}


@pytest.mark.parametrize(
    ("text", "peer"),
    [
        ("PACS@pacs.example.org:104", Peer("PACS", "pacs.example.org", 104)),
        ("MY PACS@10.0.0.1:11112", Peer("MY PACS", "10.0.0.1", 11112)),
        ("PACS@[fd00::1]:104", Peer("PACS", "fd00::1", 104)),
    ],
)
def test_where_maps_go(text, peer):
    assert NodeSettings(pacs=text, allowed=("A",)).peer() == peer


@pytest.mark.parametrize(
    "text", ["PACS", "PACS@host", "@host:104", "PACS@host:0", "PACS@host:65536", "PACS@host:x"]
)
def test_another_form_is_refused(text):
    with pytest.raises(UsageError, match=r"expected where maps are sent, as in PACS@pacs\.example\.org:104"):
        NodeSettings(pacs=text, allowed=("A",)).peer()


def test_titles_may_be_words_or_one_text_with_commas():
    assert NodeSettings(allowed=("A", "B,C , D")).titles == ("A", "B", "C", "D")


@pytest.mark.parametrize("title", ["X" * 17, "A\\B", "Ä", "A\nB", ""])
def test_what_is_no_title_is_refused(title):
    with pytest.raises(UsageError, match="expected an AE title"):
        NodeSettings(ae_title=title)
    assert NodeSettings(ae_title="X" * 16).ae_title == "X" * 16


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pacs": ""}, "There is no --pacs"),
        ({"allowed": ()}, "There is no --allowed"),
        ({"send": ()}, "--send is empty"),
        ({"tls_certificate": "a.pem"}, "go together"),
        ({"tls_clients": "a.pem"}, "--tls_clients needs"),
    ],
)
def test_what_is_missing_is_said(changes, message):
    with pytest.raises(UsageError, match=message):
        NodeSettings(**(GIVEN | changes)).peer()


@pytest.mark.parametrize(
    "changes",
    [{"port": 65536}, {"quiet_s": 0}, {"max_disk_gb": 0}, {"keep_hours": -1}, {"retry_s": float("nan")}],
)
def test_numbers_have_limits(changes):
    with pytest.raises(UsageError):
        NodeSettings(**changes)
