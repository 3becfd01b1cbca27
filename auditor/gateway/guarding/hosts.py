"""Whose pages may call, and under which names this gateway may be called.

A browser lets any page open a socket to any host, and a page's own host name can be made to lead to
this machine. Where no token is asked for, both would let a stranger's page read along.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from auditor.gateway.guarding.answering import refuse
from auditor.gateway.refusals import Refusal

logger = logging.getLogger("auditor.gateway")
MOST_SAID: Final = 100


def host_of(authority: str) -> str:
    """The host of `host:port`, in small letters; '' of what is none."""
    try:
        return (urlsplit(f"//{authority}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_local(host: str) -> bool:
    """Whether a name can lead nowhere but to this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class Hosts:
    """Refuses sockets of pages that are not listed, and, on loopback, other hosts' names."""

    def __init__(self, app: ASGIApp, *, origins: Iterable[str], loopback: bool) -> None:
        self._app, self._loopback = app, loopback
        self._origins = frozenset(origins)
        self._listed = {host_of(urlsplit(origin).netloc) for origin in self._origins}
        self._said: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            refusal = self._refusal(scope["type"], Headers(scope=scope))
            if refusal is not None:
                await refuse(refusal, scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, kind: str, headers: Headers) -> Refusal | None:
        host = host_of(headers.get("host", ""))
        if self._loopback and not (is_local(host) or host in self._listed):
            self._say(host, "the name")
            return Refusal(421, "this gateway is for its own machine; list the name's origin in "
                                "serve_origins, or let it listen elsewhere")  # fmt: skip
        origin = headers.get("origin")
        if kind == "websocket" and origin is not None and origin not in self._origins:
            page = urlsplit(origin).netloc if origin != "null" else ""
            if not page or page != headers.get("host", ""):
                self._say(origin, "a page of")
                return Refusal(403, "pages of this origin may not listen; list it in serve_origins")
        return None

    def _say(self, who: str, what: str) -> None:
        """Once each, for whoever wonders why a page cannot connect."""
        if who not in self._said and len(self._said) < MOST_SAID:
            self._said.add(who)
            logger.warning("refused %s %r; serve_origins lists who may", what, who[:200])
