"""Whether a client may listen: by the key of its socket, or the token that it joins with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlsplit

from auditor.gateway.callers import Caller
from auditor.gateway.realtime.frames import Version, version_of
from auditor.gateway.refusals import Refusal
from collector.errors import SinkUnavailable

MISSING: Final = "Unauthorized: a token with the scope read is needed to listen here"
AWAY: Final = "DatabaseConnectionIssue: tokens cannot be looked up now; try again"
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class Callers(Protocol):
    """Who knows tokens; callers.py has it."""

    @property
    def reading_needs_token(self) -> bool:
        """False where only this machine's own users can call."""

    async def of(self, token: str | None) -> Caller | None:
        """Raises Refusal (429) and SinkUnavailable."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """key: of the socket; channels that bring no token of their own are judged by it."""

    version: Version
    key: str | None


async def admit(callers: Callers, query: Mapping[str, str], headers: Mapping[str, str]) -> Admitted:
    """Of a handshake. Raises Refusal: 400, 401, 403, 429 or 503."""
    version = version_of(query.get("vsn"))
    if version is None:
        raise Refusal(400, "vsn is 1.0.0 or 2.0.0")
    key = headers.get("x-api-key") or query.get("apikey")
    if not callers.reading_needs_token:
        _check_origin(headers.get("origin"), await _known(callers, key))
        return Admitted(version, key)
    caller = await _known(callers, key, needed=True)
    if caller is None:
        raise Refusal(401, "apikey is no token that is known here")
    if "read" not in caller.scopes:
        raise Refusal(403, f"the token {caller.name} may not read: it lacks the scope read")
    return Admitted(version, key)


async def _known(callers: Callers, key: str | None, needed: bool = False) -> Caller | None:
    """Raises Refusal where it is needed and cannot be told."""
    try:
        return await callers.of(key)
    except SinkUnavailable:
        if needed:
            raise Refusal(503, "the database is away", {"Retry-After": "5"}) from None
    except Refusal:
        if needed:
            raise
    return None


def _check_origin(origin: str | None, caller: Caller | None) -> None:
    """Any page that a browser of this machine shows could open a socket to loopback; only those
    that this machine serves itself, or that have a token, are let in. Raises Refusal (403)."""
    if origin is None or caller is not None:
        return
    try:
        host = urlsplit(origin).hostname
    except ValueError:
        host = None
    if host not in LOOPBACK:
        raise Refusal(403, "a page from elsewhere needs a token as its apikey to listen here")


async def why_not_listen(callers: Callers, tokens: Iterable[str | None], private: bool) -> str:
    """Why none of the tokens opens a channel, in a client's words; '' when one does.

    A private channel needs a token everywhere.
    """
    if not private and not callers.reading_needs_token:
        return ""
    reason = MISSING
    for token in tokens:
        try:
            caller = await callers.of(token)
        except SinkUnavailable:
            return AWAY
        except Refusal as refusal:
            return f"ConnectionRateLimitReached: {refusal.said}"
        if caller is not None and "read" in caller.scopes:
            return ""
    return reason
