"""TLS: what does not belong together is found before a port opens."""

from __future__ import annotations

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.server.encryption import read_encryption
from tests.server.tls_files import make_pair, ssl_text

PEMS = 'server_key: "-----BEGIN PRIVATE KEY-----" server_cert: "-----BEGIN CERTIFICATE-----"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected server_key and server_cert"),
        ('server_key: "x" server_cert: "y"', "expected server_key and server_cert"),
        (PEMS + " client_verify: true", "client_verify is true without custom_ca"),
        (PEMS, "server_key and server_cert cannot be used together"),
        ("colour: 3", "cannot be read as SSLConfig"),
    ],
)
def test_tls_needs_a_key_a_certificate_and_a_ca_to_verify_clients(tmp_path, text, message):
    (tmp_path / "ssl.config").write_text(text)
    with pytest.raises(UsageError, match=message):
        read_encryption(tmp_path / "ssl.config")


@pytest.fixture(scope="module")
def pems(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    for name in ("own", "other"):
        make_pair(folder, name)
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_pair_is_taken_and_says_whether_clients_are_asked(tmp_path, pems):
    path = tmp_path / "ssl.config"
    own = {"server_key": pems["own.key"], "server_cert": pems["own.pem"]}
    path.write_text(ssl_text(**own))
    assert not read_encryption(path).asks_clients
    path.write_text(ssl_text(**own, custom_ca=pems["own.pem"], verify=True))
    assert read_encryption(path).asks_clients


def test_a_key_of_another_certificate_is_found(tmp_path, pems):
    """The port opened, and every handshake failed."""
    path = tmp_path / "ssl.config"
    path.write_text(ssl_text(server_key=pems["own.key"], server_cert=pems["other.pem"]))
    with pytest.raises(UsageError, match=r"cannot be used together \(KEY_VALUES_MISMATCH\)"):
        read_encryption(path)


def test_an_authority_that_is_none_is_found(tmp_path, pems):
    path = tmp_path / "ssl.config"
    own = {"server_key": pems["own.key"], "server_cert": pems["own.pem"]}
    path.write_text(ssl_text(**own, custom_ca="-----BEGIN CERTIFICATE-----", verify=True))
    with pytest.raises(UsageError, match="custom_ca cannot be loaded"):
        read_encryption(path)
