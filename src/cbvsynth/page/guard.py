"""Who may ask for what: hosts, origins, sessions and the token; and what browsers are told to forbid."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

COOKIE = "cbvsynth_page"
ASKED_BY = "x-cbvsynth"
"""A header that no form of another site can send: a browser asks us first, and we never answer that."""
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self' data:; worker-src 'self' blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_SESSION_BYTES = 16
_READING = ("GET", "HEAD")


@dataclass(frozen=True)
class Guard:
    """The rules for every request.

    key: signs sessions, so that only those that were given out here count.
    token: what a visitor must know; empty where nothing is asked.
    hosts: names of this page.
    """

    key: bytes
    token: str
    hosts: tuple[str, ...]
    secure: bool

    def refusal(self, request: Request) -> str:
        """Why a request is refused, a sentence; empty where it is not."""
        host = request.headers.get("host", "")
        if _name(host) not in (self.hosts or _LOOPBACK):
            return "The request names another host than this page's. Use the address that it was given."
        if request.method in _READING:
            return ""
        origin = request.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            return "The request comes from another page. Open this page itself."
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return "The request comes from another site. Open this page itself."
        if ASKED_BY not in request.headers:
            return "The request does not come from the page's own script. Open this page itself."
        return ""

    def owner(self, request: Request) -> str:
        """Digest of the session of a request; empty where it has none, or one that is not ours."""
        session, _, signature = request.cookies.get(COOKIE, "").partition(".")
        if not session or not hmac.compare_digest(signature.encode(), self._sign(session).encode()):
            return ""
        return hashlib.sha256(session.encode()).hexdigest()

    def new_session(self) -> str:
        """A cookie's value for a new visitor."""
        session = secrets.token_hex(_SESSION_BYTES)
        return f"{session}.{self._sign(session)}"

    def knows_token(self, given: str) -> bool:
        """Whether somebody knows the token, in a time that tells nothing."""
        # JSON may hold halves of characters, which UTF-8 does not.
        return hmac.compare_digest(given.encode(errors="surrogatepass"), self.token.encode())

    def _sign(self, session: str) -> str:
        # With the token in it: another token ends every session.
        return hmac.new(self.key + self.token.encode(), session.encode(), "sha256").hexdigest()


def read_key(folder: Path) -> bytes:
    """The key of a page's folder, made when it is first asked for; sessions outlive a restart by it."""
    path = folder / "session.key"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as target:
        target.write(key := secrets.token_bytes(32))
    return key


def _name(host: str) -> str:
    return host if host.endswith("]") else host.rpartition(":")[0] or host
