"""Hits and misses hour by hour: what a statistic over days looks at, a few rows for a long past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from baselines.series import BoolArray, FloatArray, SeriesKey, Windows

HOUR = 60
"""Minutes."""
REACH = 72
"""Whole hours before a minute's own hour that its long sums may look at."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Sums of the minute windows of h whole UTC hours of n series.

    start: hour since 1970 (UTC) of row 0. hits, misses: shape (h, n), whole numbers, so that their
    sums are the same in whatever order they are added; NaN where the hour has no window at all.
    """

    start: int
    keys: tuple[SeriesKey, ...]
    hits: FloatArray
    misses: FloatArray

    @property
    def end(self) -> int:
        """The epoch hour after the last row."""
        return self.start + int(self.hits.shape[0])

    def between(self, since: int, until: int, keys: Sequence[SeriesKey]) -> Hours:
        """The half-open span [since, until) of epoch hours of these series, in that order.

        What is not there is NaN.
        """
        place = {key: column for column, key in enumerate(self.keys)}
        columns = [(at, place[key]) for at, key in enumerate(keys) if key in place]
        first, last = max(since, self.start), min(until, self.end)
        hits, misses = (np.full((max(until - since, 0), len(keys)), np.nan) for _ in range(2))
        for at, column in columns if first < last else ():
            rows = slice(first - self.start, last - self.start)
            hits[first - since : last - since, at] = self.hits[rows, column]
            misses[first - since : last - since, at] = self.misses[rows, column]
        return Hours(since, tuple(keys), hits, misses)

    def followed_by(self, later: Hours) -> Hours:
        """These hours and those right after them, of all series of both, in order."""
        keys = tuple(sorted({*self.keys, *later.keys}))
        parts = [each.between(each.start, each.end, keys) for each in (self, later)]
        hits, misses = (
            np.concatenate([getattr(each, name) for each in parts]) for name in ("hits", "misses")
        )
        return Hours(self.start, keys, hits, misses)

    def since(self, hour: int) -> Hours:
        """From an epoch hour on, of the series that have one then."""
        hits, misses = (each[hour - self.start :] for each in (self.hits, self.misses))
        heard = np.flatnonzero(np.isfinite(hits).any(axis=0))
        keys = tuple(self.keys[column] for column in heard)
        return Hours(hour, keys, hits[:, heard], misses[:, heard])

    def without(self, left_out: BoolArray) -> Hours:
        """The same with nothing known of some hours; left_out: shape (h, n)."""
        hits, misses = (np.where(left_out, np.nan, each) for each in (self.hits, self.misses))
        return replace(self, hits=hits, misses=misses)


def hours_of(windows: Windows) -> Hours:
    """Every UTC hour of a block, summed; minutes that are missing add nothing."""
    hits, misses = windows.column("hits"), windows.column("misses")
    known = by_hour(windows.start, np.isfinite(hits) & np.isfinite(misses))
    return Hours(
        windows.start // HOUR,
        windows.keys,
        *(
            np.where(known > 0, by_hour(windows.start, np.nan_to_num(each, nan=0.0)), np.nan)
            for each in (hits, misses)
        ),
    )


def by_hour(start: int, values: FloatArray | BoolArray) -> FloatArray:
    """Sum of the rows of each UTC hour, shape (h, n); start: epoch minute of row 0 of (m, n)."""
    if not values.shape[0]:
        return np.empty(values.shape)
    firsts = np.arange(-(start % HOUR), values.shape[0], HOUR).clip(min=0)
    return np.asarray(np.add.reduceat(values.astype(np.float64), firsts, axis=0))


def first_hour(minute: int) -> int:
    """The first epoch hour that the long sums of an epoch minute look at."""
    return minute // HOUR - REACH
