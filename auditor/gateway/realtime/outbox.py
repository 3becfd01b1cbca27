"""What waits to be sent to one client, within bounds; who does not take it is cut off."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from auditor.gateway.realtime.frames import Version
from auditor.gateway.realtime.limits import QUEUED_BYTES, QUEUED_FRAMES, STUCK_S
from auditor.gateway.realtime.transport import ABORT

CLOSING_S: Final = 5.0
GONE: Final = (WebSocketDisconnect, RuntimeError)
"""What sending to a socket that is closed raises."""


class SocketOutbox:
    """Of one socket. version: its serialiser. on_dropped: told when its client is cut off.

    dropped: it was, because it did not read.
    """

    def __init__(
        self,
        websocket: WebSocket,
        version: Version,
        clock: Callable[[], float],
        on_dropped: Callable[[], None],
    ) -> None:
        self.version: Version = version
        self.dropped = False
        self._websocket, self._clock, self._on_dropped = websocket, clock, on_dropped
        self._waiting: deque[str | bytes] = deque()
        self._bytes = 0
        self._there = asyncio.Event()
        self._sending_since: float | None = None
        self._closing: asyncio.Task[None] | None = None
        self._task: asyncio.Task[Any] | None = None

    def offer(self, frame: str | bytes, first: bool = False) -> None:
        """Never waits; too much of it cuts the client off. first: ahead of all that waits."""
        if self.dropped:
            return
        if first:
            self._waiting.appendleft(frame)
        else:
            self._waiting.append(frame)
        self._bytes += len(frame)
        self._there.set()
        if len(self._waiting) > QUEUED_FRAMES or self._bytes > QUEUED_BYTES:
            self.drop()

    def drop(self) -> None:
        """At once; what waits is thrown away."""
        if self.dropped:
            return
        self.dropped = True
        self._waiting.clear()
        self._bytes = 0
        self._on_dropped()
        self._abort()

    async def write(self) -> None:
        """Sends what waits, until the socket is closed."""
        with suppress(*GONE):
            while True:
                while not self._waiting:
                    self._there.clear()
                    await self._there.wait()
                frame = self._waiting.popleft()
                self._bytes -= len(frame)
                self._sending_since = self._clock()
                if isinstance(frame, str):
                    await self._websocket.send_text(frame)
                else:
                    await self._websocket.send_bytes(frame)
                self._sending_since = None

    def is_stuck(self, now_s: float) -> bool:
        """Whether the client has taken nothing for STUCK_S while something was sent."""
        return self._sending_since is not None and now_s - self._sending_since > STUCK_S

    def close(self, code: int) -> None:
        """Soon, and behind what is being sent; a client that does not take it is cut off."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(code))

    async def _close(self, code: int) -> None:
        with suppress(*GONE):
            try:
                async with asyncio.timeout(CLOSING_S):
                    await self._websocket.close(code)
                    await asyncio.sleep(CLOSING_S)  # the client's turn to close
            except TimeoutError:
                self._abort()

    def _abort(self) -> None:
        extension = self._websocket.scope.get("extensions", {}).get(ABORT)
        if extension is not None:
            extension["call"]()
        elif self._task is not None:  # another server: it closes when the application ends
            self._task.cancel()

    def of_task(self, task: asyncio.Task[Any] | None) -> None:
        """The task that reads the socket."""
        self._task = task
