"""Where a metric has been: quantiles of all that was learned, and how rare a value is among them.

-log2 of the share of the past that lies as near to a value as half a bin of a coarse histogram over
its range. The bin is laid around the value, so no edge cuts a cluster in two. Beyond the range each
doubling of the distance, in ranges, adds a bit. Bits mean the same for every series.
"""

from __future__ import annotations

import numpy as np

from baselines.links import to_link
from baselines.metrics import Metric
from baselines.ranks import between
from baselines.series import FloatArray

SHARES = np.array(
    [0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05]
    + [round(0.1 * tenth, 1) for tenth in range(1, 10)]
    + [0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1.0]
)
"""Probabilities of the quantiles that are kept."""
MEDIAN = int(np.flatnonzero(SHARES == 0.5)[0])
BINS = 10
OUTER = 1
"""Places at each end of SHARES that the range leaves out: one giant value makes nobody blind."""
LEAST_REACH = 1e-3
"""Values that agree to this on the link scale are the same value."""
MOST_BEYOND = 8.0
"""Bits that distance from all that was ever seen may add."""


def seen(values: FloatArray) -> FloatArray:
    """Quantiles (type 7) at SHARES, shape (len(SHARES),).

    values: shape (m,), metric's unit; NaN is skipped; one at least must be present.
    """
    up = np.sort(values[np.isfinite(values)])
    place = (up.size - 1) * SHARES
    before = np.floor(place).astype(np.int64)
    return between(up[before], up[np.minimum(before + 1, up.size - 1)], place - before)


def rarity(metric: Metric, values: FloatArray, places: FloatArray, windows: float) -> FloatArray:
    """Bits of each value, 0 where it is not on the worse side of the median; NaN stays.

    values: shape (m,), metric's unit. places: as `seen` gives them. windows: how many were learned
    from; no share is taken for less than half of one of them.
    """
    at, known = to_link(metric, values), to_link(metric, places)
    low, high = float(known[OUTER]), float(known[-1 - OUTER])
    reach = max((high - low) / (2 * BINS), LEAST_REACH)
    near = np.interp(at + reach, known, SHARES) - np.interp(at - reach, known, SHARES)
    bits = -np.log2((np.maximum(near, 0.0) * windows + 0.5) / (windows + 1.0))
    over = np.maximum(np.maximum(low - at, at - high), 0.0)
    bits = np.maximum(bits, 0.0) + np.minimum(np.log2(1 + over / (2 * BINS * reach)), MOST_BEYOND)
    middle = float(known[MEDIAN])
    if metric.worse == "up":
        bits = np.where(at > middle, bits, 0.0)
    elif metric.worse == "down":
        bits = np.where(at < middle, bits, 0.0)
    return np.where(np.isfinite(values), bits, np.nan)
