"""Who calls, and what he may: tokens of the settings and of the table, and nobody's on loopback.

A token comes as `Authorization: Bearer`, as the header `apikey`, or both: the stock clients send
both. Of a socket the query `apikey` is one, which whoever answers sockets gives to `Callers.of`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Final

from cachetools import LRUCache, TTLCache
from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from auditor.gateway.bucket import Bucket
from auditor.gateway.refusals import Refusal
from auditor.gateway.storing import storing
from auditor.gateway.token_table import TokenTable
from auditor.tokens import MAY, Scope, digest, is_among
from collector.errors import SinkUnavailable

FRESH_S: Final = 3.0
"""So long after a token was revoked it may still be taken."""
AWAY_S: Final = 1.0
"""So long nobody asks again after the database did not answer."""
MOST_KEPT: Final = 1024
LONGEST_TOKEN: Final = 4096
GUESSES_A_SECOND: Final = 20.0
GUESSES_AT_ONCE: Final = 50.0


@dataclass(frozen=True, slots=True)
class Caller:
    """name: the token's, which signs what he acknowledges. digest: SHA-256 of his token, if any."""

    name: str
    scopes: frozenset[Scope]
    digest: bytes | None


ANYONE: Final = Caller("anyone", frozenset({"read"}), None)
"""Whoever calls without a token where none is needed."""


class Callers:
    """Knows tokens. For one event loop.

    settled: SHA-256 of each token of the settings; those may deliver.
    reading_needs_token: whether others than this machine's own users can reach the gateway.
    clock: seconds that never go back.
    """

    def __init__(
        self,
        settled: Iterable[bytes],
        table: TokenTable,
        *,
        reading_needs_token: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.reading_needs_token = reading_needs_token
        self._settled, self._table, self._clock = tuple(settled), table, clock
        self._known: TTLCache[bytes, Caller] = TTLCache(MOST_KEPT, FRESH_S, clock)
        self._unknown: TTLCache[bytes, bool] = TTLCache(MOST_KEPT, FRESH_S, clock)
        self._were_known: LRUCache[bytes, bool] = LRUCache(MOST_KEPT)
        self._guesses = Bucket(GUESSES_A_SECOND, GUESSES_AT_ONCE, clock())
        self._away: tuple[float, str] | None = None
        self._asking = asyncio.Lock()

    async def of(self, token: str | None) -> Caller | None:
        """Whose token it is; None for none, and for one that is unknown or revoked.

        Raises SinkUnavailable when the table cannot be asked (which answers 503, or 409 where the
        schema is older), Refusal (429) when too many unknown ones come.
        """
        if not token or len(token) > LONGEST_TOKEN:
            return None
        given = digest(token)
        if is_among(given, self._settled):
            return Caller("settings", frozenset({"ingest"}), given)
        if (caller := self._known.get(given)) is not None or given in self._unknown:
            return caller
        async with self._asking:  # those who waited for the same token find it here
            if (caller := self._known.get(given)) is not None or given in self._unknown:
                return caller
            return await self._ask(given)

    def remembered(self, token: str | None) -> bytes | None:
        """The digest of a token that was known when it last came; asks nobody."""
        if not token or len(token) > LONGEST_TOKEN:
            return None
        given = digest(token)
        known = given in self._were_known or is_among(given, self._settled)
        return given if known else None

    async def _ask(self, given: bytes) -> Caller | None:
        now_s = self._clock()
        if self._away is not None and now_s < self._away[0]:
            raise SinkUnavailable(self._away[1])
        if given not in self._were_known and (wait_s := self._guesses.take(now_s)):
            said = "too many tokens that are not known come at once"
            raise Refusal(429, said, {"Retry-After": f"{1 + int(wait_s)}"})
        try:
            row = await storing(self._table.find, given)
        except SinkUnavailable as error:
            self._away = (self._clock() + AWAY_S, str(error))
            raise
        if row is None:
            self._were_known.pop(given, None)
            self._unknown[given] = True
            return None
        self._were_known[given] = True
        self._known[given] = caller = Caller(row[0], row[1], given)
        return caller

    def close(self) -> None:
        """Ends the connection to the table."""
        self._table.close()


# What a route asks for -----------------------------------------------------------------------

_bearer = HTTPBearer(auto_error=False, description="a token of `cache-auditor token create`")
_apikey = APIKeyHeader(
    name="apikey", auto_error=False, description="the same, as Supabase's clients send it"
)


async def _given(
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    apikey: Annotated[str | None, Security(_apikey)],
) -> tuple[str, ...]:
    """The tokens of a request, the bearer's first."""
    first = bearer.credentials.strip() if bearer is not None else None
    return tuple(dict.fromkeys(token for token in (first, apikey) if token))


Given = Annotated[tuple[str, ...], Depends(_given)]
# those of one scope tell it in the API's document


async def may_read(
    request: Request, given: Annotated[tuple[str, ...], Security(_given, scopes=["read"])]
) -> Caller:
    """Who reads; anyone on loopback. Raises Refusal (401, 403)."""
    callers = _callers(request)
    return await _with(callers, given, "read") if callers.reading_needs_token else ANYONE


async def may_acknowledge(
    request: Request, given: Annotated[tuple[str, ...], Security(_given, scopes=["ack"])]
) -> Caller:
    """Who acknowledges, on every address. Raises Refusal (401, 403)."""
    return await _with(_callers(request), given, "ack")


async def may_deliver(
    request: Request, given: Annotated[tuple[str, ...], Security(_given, scopes=["ingest"])]
) -> Caller:
    """Who delivers, on every address. Raises Refusal (401, 403)."""
    return await _with(_callers(request), given, "ingest")


def _callers(request: Request) -> Callers:
    callers: Callers = request.app.state.gate.callers
    return callers


async def _with(callers: Callers, given: tuple[str, ...], scope: Scope) -> Caller:
    known = [caller for token in given if (caller := await callers.of(token)) is not None]
    for caller in known:
        if scope in caller.scopes:
            return caller
    advice = f"`cache-auditor token create NAME --scope {scope}` makes one"
    if known:
        said = f"the token {known[0].name} may not {MAY[scope]}: it lacks the scope {scope}"
        raise Refusal(403, said, advice=advice)
    said = f"no token that may {MAY[scope]}: send Authorization: Bearer and a token"
    raise Refusal(401, said, {"WWW-Authenticate": "Bearer"}, advice=advice)
