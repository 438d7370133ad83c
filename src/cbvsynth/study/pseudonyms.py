"""Keyed hashes in the place of folder names that may be patients' names.

The same key gives the same pseudonyms; without the key nobody can find a name by hashing guesses.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from cbvsynth.errors import ManifestError

KEY_VARIABLE = "CBVSYNTH_PSEUDONYM_KEY"
KEY_FILE = ".pseudonym-key"
SHORTEST_KEY = 16
"""Characters; 16 hexadecimal digits are 64 bits, too many to guess. Our choice."""


def load_key(root: Path) -> bytes:
    """The key of a study, 32 bytes: from the environment, or else from a file in the data root.

    Raises:
        ManifestError: there is neither, or the key is too short to keep a secret.
    """
    text = os.environ.get(KEY_VARIABLE, "")
    if not text:
        try:
            text = (root / KEY_FILE).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise ManifestError(
                "This study's folder names may be patients' names, so its examinations are called by keyed "
                f"hashes, and there is no key. Expected the variable {KEY_VARIABLE} or a file {KEY_FILE} in "
                "the data root. Make one, once, and keep it with the data:\n"
                f"  python -c 'import secrets; print(secrets.token_hex(32))' > DATA_ROOT/{KEY_FILE}"
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise ManifestError(
                f"{KEY_FILE} in the data root cannot be read as text; make it again or set {KEY_VARIABLE}."
            ) from error
    text = text.strip()
    if len(text) < SHORTEST_KEY:
        raise ManifestError(
            f"The pseudonym key has {len(text)} characters; expected {SHORTEST_KEY} or more, as made by\n"
            "  python -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return hashlib.blake2s(text.encode()).digest()


def pseudonym(key: bytes, *parts: str) -> str:
    """12 hexadecimal digits for one or more names; 48 bits, so that a million names hardly collide."""
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return hashlib.blake2s(message, key=key, digest_size=6).hexdigest()
