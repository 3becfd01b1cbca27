"""The last so many minutes of all series, as a daemon would find them in its tables."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from auditor.statistics.whole_hours import HOUR, Hours, hours_of
from baselines.series import BoolArray, FloatArray, SeriesKey, Windows, places


class Memory:
    """Windows of the latest minutes on one grid, appended block by block; what is old is forgotten.

    keep: minutes that are kept. It takes 8 bytes a minute, series and column, up to twice of it.
    """

    def __init__(self, keep: int) -> None:
        """Raises ValueError unless at least one minute is kept."""
        if keep < 1:
            raise ValueError(f"a memory keeps at least one minute, not {keep}")
        self._keep = keep
        self._keys: tuple[SeriesKey, ...] = ()
        self._columns: dict[str, FloatArray] = {}
        self._start: int | None = None
        self._rows = self._room = 0

    @property
    def start(self) -> int | None:
        """The first minute that is kept, None before the first block."""
        return self._start

    @property
    def end(self) -> int | None:
        """The minute after the last one that is known, None before the first block."""
        return None if self._start is None else self._start + self._rows

    def append(self, block: Windows) -> None:
        """Takes in a block; minutes between the last one and its start have no windows.

        Raises ValueError when the block begins before the end of the last one.
        """
        if self.end is not None and block.start < self.end:
            raise ValueError(
                f"a block starts at minute {block.start}, the last ended at {self.end}"
            )
        if self._start is None:
            self._start = block.start
        assert self.end is not None  # there is a start now
        ahead, rows = block.start - self.end, block.shape[0]
        self._make_room(ahead + rows)
        self._know(block)
        at = places(self._keys, block.keys)
        for name, values in self._columns.items():
            values[self._rows : self._rows + ahead + rows] = np.nan
            if name in block.columns:
                values[self._rows + ahead : self._rows + ahead + rows, at] = block.columns[name]
        self._rows += ahead + rows

    def between(self, since: int, until: int, also: Collection[SeriesKey] = ()) -> Windows:
        """Windows of [since, until) as far as they are kept, a view that the next block may change.

        Series are sorted: all that have a window in the span, and those of `also`.
        """
        whole = self._whole()
        span = whole.between(since, until)
        present = _any_present(span)
        wanted = [key for key, has in zip(span.keys, present, strict=True) if has or key in also]
        return span if len(wanted) == len(span.keys) else span.only(wanted)

    def hours(self, since: int, until: int) -> Hours:
        """Hits and misses of every series in the UTC hours that [since, until) touches, summed."""
        first, last = since // HOUR * HOUR, -(-until // HOUR) * HOUR
        whole = self._whole()
        wanted = {name: each for name, each in whole.columns.items() if name in ("hits", "misses")}
        return hours_of(Windows(whole.start, whole.keys, wanted).between(first, last))

    def _whole(self) -> Windows:
        columns = {name: values[: self._rows] for name, values in self._columns.items()}
        return Windows(self._start or 0, self._keys, columns)

    def _make_room(self, more: int) -> None:
        """Room for so many rows after the known ones; forgets the oldest, or grows."""
        if self._rows + more <= self._room:
            return
        forgotten = max(self._rows - self._keep, 0)
        kept = self._rows - forgotten
        room = max(kept + more, min(2 * self._room, self._keep + self._keep // 4 + more))
        for name, values in self._columns.items():
            if room > self._room:
                grown = np.full((room, len(self._keys)), np.nan)
                grown[:kept] = values[forgotten : self._rows]
                self._columns[name] = grown
            else:
                values[:kept] = values[forgotten : self._rows].copy()
        self._room, self._rows = max(room, self._room), kept
        self._start = (self._start or 0) + forgotten

    def _know(self, block: Windows) -> None:
        """Columns and series that are new, missing in the past."""
        keys = tuple(sorted({*self._keys, *block.keys}))
        if keys != self._keys:
            at = places(keys, self._keys)
            for name, values in self._columns.items():
                wider = np.full((self._room, len(keys)), np.nan)
                wider[:, at] = values
                self._columns[name] = wider
            self._keys = keys
        for name in block.columns:
            if name not in self._columns:
                self._columns[name] = np.full((self._room, len(self._keys)), np.nan)


def _any_present(windows: Windows) -> BoolArray:
    """Which series have a window at all, shape (n,)."""
    return np.asarray(windows.present().any(axis=0), dtype=np.bool_)
