"""Folder names that may be patients' names become keyed hashes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.domain.options import Layout
from cbvsynth.errors import ManifestError
from cbvsynth.study.manifest import scan_study
from cbvsynth.study.pseudonyms import pseudonym
from tests.study.study_trees import KEY, build


def test_pseudonyms_depend_on_the_key_and_on_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, Layout.AUTHORS)
    from_file = scan_study(tmp_path).examinations
    assert scan_study(tmp_path).examinations == from_file
    monkeypatch.setenv("CBVSYNTH_PSEUDONYM_KEY", "another key, just as long")
    from_environment = scan_study(tmp_path).examinations
    assert not {one.subject_id for one in from_file} & {one.subject_id for one in from_environment}
    (tmp_path / ".pseudonym-key").unlink()
    assert scan_study(tmp_path).examinations == from_environment
    monkeypatch.setenv("CBVSYNTH_PSEUDONYM_KEY", KEY)
    assert scan_study(tmp_path).examinations == from_file


def test_pseudonyms_separate_their_parts() -> None:
    key = bytes(32)
    assert pseudonym(key, "ab", "c") != pseudonym(key, "a", "bc")
    assert pseudonym(key, "ab") == pseudonym(key, "ab") != pseudonym(key, "ba")


def test_without_a_usable_key_the_message_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CBVSYNTH_PSEUDONYM_KEY", raising=False)
    key = build(tmp_path, Layout.AUTHORS) / ".pseudonym-key"
    key.unlink()
    with pytest.raises(ManifestError, match=r"secrets\.token_hex") as caught:
        scan_study(tmp_path)
    assert "MUELLER" not in str(caught.value)
    key.write_text("short", encoding="utf-8")
    with pytest.raises(ManifestError, match="has 5 characters; expected 16 or more"):
        scan_study(tmp_path)
    key.write_bytes(b"\xff\xfe" * 20)
    with pytest.raises(ManifestError, match="cannot be read as text"):
        scan_study(tmp_path)
