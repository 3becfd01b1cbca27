"""A connection that nobody waits for longer than allowed, whatever the server does or does not."""

from __future__ import annotations

import time
from collections.abc import Generator
from math import inf
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

Found = TypeVar("Found")


class NoAnswer(psycopg.OperationalError):
    """The server was silent for too long: stopped, or cut off without a word."""


class BoundedConnection(psycopg.Connection[tuple[Any, ...]]):
    """Waits for answers up to `until` (seconds of time.monotonic), then is `silent` and closed.

    A server that is stopped keeps its connections: the network acknowledges for it, so that neither
    keepalives nor the server's own timeouts end the waiting.
    """

    until: float = inf
    silent: bool = False

    def wait(self, gen: PQGen[Found], *arguments: Any, **named: Any) -> Found:
        """As the driver's own. Raises NoAnswer when it is `until`."""
        return super().wait(self._bounded(gen), *arguments, **named)

    def _bounded(self, gen: PQGen[Found]) -> Generator[Any, Any, Found]:
        """The driver's own dialogue; it is asked at least each 0.1 s whether it goes on."""
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() >= self.until:
                    self.silent = True
                    self.close()
                    raise NoAnswer("no answer came in time")
                wanted = gen.send(ready)
        except StopIteration as end:
            found: Found = end.value
            return found
