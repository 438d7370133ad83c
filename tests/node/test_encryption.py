"""Certificates are loaded before the port opens; what cannot be is one line."""

from __future__ import annotations

import ssl

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.node import encryption
from cbvsynth.node.settings import NodeSettings
from tests.server.tls_files import make_pair


@pytest.fixture(scope="module")
def pems(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    for name in ("own", "other"):
        make_pair(folder, name)
    return folder


def test_without_certificates_nothing_is_encrypted():
    assert encryption.listening(NodeSettings()) is None
    assert encryption.sending(NodeSettings()) is None


def test_senders_are_asked_for_certificates_where_an_authority_is_given(pems):
    own = {"tls_certificate": pems / "own.pem", "tls_key": pems / "own.key"}
    assert encryption.listening(NodeSettings(**own)).verify_mode is ssl.CERT_NONE
    asked = encryption.listening(NodeSettings(**own, tls_clients=pems / "other.pem"))
    assert asked.verify_mode is ssl.CERT_REQUIRED
    assert asked.minimum_version is ssl.TLSVersion.TLSv1_2


def test_the_pacs_is_held_to_its_name(pems):
    context = encryption.sending(NodeSettings(tls_pacs=pems / "other.pem"))
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("certificate", "key"), [("own.pem", "other.key"), ("none.pem", "own.key"), ("own.key", "own.pem")]
)
def test_a_pair_that_is_none_is_said_without_its_folder(pems, certificate, key):
    settings = NodeSettings(tls_certificate=pems / certificate, tls_key=pems / key)
    with pytest.raises(UsageError, match=f"--tls_certificate '{certificate}'.* cannot be loaded") as refused:
        encryption.listening(settings)
    assert str(pems) not in str(refused.value)


def test_an_authority_that_is_none_is_said(pems):
    with pytest.raises(UsageError, match=r"--tls_pacs 'own\.key' cannot be loaded"):
        encryption.sending(NodeSettings(tls_pacs=pems / "own.key"))
