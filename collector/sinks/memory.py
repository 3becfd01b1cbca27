"""A destination in memory: for tests, and for looking at what a collector would send."""

from __future__ import annotations

from collector.batch import Batch, Beat
from collector.errors import SinkUnavailable
from collector.events import Row
from collector.sinks.sink import Receipt

SECRET = b"\0" * 32


class MemorySink:
    """Keeps batches in a list. `away`: behaves as an unreachable server while it is true."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.beats: list[Beat] = []
        self.away = False

    @property
    def destination(self) -> str:
        """Always the same: one memory."""
        return "memory"

    @property
    def rows(self) -> list[Row]:
        """All rows delivered, in order."""
        return [row for batch in self.batches for row in batch.rows]

    def deliver(self, batch: Batch) -> Receipt:
        """Keep it, unless its id is known."""
        self._reach()
        duplicate = self.stored(batch.collector_id, batch.sequence)
        if not duplicate:
            self.batches.append(batch)
        if batch.beat is not None:
            self.beats.append(batch.beat)
        return Receipt(duplicate, len(batch.rows), len(batch.weights))

    def beat(self, beat: Beat) -> None:
        """Keep it."""
        self._reach()
        self.beats.append(beat)

    def stored(self, collector_id: str, sequence: int) -> bool:
        """Whether a batch of that id was kept."""
        self._reach()
        ids = {(batch.collector_id, batch.sequence) for batch in self.batches}
        return (collector_id, sequence) in ids

    def key_secret(self) -> bytes:
        """Zeros."""
        self._reach()
        return SECRET

    def close(self) -> None:
        """Nothing to let go of."""

    def _reach(self) -> None:
        if self.away:
            raise SinkUnavailable("the memory sink is away")
