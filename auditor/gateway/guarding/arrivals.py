"""Bounds on what comes as a body, for every route that does not read its own."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST: Final = 2**20
LONGEST_S: Final = 30.0
LARGER: Final = ("/v1/batches", "/v1/beats", "/functions/v1/cache-metrics-aggregator")
"""Paths whose routes read their bodies by `read_body`, within bounds of their own."""


class Arrivals:
    """413 for a body beyond LARGEST bytes, 408 for one that does not come within LONGEST_S."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in LARGER:
            await self._app(scope, receive, send)
        else:
            await self._app(scope, _bounded(Headers(scope=scope), receive), send)


def _bounded(headers: Headers, receive: Receive) -> Receive:
    announced = headers.get("content-length", "")
    too_large = announced.isdecimal() and int(announced) > LARGEST
    arrived, whole = 0, False
    until_s = asyncio.get_running_loop().time() + LONGEST_S

    async def bounded() -> Message:
        nonlocal arrived, whole
        if whole:  # what comes now is only that the client went away
            return await receive()
        if too_large:
            raise _refused(413, f"the body is larger than {LARGEST} bytes")
        try:
            async with asyncio.timeout_at(until_s):
                message = await receive()
        except TimeoutError:
            raise _refused(408, f"the body did not come within {LONGEST_S:.0f} s") from None
        arrived += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if arrived > LARGEST:
            raise _refused(413, f"the body is larger than {LARGEST} bytes")
        return message

    return bounded


def _refused(status: int, said: str) -> HTTPException:
    """FastAPI passes these on out of its own reading; of others it makes a 400."""
    return HTTPException(status, said, {"Connection": "close"})
