"""uvicorn's WebSocket, of which the application may let go at once.

A close is written behind what waits; a client that does not read would hold its socket for ever.
"""

from __future__ import annotations

from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.http11 import Request

ABORT: Final = "cache_auditor.abort"
"""The ASGI extension; its "call" closes the connection, and what waits is thrown away."""


class AbortableSocket(WebSocketsSansIOProtocol):
    """As uvicorn's, with the extension ABORT in the scope."""

    def handle_connect(self, event: Request) -> None:
        """The application starts later, when the scope is complete."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["extensions"][ABORT] = {"call": self.transport.abort}

    def shutdown(self) -> None:
        """As uvicorn's, also where the client has just begun to close: 1012 for all the others."""
        try:
            super().shutdown()
        except InvalidState:
            self.transport.close()
