"""Batches on disk that the server has not accepted yet: in order, bounded, whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from collector import segment
from collector.batch import Batch
from collector.errors import SpoolFull

# Small, since what is full loses a segment: the bound is kept by one of these at a time.
SEGMENT_BYTES = 256 * 2**10
FEWEST_SEGMENTS = 64
SUFFIX = ".seg"


@dataclass(slots=True)
class _Segment:
    path: Path
    events: int
    size: int


class Spool:
    """One collector's spool. Not for several threads at once; raises OSError as the disk does.

    max_bytes bounds all spools below the same destination folder together; batches that waited
    longer than max_age_ns are refused, because the ledger forgets. on_loss is told how many events
    were dropped for a bound, or could not be read.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int,
        max_age_ns: int,
        clock_ns: Callable[[], int],
        on_loss: Callable[[int], None],
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_age_ns = max_age_ns
        self._clock_ns = clock_ns
        self._on_loss = on_loss
        self._segments = [_scan(path) for path in sorted(folder.glob("*" + SUFFIX))]
        self._last = max((int(part.path.stem) for part in self._segments), default=0)
        self._segment_bytes = min(SEGMENT_BYTES, max_bytes // FEWEST_SEGMENTS)
        self._closed = True
        self._reading: Iterator[segment.Record] | None = None
        self._head: Batch | None = None
        self._uprooted = False

    @property
    def events(self) -> int:
        """How many events (and counted operations) wait here, on the disk."""
        return sum(part.events for part in self._segments)

    @property
    def homeless(self) -> int:
        """Events of the batch that `oldest` gave, where its segment had to go since."""
        return self._head.operations if self._head is not None and self._uprooted else 0

    def __bool__(self) -> bool:
        return bool(self._segments) or self._head is not None

    def append(self, batch: Batch) -> None:
        """Behind all others, on the disk when this returns. Raises SpoolFull or OSError."""
        events = batch.operations
        record = segment.pack_record(
            batch.to_bytes(), min(events, segment.MOST_EVENTS), self._clock_ns()
        )
        self._make_room(len(record))
        if self._closed or not self._segments or self._segments[-1].size >= self._segment_bytes:
            self._last += 1
            self._segments.append(_Segment(self._folder / f"{self._last:08}{SUFFIX}", 0, 0))
            self._closed = False
        last = self._segments[-1]
        try:
            segment.append(last.path, record)
        except OSError:
            if not last.size:
                self._segments.pop().path.unlink(missing_ok=True)
            raise
        last.events += events
        last.size += len(record)

    def oldest(self) -> Batch | None:
        """The batch to be delivered next, which stays here until `forget_oldest`."""
        while self._head is None and self._segments:
            record = self._next_record()
            if record is None:
                self._remove_first()
            else:
                self._head = self._read(record)
        return self._head

    def forget_oldest(self) -> None:
        """The batch that `oldest` gave is delivered."""
        if self._head is not None:
            if not self._uprooted:
                self._segments[0].events -= self._head.operations
            self._head, self._uprooted = None, False
            self.oldest()

    def _next_record(self) -> segment.Record | None:
        if self._reading is None:
            if len(self._segments) == 1:
                self._closed = True  # what is being read is not written to any more
            self._reading = segment.read_records(self._segments[0].path)
        return next(self._reading, None)

    def _read(self, record: segment.Record) -> Batch | None:
        if record.content is not None:
            if record.written_ns >= self._clock_ns() - self._max_age_ns:
                try:
                    return Batch.from_bytes(record.content)
                except (ValueError, KeyError, TypeError):
                    pass
            self._segments[0].events -= record.events
            self._on_loss(record.events)
        return None

    def _remove_first(self) -> None:
        first = self._segments.pop(0)
        self._reading = None
        first.path.unlink(missing_ok=True)
        if first.events > 0:  # of a record that has rotted
            self._on_loss(first.events)

    def _make_room(self, needed: int) -> None:
        if needed > self._max_bytes:
            raise SpoolFull(f"a batch of {needed} bytes is above the bound of {self._max_bytes}")
        excess = _bytes_below(self._folder.parent) + needed - self._max_bytes
        while excess > 0:
            if not self._segments:
                raise SpoolFull(f"the spool's bound of {self._max_bytes} bytes is reached")
            excess -= self._segments[0].size
            if self._head is not None and not self._uprooted:
                # It may be on its way to the server now; in memory it can still be delivered.
                self._segments[0].events -= self._head.operations
                self._uprooted = True
            self._remove_first()


def spool_maker(
    max_bytes: int, max_age_s: float, clock_ns: Callable[[], int]
) -> Callable[[Path, Callable[[int], None]], Spool]:
    """Makes spools of the same bounds: (folder, on_loss) -> Spool."""

    def make(folder: Path, on_loss: Callable[[int], None]) -> Spool:
        return Spool(
            folder,
            max_bytes=max_bytes,
            max_age_ns=int(max_age_s * 1e9),
            clock_ns=clock_ns,
            on_loss=on_loss,
        )

    return make


def _scan(path: Path) -> _Segment:
    events = sum(record.events for record in segment.read_records(path))
    return _Segment(path, events, path.stat().st_size)


def _bytes_below(folder: Path) -> int:
    """Of all spools there; other processes may add and remove meanwhile."""
    total = 0
    for path in folder.iterdir():
        try:
            with os.scandir(path) as entries:
                total += sum(e.stat().st_size for e in entries if e.name.endswith(SUFFIX))
        except (FileNotFoundError, NotADirectoryError):
            continue
    return total
