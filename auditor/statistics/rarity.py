"""Rarity against one's own past, in bits: has this series ever been here?

-log2 of the share of the last rows that lie as near to a value as half a bin of a coarse histogram
over their range. The bin is laid around the value, so no edge cuts a cluster in two. The range
leaves out a thousandth at each end, so that one giant value makes nobody blind. Beyond it each
doubling of the distance, in ranges, adds a bit. Bits mean the same for every series.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from auditor.statistics.trailing_order import TrailingOrder, trailing, trailing_extremes
from baselines.series import FloatArray, IntArray

MEMORY = 4000
"""Rows of past that a value is looked up in."""
BINS = 10
OUTER = 0.001
"""Share of the past, at each end, that its range leaves out."""
UNSEEN = 0.5
"""A bin without rows counts as half a row."""
MOST_BEYOND = 8.0
"""Bits that distance from all that was ever seen may add."""
LEAST_REACH = 1e-9
"""Values that agree to this share of themselves are the same value."""


def rarity_bits(values: FloatArray, *, memory: int = MEMORY, bins: int = BINS) -> FloatArray:
    """Bits of rarity of each value among the rows before it, shape (m,).

    values: shape (m,), any unit; NaN is skipped, and stays NaN. The first two values are 0 bits.
    """
    return _of_present(values, lambda present: _bits(present, memory, bins))


def log_rarity_bits(values: FloatArray, *, memory: int = MEMORY, bins: int = BINS) -> FloatArray:
    """The same on the logarithm, shape (m,); all values of 0 share a bin of their own.

    values: shape (m,), not negative; NaN is skipped, and stays NaN.
    """
    return _of_present(values, lambda present: _log_bits(present, memory, bins))


def _of_present(values: FloatArray, bits: Callable[[FloatArray], FloatArray]) -> FloatArray:
    known = np.isfinite(values)
    out = np.full(values.shape, np.nan)
    if known.any():
        out[known] = bits(values[known])
        out[np.flatnonzero(known)[:2]] = 0.0
    return out


def _bits(values: FloatArray, memory: int, bins: int) -> FloatArray:
    order = TrailingOrder(values)
    first, last = trailing(values.size, memory)
    inner = order.quantile(first, last, OUTER), order.quantile(first, last, 1.0 - OUTER)
    low, high = _range(inner, trailing_extremes(values, memory))
    reach = np.fmax((high - low) / (2 * bins), LEAST_REACH * np.abs(values))
    near = order.within(first, last, values - reach, values + reach)
    return _rare(near, last - first) + _beyond(values, low, high)


def _log_bits(values: FloatArray, memory: int, bins: int) -> FloatArray:
    order = TrailingOrder(values)
    first, last = trailing(values.size, memory)
    none = np.full(values.size, -np.inf)
    zeros = order.within(first, last, none, np.zeros(values.size))
    above = last - first - zeros
    place = zeros + np.floor(OUTER * np.maximum(above - 1, 0) + 0.5).astype(np.int64)
    inner = order.at(first, last, place), order.quantile(first, last, 1.0 - OUTER)
    least, _ = trailing_extremes(np.where(values > 0, values, np.inf), memory)
    _, greatest = trailing_extremes(values, memory)
    seen = above > 0
    low, high = _range(
        tuple(np.log(np.where(seen & (each > 0), each, 1.0)) for each in inner),
        tuple(np.log(np.where(seen, each, 1.0)) for each in (least, greatest)),
    )
    reach = np.exp(np.maximum((high - low) / (2 * bins), LEAST_REACH))
    positive = values > 0
    lower = np.where(positive, values / reach, -np.inf)
    near = order.within(first, last, lower, np.where(positive, values * reach, 0.0))
    away = np.log(np.where(positive & seen, values, 1.0))
    return _rare(near, last - first) + _beyond(np.where(positive & seen, away, low), low, high)


def _range(
    inner: tuple[FloatArray, ...], whole: tuple[FloatArray, ...]
) -> tuple[FloatArray, FloatArray]:
    """The inner range, and where that is a single value the whole one: low and high, shape (m,)."""
    low, high = inner
    wide = high > low
    return np.where(wide, low, whole[0]), np.where(wide, high, whole[1])


def _rare(near: IntArray, rows: IntArray) -> FloatArray:
    """Bits of a share of so many rows."""
    return np.asarray(np.log2((rows + 1.0) / (near + UNSEEN)))


def _beyond(values: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Bits for the distance from the range, in ranges; 0 where the past is constant or empty."""
    width = high - low
    over = np.maximum(np.maximum(low - values, values - high), 0.0)
    known = width > 0
    ranges = np.where(known, over, 0.0) / np.where(known, width, 1.0)
    return np.minimum(np.log2(1.0 + ranges), MOST_BEYOND)
