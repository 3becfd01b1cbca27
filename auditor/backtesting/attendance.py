"""Which series there are, and when each was heard of: what a daemon keeps in cache_series."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from auditor.refreshing.due import Waiting
from baselines.series import BoolArray, IntArray, SeriesKey, Windows

Events = Mapping[SeriesKey, IntArray]
"""By series, ascending: the last minute with an event before a block, and all of the block."""


class Attendance:
    """First and last event of every series so far."""

    def __init__(self) -> None:
        self._first: dict[SeriesKey, int] = {}
        self._last: dict[SeriesKey, int] = {}

    def events(self, block: Windows) -> Events:
        """The events that a block adds; nothing is noted yet."""
        happened = _with_events(block)
        out = {key: np.array([minute]) for key, minute in self._last.items()}
        for column, key in enumerate(block.keys):
            minutes = block.start + np.flatnonzero(happened[:, column])
            before = out.get(key, np.empty(0, dtype=np.int64))
            if minutes.size:
                out[key] = np.concatenate([before, minutes]).astype(np.int64)
        return out

    def note(self, events: Events, until: int) -> None:
        """Takes note of the events before minute `until`."""
        for key, minutes in events.items():
            passed = minutes[minutes < until]
            if passed.size:
                self._first.setdefault(key, int(passed[0]))
                self._last[key] = int(passed[-1])

    def waiting(self, events: Events, is_judged: Callable[[SeriesKey], bool]) -> list[Waiting]:
        """The series that nothing in force can judge, those that begin in the block among them."""
        return [
            Waiting(self._first.get(key, int(minutes[0])), minutes)
            for key, minutes in events.items()
            if not is_judged(key)
        ]

    def caches(self) -> list[tuple[str, int]]:
        """Every cache heard of with its number of series, in order."""
        names = sorted({key.cache_name for key in self._first})
        return [(name, sum(key.cache_name == name for key in self._first)) for name in names]


def _with_events(windows: Windows) -> BoolArray:
    """Where a window has an event: a row of zeros is a silence that was heard, shape (m, n)."""
    counts = ("total_operations", "evictions", "expirations")
    total = sum(np.nan_to_num(windows.column(name)) for name in counts)
    return np.asarray(total > 0)
