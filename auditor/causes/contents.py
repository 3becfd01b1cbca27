"""Where the entries went: the books of what the cache holds, before and during a problem."""

from __future__ import annotations

import numpy as np

from auditor.causes.stretch import HOUR, UNKNOWN, Stretch
from baselines.series import FloatArray

BEFORE = 15
"""Rows ahead of the stretch that are looked at for a sudden loss: it may have been told late."""
LONG_BEFORE = 100
"""Rows ahead of the stretch in which a load of many entries may have been."""
AWHILE = 90
"""Rows over which a slow change of the entries is told."""
FEW = 5
LEAST_SETS = 50.0
"""Sets below which nothing is said of what became of them."""


class Contents:
    """The gauge of entries, and the counts of what was written, evicted, expired and deleted.

    A loss is what a cache loses within one or two minutes, as a share of what it held at most: a
    gauge that is a mean over its minute shows a sudden loss in two steps.
    """

    def __init__(self, stretch: Stretch) -> None:
        self._first, self._last = stretch.span.start, stretch.span.stop - 1
        self._held = stretch.whole("avg_cache_size")
        self._of = stretch.whole

    def vanished(self) -> float:
        """Largest sudden loss that no eviction, expiry or delete accounts for."""
        gone = np.zeros(self._held.size)
        for name in ("evictions", "expirations", "deletes"):
            gone = gone + np.nan_to_num(self._of(name))
        losses = [self._held_before(lag) - self._held - _last(gone, lag) for lag in (1, 2)]
        return self._largest(losses, BEFORE)

    def evicted(self) -> float:
        """Largest sudden loss by eviction, over and above making room for what was written."""
        found = self._of("evictions") - np.nan_to_num(self._of("sets"))
        return self._largest([_last(found, lag) for lag in (1, 2)], BEFORE)

    def expired(self) -> float:
        """Largest sudden loss by expiry."""
        found = self._of("expirations")
        return self._largest([_last(found, lag) for lag in (1, 2)], BEFORE)

    def loaded(self) -> float:
        """Largest share of the entries that was written in a minute or two, in the hour before."""
        found = self._of("sets")
        return self._largest([_last(found, lag) for lag in (1, 2)], LONG_BEFORE)

    def now(self) -> float:
        """Entries at the end of the stretch over those well before it."""
        return self._factor(self._first - 3 * BEFORE, self._first - BEFORE)

    def lately(self) -> float:
        """Entries at the end of the stretch over those of an hour and a half before."""
        return self._factor(self._last - AWHILE - FEW, self._last - AWHILE + FEW)

    def rewritten(self) -> float:
        """Share of the sets that neither added an entry nor took the place of one that left, less
        that of the hour before: keys that are there are written again."""
        now = self._again(self._first, self._last + 1)
        before = self._again(max(self._first - BEFORE - HOUR, 1), max(self._first - FEW, 1))
        return now - before

    def _again(self, since: int, until: int) -> float:
        rows = slice(since, until)
        sets = float(np.nansum(self._of("sets")[rows]))
        ends = self._held[since - 1 : since], self._held[until - 1 : until]
        if sets < LEAST_SETS or since < 1 or not all(np.isfinite(each).all() for each in ends):
            return UNKNOWN
        gone = sum(np.nansum(self._of(x)[rows]) for x in ("evictions", "expirations", "deletes"))
        return float((sets - gone - (ends[1][0] - ends[0][0])) / sets)

    def _factor(self, since: int, until: int) -> float:
        before = self._held[max(since, 0) : max(until, 0)]
        now = self._held[max(self._last - 1, 0) : self._last + 1]
        before, now = before[np.isfinite(before)], now[np.isfinite(now)]
        if before.size == 0 or now.size == 0 or before.mean() <= 0:
            return UNKNOWN
        return float(now[-1] / before.mean())

    def _held_before(self, lag: int) -> FloatArray:
        return np.concatenate([np.full(lag, np.nan), self._held[:-lag]])

    def _largest(self, losses: list[FloatArray], ahead: int) -> float:
        """Largest loss over the rows, as a share of the most that was held in them."""
        rows = slice(max(self._first - ahead, 0), self._last + 1)
        held = self._held[max(rows.start - 2, 0) : rows.stop]
        lost = np.concatenate([loss[rows] for loss in losses])
        held, lost = held[np.isfinite(held)], lost[np.isfinite(lost)]
        if not held.size or not lost.size or not held.max() > 0:
            return UNKNOWN
        return float(max(lost.max() / held.max(), 0.0))


def _last(values: FloatArray, lag: int) -> FloatArray:
    """Sum of the last `lag` rows at each row."""
    if lag == 1:
        return values
    return np.asarray(values + np.concatenate([np.full(1, np.nan), values[:-1]]))
