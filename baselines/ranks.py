"""Medians and quantiles of one set of values, and of many groups at once.

Groups are laid out as lines, a group a line, and sorted together: a loop over 168 slots of the week
with a median in each takes a hundred times as long.
"""

from __future__ import annotations

import numpy as np

from baselines.robust import MAD_TO_SIGMA
from baselines.series import FloatArray, IntArray


def median(values: FloatArray) -> float:
    """The median of finite values, shape (k,), k > 0: the middle one, or the mean of two."""
    half = values.size // 2
    parted = np.partition(values, half)
    if values.size % 2:
        return float(parted[half])
    return float((parted[:half].max() + parted[half]) / 2)


def quantile(values: FloatArray, share: float) -> float:
    """Quantile of type 7 of finite values, shape (k,), k > 0; numpy's to the bit."""
    virtual = (values.size - 1) * share
    before = int(virtual)
    parted = np.partition(values, before)
    low = parted[before]
    high = parted[before + 1 :].min() if before + 1 < values.size else low
    return float(between(low, high, np.float64(virtual - before)))


def deviation(values: FloatArray) -> float:
    """Median absolute deviation of finite values in standard deviations; 0.0 when there is none."""
    if values.size == 0:
        return 0.0
    return median(np.abs(values - median(values))) * MAD_TO_SIGMA


def places(group: IntArray, groups: int) -> tuple[IntArray, int]:
    """Where each row stands in lines of one group each, and how long the lines are.

    group: shape (m,), 0..groups-1. Returns flat places into (groups, width), rows of a group in
    their order, and the width: the size of the largest group, at least 1.
    """
    counts = np.bincount(group, minlength=groups)
    width = max(int(counts.max(initial=0)), 1)
    order = np.argsort(group.astype(np.int16), kind="stable")
    starts = np.cumsum(counts) - counts
    place = np.empty(group.size, dtype=np.int64)
    ahead = np.arange(groups) * width - starts
    place[order] = np.arange(group.size) + np.repeat(ahead, counts)
    return place, width


def ordered(lines: FloatArray) -> tuple[FloatArray, IntArray]:
    """Each line sorted, NaN last, and how many values it has; shapes (g, w) and (g,)."""
    up = np.sort(lines, axis=1)
    return up, np.count_nonzero(up == up, axis=1)


def medians(lines: FloatArray) -> FloatArray:
    """Median of each line, shape (g,); NaN is skipped, a line without a value gives NaN."""
    up, count = ordered(lines)
    at = np.arange(up.shape[0])
    low, high = up[at, np.maximum(count - 1, 0) // 2], up[at, count // 2 * (count > 0)]
    return np.asarray((low + high) / 2)


def deviations(lines: FloatArray) -> FloatArray:
    """Median absolute deviation of each line in standard deviations, shape (g,); as `medians`."""
    return medians(np.abs(lines - medians(lines)[:, None])) * MAD_TO_SIGMA


def quantiles(up: FloatArray, count: IntArray, share: float) -> FloatArray:
    """Quantile of type 7 of each line that `ordered` gave, shape (g,), numpy's to the bit."""
    at = np.arange(up.shape[0])
    virtual = np.maximum(count - 1, 0) * share
    before = np.floor(virtual).astype(np.int64)
    on = virtual - before
    low, high = up[at, before], up[at, np.minimum(before + 1, np.maximum(count - 1, 0))]
    return between(low, high, on)


def between(
    low: FloatArray | np.float64, high: FloatArray | np.float64, on: FloatArray | np.float64
) -> FloatArray:
    """The way from low to high, on (0..1) of it, as numpy's quantiles go it, to the bit."""
    step = high - low
    return np.asarray(np.where(on >= 0.5, high - step * (1 - on), low + step * on))
