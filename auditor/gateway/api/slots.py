"""A few at a time: what costs the server a second is not begun by everybody at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from auditor.gateway.refusals import busy

RETRY_AFTER_S: Final = 3


class Slots:
    """So many places for one kind of work, shared by all threads. work: as in "4 charts"."""

    def __init__(self, count: int, work: str) -> None:
        self._free = threading.BoundedSemaphore(count)
        self._said = f"{count} {work} are being made already; ask again in a moment"

    def take(self) -> None:
        """One place, to be given back. Raises Refusal (503) when none is free."""
        if not self._free.acquire(blocking=False):
            raise busy(self._said, RETRY_AFTER_S)

    def give_back(self) -> None:
        """A place that was taken."""
        self._free.release()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """A place while the context lasts. Raises Refusal (503) when none is free."""
        self.take()
        try:
            yield
        finally:
            self.give_back()
