"""Counters that outlive their process: how many events died with it is known to the next one.

A file of a few 64-bit cells, mapped into memory; the recorder writes the first, the shipper the
others. The file is written in full before it is mapped, so that a full disk cannot fault later.
"""

from __future__ import annotations

import errno
import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from struct import calcsize, pack, unpack

CELLS = 512
RECORDED, SETTLED, TARGET, SEQUENCE, DROPPED = range(5)
_FORM = "=5Q"
_LENGTH = calcsize(_FORM)


@dataclass(frozen=True, slots=True)
class Counts:
    """What a counter file says.

    recorded: by the hot path. settled: delivered, spooled, refused or dropped. While a batch is
    under way, target is what settled will be after it, and sequence is its number. dropped: in all,
    those that found the buffer full among them.
    """

    recorded: int
    settled: int
    target: int
    sequence: int
    dropped: int = 0

    @property
    def under_way(self) -> int:
        """How many settled events more there are if the batch under way was stored after all."""
        return max(self.target - self.settled, 0)

    def lost(self, stored: bool) -> int:
        """How many died in memory; stored: the batch under way was delivered or spooled."""
        settled = self.settled + (self.under_way if stored else 0)
        return max(self.recorded - settled, 0)


class CounterFile:
    """The mapped counters of a living process. Raises OSError when it cannot be made."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            # a disk that is almost full takes a part, and says nothing of it
            if os.write(descriptor, bytes(CELLS * 8)) < CELLS * 8:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
            self._map = mmap.mmap(descriptor, CELLS * 8)
        finally:
            os.close(descriptor)
        self.cells = memoryview(self._map).cast("Q")

    def begin(self, sequence: int, events: int) -> None:
        """A batch of so many events is now being delivered or spooled."""
        self.cells[SEQUENCE] = sequence
        self.cells[TARGET] = self.cells[SETTLED] + events

    def settled(self, events: int, dropped: int) -> None:
        """So many events in all are delivered, spooled, refused or dropped by now."""
        self.cells[DROPPED] = dropped
        self.cells[SETTLED] = max(events, 0)


def read(path: Path) -> Counts | None:
    """What a dead process's file says; None when there is none or it is cut short."""
    try:
        with path.open("rb") as file:
            content = file.read(_LENGTH)
    except OSError:
        return None
    if len(content) < _LENGTH:
        return None
    return Counts(*unpack(_FORM, content))


def add_dropped(path: Path, events: int) -> None:
    """So many more of a dead process's are dropped, whoever reads the file next. Raises OSError."""
    counts = read(path)
    if counts is not None:
        with path.open("r+b") as file:
            file.seek(DROPPED * 8)
            file.write(pack("=Q", counts.dropped + events))


def write(path: Path, counts: Counts) -> None:
    """A counter file as a process leaves it behind; for tests and for moving a spool."""
    cells = pack(
        _FORM, counts.recorded, counts.settled, counts.target, counts.sequence, counts.dropped
    )
    path.write_bytes(cells.ljust(CELLS * 8, b"\0"))
