"""What every answer says to browsers, unless its route says otherwise; and what was answered."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auditor.gateway.guarding.traffic import Traffic

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SAFE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class SafeHeaders:
    """Adds SAFE, and counts answers by method, route and status."""

    def __init__(self, app: ASGIApp, *, traffic: Traffic) -> None:
        self._app, self._traffic = app, traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, text in SAFE.items():
                    headers.setdefault(name, text)
                route = getattr(scope.get("route"), "path", "")
                method = scope["method"] if scope["method"] in METHODS else "other"
                self._traffic.requests[method, route, message["status"]] += 1
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)
