"""TLS of the node: its certificate, and whom it believes."""

from __future__ import annotations

import ssl
from pathlib import Path

from cbvsynth.errors import UsageError
from cbvsynth.node.settings import NodeSettings


def listening(settings: NodeSettings) -> ssl.SSLContext | None:
    """What connections of senders are encrypted with; None where they are not.

    Raises:
        UsageError: a file cannot be loaded.
    """
    if settings.tls_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _show(context, settings)
    if settings.tls_clients is not None:
        _believe(context, "tls_clients", settings.tls_clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def sending(settings: NodeSettings) -> ssl.SSLContext | None:
    """What the connection to the PACS is encrypted with; None where it is not.

    Raises:
        UsageError: a file cannot be loaded.
    """
    if settings.tls_pacs is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and host name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _believe(context, "tls_pacs", settings.tls_pacs)
    if settings.tls_certificate is not None:
        _show(context, settings)
    return context


def _show(context: ssl.SSLContext, settings: NodeSettings) -> None:
    assert settings.tls_certificate is not None
    assert settings.tls_key is not None
    try:
        # A key with a password would be asked for at the terminal.
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password="")
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--tls_certificate '{settings.tls_certificate.name}' with --tls_key '{settings.tls_key.name}' "
            f"cannot be loaded ({_short(error)}); expected PEM files of a certificate and of its key "
            "without a password."
        ) from error


def _believe(context: ssl.SSLContext, flag: str, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--{flag} '{path.name}' cannot be loaded ({_short(error)}); expected certificates as PEM text."
        ) from error


def _short(error: OSError | ValueError) -> str:
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
