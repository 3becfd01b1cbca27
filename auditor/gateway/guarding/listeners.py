"""How many may listen at once, so that there is always room for those who deliver."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from auditor.gateway.guarding.answering import refuse
from auditor.gateway.guarding.traffic import Traffic
from auditor.gateway.refusals import busy

STREAMS: Final = ("/v1/events",)
"""Paths whose answers do not end."""


class Listeners:
    """Counts sockets and streams of events, and turns away those beyond `most` (503)."""

    def __init__(self, app: ASGIApp, *, most: int, traffic: Traffic) -> None:
        self._app, self._most, self._traffic = app, most, traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = _kind(scope)
        if kind is None:
            await self._app(scope, receive, send)
            return
        if sum(self._traffic.listening.values()) >= self._most:
            refusal = busy(f"{self._most} listen already, which is the limit")
            await refuse(refusal, scope, receive, send)
            return
        self._traffic.listening[kind] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._traffic.listening[kind] -= 1


def _kind(scope: Scope) -> str | None:
    if scope["type"] == "websocket":
        return "socket"
    return "sse" if scope["type"] == "http" and scope["path"] in STREAMS else None
