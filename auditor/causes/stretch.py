"""Sums of one series over one stretch, as factors of what was to be expected there."""

from __future__ import annotations

import numpy as np

from auditor.statistics.scene import Scene
from baselines.series import FloatArray

PRIOR = 3.0
"""Events added to both sides of a factor of counts, so that 1 of an expected 0.1 is not tenfold."""
HOUR = 60
"""Rows ahead of the stretch that a column without an expectation is compared with."""
GUARD = 5
"""Rows next to the stretch that are left out of it: the problem may have begun in them."""
LEAST_COUNT = 5.0
"""Events below which a mean per event says nothing."""
UNKNOWN = float("nan")


class Stretch:
    """Rows span of one column of a scene.

    What was to be expected is told twice: by the week alone, and by the week moved as the hour
    before the stretch was. A factor is that of the nearer one, 1 between them: a departure is one
    from both. The hour is that of row `since` (the first one of the span when not given), so that
    a long problem does not hide itself.
    """

    def __init__(self, scene: Scene, span: slice, column: int, since: int | None = None) -> None:
        self._scene, self.span, self._column = scene, span, column
        self._since = span.start if since is None else since

    @property
    def rows(self) -> int:
        """How many."""
        return int(self.span.stop) - int(self.span.start)

    def late(self, rows: int) -> Stretch:
        """The latest rows of it, held against the same hour."""
        span = slice(max(self.span.stop - rows, self.span.start), self.span.stop)
        return Stretch(self._scene, span, self._column, self._since)

    def since(self, ahead: int) -> Stretch:
        """It and the rows ahead of it, held against the same hour."""
        span = slice(max(self.span.start - ahead, 0), self.span.stop)
        return Stretch(self._scene, span, self._column, self._since)

    def early(self, rows: int) -> Stretch:
        """The first rows of it."""
        span = slice(self.span.start, min(self.span.start + rows, self.span.stop))
        return Stretch(self._scene, span, self._column, self._since)

    def column(self, name: str) -> FloatArray:
        """Shape (rows,), NaN = missing."""
        return np.asarray(self._scene.windows.column(name)[self.span, self._column])

    def whole(self, name: str) -> FloatArray:
        """The column in all rows of the scene."""
        return np.asarray(self._scene.windows.column(name)[:, self._column])

    def hour(self, name: str) -> FloatArray:
        """The column in the hour before the stretch."""
        until = max(self._since - GUARD, 0)
        return self.whole(name)[max(until - HOUR, 0) : until]

    def total(self, name: str) -> float:
        """Sum over the stretch; NaN when it was never measured."""
        found = self.column(name)
        return float(np.nansum(found)) if np.isfinite(found).any() else UNKNOWN

    def share(self, part: str, *whole: str) -> float:
        """part of the sum of whole, 0..1; NaN when there was nothing of it."""
        found, among = self.total(part), sum(self.total(name) for name in whole)
        return found / among if among > 0 else UNKNOWN

    def count(self, name: str, metric: str) -> float:
        """Events over expected events."""
        found = self.column(name)
        return self._factor(found, [np.ones(found.size) * each for each in self._usual(metric)])

    def misses(self) -> float:
        """Misses over those that as many gets would ordinarily have."""
        trials = self.column("hits") + self.column("misses")
        return self._factor(
            self.column("misses"), [trials * share for share in self._usual_miss_share()]
        )

    def unserved(self) -> float:
        """Gets not answered from the cache, failed ones too, over the usual misses of as many."""
        gets = self.column("gets")
        found = self.column("misses") + np.nan_to_num(self.column("get_errors"))
        return self._factor(found, [gets * share for share in self._usual_miss_share()])

    def hits_lost(self) -> float:
        """Share of the usual hits that were misses in the worst two minutes, 0..1."""
        worst = UNKNOWN
        usual = self._usual_miss_share()
        hits, misses = self.column("hits"), self.column("misses")
        for at in range(hits.size):
            two = slice(max(at - 1, 0), at + 1)
            trials = hits[two] + misses[two]
            known = np.isfinite(trials)
            expected = [float((trials * (1 - each[two]))[known].sum()) for each in usual]
            if known.any() and min(expected, default=0.0) >= LEAST_COUNT:
                worst = np.fmax(worst, 1 - hits[two][known].sum() / min(expected))
        return float(np.fmax(worst, 0.0)) if np.isfinite(worst) else UNKNOWN

    def hour_share(self, part: str, whole: str) -> float:
        """Share in the hour before, 0..1."""
        among = float(np.nansum(self.hour(whole)))
        return float(np.nansum(self.hour(part))) / among if among > 0 else UNKNOWN

    def ratio(self, above: str, below: str, metric: str) -> float:
        """Sum of above over sum of below against the usual quotient, such as sets per miss."""
        found, count = self.column(above), self.column(below)
        if not np.nansum(np.where(np.isfinite(found), count, np.nan)) >= LEAST_COUNT:
            return UNKNOWN
        expected = [np.where(np.isfinite(found), count, np.nan) * e for e in self._usual(metric)]
        return self._factor(found, expected, prior=0.0)

    def against_hour(self, above: str, below: str) -> float:
        """The median minute's quotient over that of the hour before: one odd minute is nothing."""
        medians = []
        for count, found in (
            (self.column(below), self.column(above)),
            (self.hour(below), self.hour(above)),
        ):
            known = np.isfinite(found) & (np.nan_to_num(count) >= LEAST_COUNT)
            if not known.any():
                return UNKNOWN
            medians.append(float(np.median(found[known] / count[known])))
        return medians[0] / medians[1] if medians[1] > 0 else UNKNOWN

    def level_against_hour(self, name: str) -> float:
        """The median of a level over that of the hour before."""
        now, before = self.column(name), self.hour(name)
        now, before = now[np.isfinite(now)], before[np.isfinite(before)]
        if now.size == 0 or before.size == 0 or not np.median(before) > 0:
            return UNKNOWN
        return float(np.median(now) / np.median(before))

    def _factor(self, found: FloatArray, expected: list[FloatArray], prior: float = PRIOR) -> float:
        sums = [float(np.nansum(np.where(np.isfinite(found), each, np.nan))) for each in expected]
        known = [s for s, each in zip(sums, expected, strict=True) if np.isfinite(each).any()]
        if not known or not np.isfinite(found).any() or min(known) + prior <= 0:
            return UNKNOWN
        factors = [(float(np.nansum(found)) + prior) / (each + prior) for each in known]
        if min(factors) > 1:
            return min(factors)
        return max(factors) if max(factors) < 1 else 1.0

    def _usual(self, metric: str) -> list[FloatArray]:
        """What the week says, and the week moved as it was at the first row; shape (rows,) each."""
        expectation = self._scene.expectations.get(metric)
        if expectation is None:
            return []
        week = expectation.seasonal[self.span, self._column]
        first = self._since
        at_first = expectation.seasonal[first, self._column]
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = week * (expectation.centre[first, self._column] / at_first)
        return [week, moved]

    def _usual_miss_share(self) -> list[FloatArray]:
        expectation = self._scene.expectations["hit_rate"]
        week = 1 - expectation.seasonal[self.span, self._column] / 100.0
        first = self._since
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = [
                each[first, self._column] / (100.0 - each[first, self._column])
                for each in (expectation.seasonal, expectation.centre)
            ]
            moved = week / (1 - week) * (odds[0] / odds[1])
            return [week, moved / (1 + moved)]
