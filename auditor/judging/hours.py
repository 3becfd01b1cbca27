"""How much wilder or calmer than the day a statistic is at each hour of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baselines.ranks import between, places, quantile
from baselines.series import FloatArray, IntArray

HOURS = 24
HOUR_STRENGTH = 240.0
"""Minutes an hour of the day needs to count as much as all hours together: four days of it."""
HOUR_TAIL = 0.95
LEAST_HOUR, MOST_HOUR = 0.5, 4.0
"""How much calmer or wilder than the day an hour may be taken to be."""


@dataclass(frozen=True, slots=True)
class HourLines:
    """Rows laid out by the hour of the UTC day, worked out once for all statistics.

    hour, place: of each row, shape (m,); width: of a line.
    """

    hour: IntArray
    place: IntArray
    width: int

    @staticmethod
    def of(minutes: IntArray) -> HourLines:
        """minutes: epoch minute of each row, shape (m,)."""
        hour = minutes // 60 % HOURS
        return HourLines(hour, *places(hour, HOURS))

    def lines(self, values: FloatArray) -> FloatArray:
        """Values of the rows by hour, shape (24, width); what is missing is -inf."""
        lines = np.full(HOURS * self.width, -np.inf)
        lines[self.place] = values
        return lines.reshape(HOURS, self.width)


def hourly(away: FloatArray, on: HourLines) -> FloatArray:
    """How far a statistic strays upwards at each hour of the UTC day over the whole day, (24,).

    away: from its median, shape (m,), -inf = not judged. A quiet night with few requests is wilder
    than the day; without this the night alone would set the tail. An hour is taken with its
    neighbours, and shrunk to 1.
    """
    overall = quantile(away[away > -np.inf], HOUR_TAIL)
    if overall <= 0:
        return np.ones(HOURS)
    tails, size = _tails(np.sort(on.lines(away), axis=1))
    out = (size * (tails / overall) + HOUR_STRENGTH) / (size + HOUR_STRENGTH)
    return np.clip(np.where(size > 0, out, 1.0), LEAST_HOUR, MOST_HOUR)


def _tails(up: FloatArray) -> tuple[FloatArray, IntArray]:
    """The HOUR_TAIL quantile (type 7) of each hour with its neighbours, and their rows; both (24,).

    up: each hour's values sorted, -inf first. What is sought is among the largest of each of the
    three, so these alone are sorted again.
    """
    each = np.count_nonzero(up > -np.inf, axis=1)
    size = each + np.roll(each, 1) + np.roll(each, -1)
    virtual = np.maximum(size - 1, 0) * HOUR_TAIL
    before = np.floor(virtual).astype(np.int64)
    down = np.maximum(size - 1 - before, 0)
    tops = up[:, max(up.shape[1] - int(down.max()) - 1, 0) :]
    near = np.sort(np.concatenate([np.roll(tops, 1, 0), tops, np.roll(tops, -1, 0)], 1), axis=1)
    at, last = np.arange(HOURS), near.shape[1] - 1
    low, high = near[at, last - down], near[at, last - np.maximum(down - 1, 0)]
    none = size == 0
    low[none] = high[none] = 0.0
    return between(low, high, virtual - before), size
