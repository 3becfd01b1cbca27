"""How much wilder or calmer than the day a statistic is at each hour of it."""

from __future__ import annotations

import numpy as np

from baselines.series import FloatArray, IntArray

HOURS = 24
EVEN = (1.0,) * HOURS
HOUR_STRENGTH = 240.0
"""Minutes an hour of the day needs to count as much as all hours together: four days of it."""
HOUR_TAIL = 0.95
LEAST_HOUR, MOST_HOUR = 0.5, 4.0
"""How much calmer or wilder than the day an hour may be taken to be."""


def hourly(away: FloatArray, hour: IntArray) -> FloatArray:
    """How far a statistic strays upwards at each hour of the UTC day over the whole day, (24,).

    away: from its median, shape (m,), NaN = not judged. A quiet night with few requests is wilder
    than the day; without this the night alone would set the tail. An hour is taken with its
    neighbours, and shrunk to 1.
    """
    known = np.isfinite(away)
    overall = float(np.quantile(away[known], HOUR_TAIL))
    out = np.ones(HOURS)
    if overall <= 0:
        return out
    for each in range(HOURS):
        near = known & ((hour - each + 1) % HOURS <= 2)
        size = int(near.sum())
        if size:
            own = float(np.quantile(away[near], HOUR_TAIL)) / overall
            out[each] = (size * own + HOUR_STRENGTH) / (size + HOUR_STRENGTH)
    return np.clip(out, LEAST_HOUR, MOST_HOUR)
