"""Tokens: what one looks like, what it may do, its hash, compared in a time that tells nothing."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, Literal

Scope = Literal["ingest", "ack", "read"]
MAY: Final[dict[Scope, str]] = {"ingest": "deliver", "ack": "acknowledge", "read": "read"}
"""What a token with a scope may do."""
HASHED: Final = re.compile(r"sha256:([0-9a-f]{64})\Z")
SHORTEST: Final = 16
PLAIN: Final = re.compile(rf"[!-~]{{{SHORTEST},512}}\Z")


def digest(token: str) -> bytes:
    """SHA-256 of a token. Tokens are long and drawn, so that a slow hash would gain nothing."""
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


def token_digest(written: str) -> bytes:
    """Of a token as settings have it: itself, or sha256: and its hash in hex.

    Raises ValueError, whose text does not show it, when it is too short or no token at all.
    """
    if hashed := HASHED.match(written):
        return bytes.fromhex(hashed[1])
    if not PLAIN.match(written) or written.startswith("sha256:"):
        raise ValueError(
            f"a token has {SHORTEST} to 512 printable characters without a space, or is sha256: "
            "and 64 hex digits"
        )
    return digest(written)


def is_among(given: bytes, digests: Iterable[bytes]) -> bool:
    """Whether a digest is one of these. All are compared, whichever it is."""
    found = [hmac.compare_digest(given, each) for each in digests]
    return any(found)
