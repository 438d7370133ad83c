"""Loopback by default; anywhere else with a token and a name."""

from __future__ import annotations

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.page.settings import PageSettings


def test_only_this_machine_by_default():
    settings = PageSettings()
    assert settings.is_loopback
    assert settings.token == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "page.example.org"])
def test_another_address_needs_a_token_and_names(tmp_path, host):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef\n")
    for given in ({}, {"token_file": token}, {"hosts": ("a.example.org",)}):
        with pytest.raises(UsageError, match="can be reached from other machines"):
            PageSettings(host=host, **given)
    settings = PageSettings(host=host, token_file=token, hosts=("a.example.org",))
    assert settings.token == "0123456789abcdef"


def test_a_token_that_can_be_guessed_or_not_read(tmp_path):
    token = tmp_path / "token"
    token.write_text("short")
    with pytest.raises(UsageError, match="5 characters; expected at least 16"):
        _ = PageSettings(token_file=token).token
    with pytest.raises(UsageError, match="cannot be read"):
        _ = PageSettings(token_file=tmp_path).token


@pytest.mark.parametrize(
    "wrong",
    [{"port": 70000}, {"keep_hours": 0.0}, {"max_files": 0}, {"max_studies": 0}, {"max_upload_mb": -1.0}],
)
def test_numbers_that_cannot_be(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        PageSettings(**wrong)


def test_a_byte_order_mark_is_no_part_of_the_token(tmp_path):
    """Editors of Windows write one; nobody could type that token."""
    token = tmp_path / "token"
    token.write_text("0123456789abcdef\n", encoding="utf-8-sig")
    assert (
        PageSettings(host="0.0.0.0", token_file=token, hosts=("a.example.org",)).token == "0123456789abcdef"
    )
