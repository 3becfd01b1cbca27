"""Settings of the gateway: what each may be."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from auditor.tokens import token_digest

ORIGIN: Final = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]{1,255})(:[0-9]{1,5})?")


def _tokens(given: object) -> object:
    """Each of a list, or of a text with commas between them. Raises ValueError without showing."""
    if isinstance(given, str):
        given = [token for part in given.split(",") if (token := part.strip())]
    if not isinstance(given, list | tuple):
        raise ValueError("is no list of tokens")
    for token in given:
        token_digest(token.get_secret_value() if isinstance(token, SecretStr) else str(token))
    return tuple(given)


def _origins(given: object) -> object:
    """Each of a list, or of a text with commas between them; none is a wildcard."""
    if isinstance(given, str):
        given = [origin for part in given.split(",") if (origin := part.strip())]
    if not isinstance(given, list | tuple) or not all(
        isinstance(origin, str) and ORIGIN.fullmatch(origin) for origin in given
    ):
        raise ValueError("is no list of origins")
    return tuple(origin.lower() for origin in given)


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine's own users can reach what listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _allowed(text: str) -> Any:
    """What a setting may be, in words, for the error that says it is not."""
    return Field(json_schema_extra={"allowed": text})


def _whole(least: int, most: int, unit: str) -> Any:
    said = f"a number from {least} to {most} ({unit})"
    return Field(ge=least, le=most, json_schema_extra={"allowed": said})


Host = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_.:-]{1,255}$",
        json_schema_extra={"allowed": "a host name or an address"},
    ),
]
Port = Annotated[int, _whole(0, 65_535, "a port; 0: a free one")]
Mebibytes = Annotated[int, _whole(1, 256, "MiB")]
IngestTokens = Annotated[
    tuple[SecretStr, ...],
    NoDecode,
    BeforeValidator(_tokens),
    _allowed(
        "tokens of 16 or more printable characters, or sha256: and the 64 hex digits of one; a "
        "list in the settings file, in the environment with commas between them"
    ),
]
Origins = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(_origins),
    _allowed(
        "origins such as https://wall.example or http://localhost:3000, never *; a list in the "
        "settings file, in the environment with commas between them"
    ),
]
PerSecond = Annotated[int, _whole(0, 100_000, "a second; 0: no limit")]
Connections = Annotated[int, _whole(10, 60_000, "at once")]
