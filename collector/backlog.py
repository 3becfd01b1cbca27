"""Batches not yet delivered, in order: on disk, and in bounded memory where the disk fails."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from collector.batch import Batch
from collector.errors import SpoolFull
from collector.spool import Spool

logger = logging.getLogger("collector")


class Backlog:
    """The spool, and behind it what the disk did not take; older batches are always on disk.

    most_held bounds the rows and weights in memory; above it the oldest held batch is dropped, and
    on_loss is told of its operations.
    """

    def __init__(self, spool: Spool | None, most_held: int, on_loss: Callable[[int], None]) -> None:
        self._spool = spool
        self._held: deque[Batch] = deque()
        self._most_held = most_held
        self._on_loss = on_loss
        self._warned = False

    def __bool__(self) -> bool:
        return bool(self._spool) or bool(self._held)

    @property
    def on_disk(self) -> int:
        """Events that would survive this process."""
        return self._spool.events if self._spool is not None else 0

    @property
    def in_memory(self) -> int:
        """Events that would not."""
        homeless = self._spool.homeless if self._spool is not None else 0
        return homeless + self._held_events

    def append(self, batch: Batch) -> None:
        """Behind all others; on disk if it can be. Never raises."""
        self._held.append(batch)
        self.persist()
        while self._held and self._held_size > self._most_held:
            self._on_loss(self._held.popleft().operations)

    @property
    def _held_events(self) -> int:
        return sum(batch.operations for batch in self._held)

    @property
    def _held_size(self) -> int:
        return sum(len(batch.rows) + len(batch.weights) + len(batch.gauges) for batch in self._held)

    def move_to(self, spool: Spool) -> None:
        """There is a disk after all: what is held goes there."""
        self._spool = spool
        self.persist()

    def persist(self) -> None:
        """Move what is held in memory to the disk, as far as it takes it."""
        while self._held and self._spool is not None:
            try:
                self._spool.append(self._held[0])
            except (OSError, SpoolFull) as error:
                if not self._warned:
                    self._warned = True
                    logger.warning("batches cannot be spooled and stay in memory: %s", error)
                return
            self._held.popleft()

    def oldest(self) -> Batch | None:
        """The batch to deliver next; it stays until `forget_oldest`."""
        found = self._spool.oldest() if self._spool else None
        if found is None and self._held:
            return self._held[0]
        return found

    def forget_oldest(self) -> None:
        """What `oldest` gave is delivered."""
        if self._spool:
            self._spool.forget_oldest()
        elif self._held:
            self._held.popleft()

    def forget(self, batch: Batch) -> bool:
        """That batch is delivered; False when it is not the oldest here, and so was dropped."""
        oldest = self.oldest()
        if oldest is None or oldest != batch:
            return False
        self.forget_oldest()
        return True
