"""Tokens: what one looks like, what it may do, its hash, compared in a time that tells nothing."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, Literal

Scope = Literal["ingest", "ack", "read"]
SCOPES: Final[tuple[Scope, ...]] = ("ingest", "ack", "read")
MAY: Final[dict[Scope, str]] = {"ingest": "deliver", "ack": "acknowledge", "read": "read"}
"""What a token with a scope may do."""
HASHED: Final = re.compile(r"sha256:([0-9a-f]{64})\Z")
SHORTEST: Final = 16
PLAIN: Final = re.compile(rf"[!-~]{{{SHORTEST},512}}\Z")
LONGEST_NAME: Final = 64
NOBODYS: Final = ("settings", "anyone")
"""The gateway's own words for whoever has no row in the table."""


def digest(token: str) -> bytes:
    """SHA-256 of a token. Tokens are long and drawn, so that a slow hash would gain nothing."""
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


def draw_token() -> str:
    """A new one, of 256 random bits; its first letters say what it is, wherever it is found."""
    return f"ca_{secrets.token_urlsafe(32)}"


def check_token(token: str) -> str:
    """The token. Raises ValueError, whose text does not show it, when it cannot be one."""
    if not PLAIN.match(token) or token.startswith("sha256:"):
        raise ValueError(f"a token has {SHORTEST} to 512 printable characters without a space")
    return token


def check_name(name: str) -> str:
    """The name. Raises ValueError when it cannot be that of a token."""
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise ValueError(
            f"a name has 1 to {LONGEST_NAME} printable characters, none at its ends a space"
        )
    if name in NOBODYS:
        raise ValueError(f"{name!r} is not free: the gateway means another by it")
    return name


def token_digest(written: str) -> bytes:
    """Of a token as settings have it: itself, or sha256: and its hash in hex.

    Raises ValueError, whose text does not show it, when it is too short or no token at all.
    """
    if hashed := HASHED.match(written):
        return bytes.fromhex(hashed[1])
    try:
        return digest(check_token(written))
    except ValueError as fault:
        raise ValueError(f"{fault}, or is sha256: and 64 hex digits") from None


def is_among(given: bytes, digests: Iterable[bytes]) -> bool:
    """Whether a digest is one of these. All are compared, whichever it is."""
    found = [hmac.compare_digest(given, each) for each in digests]
    return any(found)
