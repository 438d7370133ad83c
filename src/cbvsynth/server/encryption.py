"""TLS of the gRPC port, from a text file; what does not belong together is found before a port opens."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import grpc

from cbvsynth.errors import UsageError
from cbvsynth.server.configuration import parse_text
from cbvsynth.server.configuration_messages import SSLConfig


@dataclass(frozen=True)
class Encryption:
    """Credentials of the gRPC port, and whether clients must show certificates of their own."""

    credentials: grpc.ServerCredentials
    asks_clients: bool


def read_encryption(path: Path) -> Encryption:
    """TLS of the gRPC port, from a text file with the PEMs inline.

    Raises:
        UsageError: the key or a certificate is missing, cannot be loaded, or is not the other one's, or
            client_verify is set without custom_ca.
    """
    config = parse_text(path, SSLConfig())
    if "PRIVATE KEY" not in config.server_key or "CERTIFICATE" not in config.server_cert:
        raise UsageError(f"{path}: expected server_key and server_cert with PEM text inside.")
    if config.client_verify and not config.custom_ca:
        raise UsageError(
            f"{path}: client_verify is true without custom_ca; expected the PEM text of the authority "
            "that signs the clients' certificates."
        )
    _require_pair(config, path.name)
    credentials = grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify,
    )
    return Encryption(credentials, asks_clients=bool(config.client_verify))


def _require_pair(config: Any, name: str) -> None:  # noqa: ANN401  a class made at run time
    """Load key and certificates as a TLS server would; gRPC itself says nothing until a client comes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Only a file can be loaded; it is ours alone to read, and gone at once.
        with NamedTemporaryFile(suffix=".pem") as pair:
            pair.write(f"{config.server_key}\n{config.server_cert}\n".encode())
            pair.flush()
            context.load_cert_chain(pair.name, password=lambda: b"")
    except (ssl.SSLError, ValueError) as error:
        raise UsageError(
            f"{name}: server_key and server_cert cannot be used together ({_short(error)}); expected a key "
            "without a password and the certificate that was made for it."
        ) from error
    if config.custom_ca:
        try:
            context.load_verify_locations(cadata=config.custom_ca)
        except (ssl.SSLError, ValueError) as error:
            raise UsageError(
                f"{name}: custom_ca cannot be loaded ({_short(error)}); expected certificates as PEM text."
            ) from error


def _short(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error)
