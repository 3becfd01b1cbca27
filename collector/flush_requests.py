"""Who waits for a flush, from any thread, until what waited when they asked is safe."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from threading import Event


class FlushRequests:
    """Asked for by other threads, answered by the shipper's."""

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque()

    def add(self) -> Event:
        """Set once what waits now is delivered or spooled."""
        done = Event()
        self._waiting.append(done)
        return done

    def taken(self) -> Sequence[Event]:
        """Those that a flush from now on answers."""
        return list(self._waiting)

    def answer(self, requests: Sequence[Event]) -> None:
        """These are done; some may have been answered before."""
        for done in requests:
            if done in self._waiting:
                self._waiting.remove(done)
            done.set()
