"""How often one caller may ask: by his token where it is known, else by his address."""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Final

from cachetools import LRUCache
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from auditor.gateway.bucket import Bucket
from auditor.gateway.callers import Callers
from auditor.gateway.guarding.answering import refuse
from auditor.gateway.refusals import Refusal

AT_ONCE_S: Final = 10
"""So many seconds' worth may come at once."""
MOST_KEPT: Final = 10_000
IPV6_NETWORK: Final = 64
"""Bits of an IPv6 address that are one customer's."""


class Rates:
    """429 with Retry-After for what is too much. per_s: requests, and handshakes of sockets."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        callers: Callers,
        per_s: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app, self._callers, self._per_s, self._clock = app, callers, per_s, clock
        self._buckets: LRUCache[str | bytes, Bucket] = LRUCache(MOST_KEPT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and (wait_s := self._wait_s(scope)):
            said = f"more than {self._per_s} requests a second; come again later"
            refusal = Refusal(429, said, {"Retry-After": f"{ceil(wait_s)}"})
            await refuse(refusal, scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _wait_s(self, scope: Scope) -> float:
        now_s = self._clock()
        key = self._key(scope)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(self._per_s, AT_ONCE_S * self._per_s, now_s)
        return bucket.take(now_s)

    def _key(self, scope: Scope) -> str | bytes:
        headers = Headers(scope=scope)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        for given in (token.strip() if scheme.lower() == "bearer" else "", headers.get("apikey")):
            known = self._callers.remembered(given)
            if known is not None:
                return known
        return network_of((scope.get("client") or ("", 0))[0])


def network_of(address: str) -> str:
    """Of an IPv6 address its /64: who has one address there has them all."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{int(found) >> (128 - IPV6_NETWORK):x}"
