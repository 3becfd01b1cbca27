"""Whether a client may listen: by the key of its socket, or the token that it joins with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from auditor.gateway.callers import Caller
from auditor.gateway.realtime.frames import Version, version_of
from auditor.gateway.refusals import Refusal, busy
from collector.errors import SinkUnavailable

MISSING: Final = "Unauthorized: a token with the scope read is needed to listen here"
AWAY: Final = "DatabaseConnectionIssue: tokens cannot be looked up now; try again"


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
    """Of a handshake. Raises Refusal: 400, 401, 403, 429 or 503.

    Whose pages may listen, and how many at once, is decided before (guarding/).
    """
    version = version_of(query.get("vsn"))
    if version is None:
        raise Refusal(400, "vsn is 1.0.0 or 2.0.0")
    key = headers.get("x-api-key") or query.get("apikey")
    if not callers.reading_needs_token:
        return Admitted(version, key)
    try:
        caller = await callers.of(key)
    except SinkUnavailable:
        raise busy("the database is away") from None
    if caller is None:
        raise Refusal(401, "apikey is no token that is known here")
    if "read" not in caller.scopes:
        raise Refusal(403, f"the token {caller.name} may not read: it lacks the scope read")
    return Admitted(version, key)


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
