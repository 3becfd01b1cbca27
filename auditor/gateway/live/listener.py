"""One listener's queue: bounded, so that one who does not read costs a fixed amount of memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from auditor.gateway.live.messages import Message


class Listener:
    """Messages in their order, for one task: `async for message in listener`.

    Ends when it is closed, and when it was offered more than `capacity` messages that nobody took:
    then `overflowed` is true, and what waited is gone. Only for the event loop's own thread.
    """

    def __init__(
        self, capacity: int, rows: bool, on_end: Callable[[Listener], None] = lambda _: None
    ) -> None:
        self.rows = rows
        self.overflowed = False
        self._capacity = capacity
        self._on_end = on_end
        self._waiting: deque[Message] = deque()
        self._there = asyncio.Event()
        self._ended = False

    def offer(self, message: Message) -> None:
        """For the hub: never waits."""
        if self._ended:
            return
        if len(self._waiting) >= self._capacity:
            self.overflowed = True
            self._waiting.clear()
            self.close()
            return
        self._waiting.append(message)
        self._there.set()

    def close(self) -> None:
        """The iteration ends after what waits. May be called again."""
        if not self._ended:
            self._ended = True
            self._there.set()
            self._on_end(self)

    def __aiter__(self) -> Listener:
        return self

    async def __anext__(self) -> Message:
        while not self._waiting:
            if self._ended:
                raise StopAsyncIteration
            self._there.clear()
            await self._there.wait()
        return self._waiting.popleft()

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
