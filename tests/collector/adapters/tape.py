"""A running collector over a memory: what the adapters recorded, as it would be stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from collector import Collector
from collector.events import Row
from collector.keys import Encoder, KeyHasher
from collector.sinks.memory import SECRET, MemorySink
from tests.collector.made import settings


class Tape:
    """rows() gives what came since it was last asked."""

    def __init__(self, folder: Path) -> None:
        self.sink = MemorySink()
        self.collector = Collector(settings(folder), sink=lambda: self.sink)
        self._read = 0

    def rows(self) -> list[Row]:
        assert self.collector.flush()
        rows = self.sink.rows
        new, self._read = rows[self._read :], len(rows)
        return new

    def kinds(self) -> list[str]:
        return [row.operation_type for row in self.rows()]


@contextmanager
def tape_in(folder: Path) -> Iterator[Tape]:
    """A tape, stopped at the end; nothing that was recorded may have been refused."""
    tape = Tape(folder)
    try:
        yield tape
        tape.collector.flush()
        tally = tape.collector.tally
        assert tally is None or tally.reasons == {}
    finally:
        tape.collector.stop()


def stored(key: Any, encoder: Encoder | None = None) -> str:
    """A key as the tape's rows have it."""
    return KeyHasher(SECRET, encoder=encoder)(key, "")
