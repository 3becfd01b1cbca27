"""What a row was expected to be, and between which bounds, from the rows before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from auditor.metric_series.season import Season, best
from auditor.statistics.rarity import MEMORY
from auditor.statistics.trailing_order import TrailingOrder, trailing
from baselines.series import FloatArray

TAIL: Final = 0.005
"""Share of the past residuals below the lower bound, and as many above the upper."""


@dataclass(frozen=True, slots=True)
class Band:
    """Shape (m,) each, in the series' unit; NaN in the first rows."""

    expected: FloatArray
    lower: FloatArray
    upper: FloatArray


def band(values: FloatArray, level: FloatArray, found: Sequence[Season]) -> Band:
    """The trailing level or a season, whichever had the smaller trailing error, and its bounds.

    values: shape (m,), no NaN. level: shape (m,), the short trailing level. A series that was never
    negative has no negative bound.
    """
    spans = trailing(values.size, MEMORY)
    error = TrailingOrder(np.abs(values - level)).quantile(*spans, 0.5)
    chosen = best(found, np.nan_to_num(error, nan=np.inf))
    level = np.concatenate([[np.nan], level[1:]])
    at = _bounds(values, level)
    for place, season in enumerate(found):
        other, taken = _bounds(values, season.expected), chosen == place
        at = Band(
            np.where(taken, other.expected, at.expected),
            np.where(taken, other.lower, at.lower),
            np.where(taken, other.upper, at.upper),
        )
    least = np.where(np.minimum.accumulate(values) >= 0, 0.0, -np.inf)
    return Band(at.expected, np.maximum(at.lower, least), np.maximum(at.upper, least))


def _bounds(values: FloatArray, expected: FloatArray) -> Band:
    """Expected and the central 99 % of the residuals that this expectation left so far."""
    known = np.flatnonzero(np.isfinite(expected))
    lower, upper = np.full(values.size, np.nan), np.full(values.size, np.nan)
    order = TrailingOrder(values[known] - expected[known])
    spans = trailing(known.size, MEMORY)
    lower[known] = expected[known] + np.minimum(order.quantile(*spans, TAIL), 0.0)
    upper[known] = expected[known] + np.maximum(order.quantile(*spans, 1.0 - TAIL), 0.0)
    return Band(expected, lower, upper)
