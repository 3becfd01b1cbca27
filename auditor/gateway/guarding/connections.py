"""Connections of clients that are slow, and what is done when there are too many.

uvicorn waits for ever for a request's head, and for a client that takes nothing of its answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from auditor.gateway.guarding.traffic import Traffic

HEAD_S: Final = 15.0
STALLED_S: Final = 30.0
FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n"
    b"Content-Length: 0\r\n\r\n"
)


class Clock:
    """Calls something after a time, unless it is ended before."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None

    @property
    def runs(self) -> bool:
        """Whether it was begun and neither ended nor called."""
        return self._handle is not None

    def begin(self, after_s: float, call: Callable[[], None]) -> None:
        """Anew, if it runs."""
        self.end()

        def due() -> None:
            self._handle = None
            call()

        self._handle = self._loop.call_later(after_s, due)

    def end(self) -> None:
        """May be called at any time."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class BoundedHttp(H11Protocol):
    """uvicorn's, with an end to waiting. most: connections of all kinds.

    A connection beyond that takes the place of the one that has been idle for the longest; where
    none is idle, it is refused. A client whose request's head does not come within HEAD_S, or who
    takes nothing of an answer for STALLED_S, is cut off.
    """

    def __init__(self, *given: Any, most: int, traffic: Traffic, **named: Any) -> None:
        super().__init__(*given, **named)
        self._most, self._traffic = most, traffic
        self._head, self._stall = Clock(self.loop), Clock(self.loop)
        self._waiting_bytes = 0
        self._refused = False
        self._active_at = self.loop.time()

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Makes room, or says that there is none."""
        full = len(self.connections) >= self._most and not self._make_room()
        super().connection_made(transport)
        if full:
            self._refused = True
            self._traffic.crowded += 1
            transport.write(FULL)
            transport.close()
        else:
            self._head.begin(HEAD_S, transport.close)

    def handle_events(self) -> None:
        """Of what has come; the clock runs until a request's head is whole."""
        if self._refused:
            return
        self._active_at = self.loop.time()
        super().handle_events()
        if not (self.is_idle and self.conn.their_state is h11.IDLE):
            self._head.end()
        elif self.conn.trailing_data[0] and not self._head.runs:
            self._head.begin(HEAD_S, self.transport.close)

    def pause_writing(self) -> None:
        """The client takes less than there is."""
        super().pause_writing()
        self._waiting_bytes = self.transport.get_write_buffer_size()
        self._stall.begin(STALLED_S, self._look)

    def resume_writing(self) -> None:
        """It has taken it."""
        self._stall.end()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """No clock outlives its connection."""
        self._head.end()
        self._stall.end()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Slow is allowed, as long as something is taken."""
        waiting = self.transport.get_write_buffer_size()
        if waiting < self._waiting_bytes:
            self._waiting_bytes = waiting
            self._stall.begin(STALLED_S, self._look)
        else:
            self._traffic.stalled += 1
            self.transport.abort()

    def _make_room(self) -> bool:
        idle = [
            each
            for each in self.connections
            if isinstance(each, BoundedHttp) and each.is_idle and not each.transport.is_closing()
        ]
        if not idle:
            return False
        min(idle, key=lambda each: each._active_at).transport.close()
        return True
