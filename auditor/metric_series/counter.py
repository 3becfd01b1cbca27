"""Counters that only grow: what is judged of them is their growth, not where they have got to."""

from __future__ import annotations

from typing import Final

import numpy as np

from auditor.metric_series.views import SHORT, trailing_median
from auditor.statistics.rarity import MEMORY
from baselines.series import BoolArray, FloatArray

LEAST_ROWS: Final = 64
LEAST_RISES: Final = 0.5
"""Share of the last steps that must have gone up for a series to be a counter ..."""
MOST_FALLS: Final = 0.005
"""... and how many may have gone down: restarts."""


def counts(values: FloatArray) -> BoolArray:
    """Where a series has so far behaved like a counter, shape (m,); values: shape (m,), no NaN."""
    steps = np.diff(values, prepend=values[:1])
    rises, falls = (_trailing_count(each) for each in (steps > 0, steps < 0))
    rows = np.minimum(np.arange(values.size), MEMORY)
    enough = (rows >= LEAST_ROWS) & (np.minimum.accumulate(values) >= 0)
    return enough & (rises >= LEAST_RISES * rows) & (falls <= np.maximum(MOST_FALLS * rows, 1))


def growth(values: FloatArray) -> FloatArray:
    """Increase from row to row, shape (m,); where the counter starts again, the usual increase."""
    steps = np.diff(values, prepend=values[:1])
    steps[:1] = steps[1:2]
    forward = np.maximum(steps, 0.0)
    return np.where(steps < 0, trailing_median(forward, SHORT), forward)


def _trailing_count(flags: BoolArray) -> FloatArray:
    """How many of the MEMORY rows before each row are set, shape (m,)."""
    total = np.concatenate([[0.0], np.cumsum(flags)])
    rows = np.arange(flags.size)
    return np.asarray(total[rows] - total[np.maximum(rows - MEMORY, 0)])
