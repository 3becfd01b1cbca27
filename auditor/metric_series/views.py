"""Views of a series in which strangeness shows: departure, jump, spread, roughness, shift.

Each row of a view rests on that row and rows before it. Sums over windows add the same numbers in
the same order for every row, so the bits do not depend on where a file ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from auditor.statistics.rarity import MEMORY
from auditor.statistics.trailing_order import TrailingOrder, trailing
from baselines.series import BoolArray, FloatArray

SHORT: Final = 24
"""Rows of the trailing median that a departure is measured from."""
SPREADS: Final = (12, 48)
"""Rows that a spread is taken over: one for what is short, one for what lasts."""
DUST: Final = 1e-9
"""A spread below this share of the values' own size is rounding, and counts as none."""
SLACK: Final = 0.5
"""Spreads by which a page statistic forgives each row (the reference value of a CUSUM)."""
CLIP: Final = 4.0
PAGE_ROWS: Final = 128


def trailing_median(values: FloatArray, rows: int) -> FloatArray:
    """Median of the rows before each row, shape (m,); the first row's is its own value."""
    found = TrailingOrder(values).quantile(*trailing(values.size, rows), 0.5)
    found[:1] = values[:1]
    return found


@dataclass(frozen=True, slots=True)
class Levels:
    """Medians of the SHORT rows before each row, and of the MEMORY rows; shape (m,) each."""

    short: FloatArray
    long: FloatArray


def levels(values: FloatArray) -> Levels:
    """Both trailing medians of a series of shape (m,); the first row's are its own value."""
    order = TrailingOrder(values)
    both = (order.quantile(*trailing(values.size, rows), 0.5) for rows in (SHORT, MEMORY))
    short, long = (np.concatenate([values[:1], each[1:]]) for each in both)
    return Levels(short, long)


def jump(values: FloatArray, after_gap: BoolArray) -> FloatArray:
    """Change from the row before, shape (m,); NaN in the first row and after a gap."""
    found = np.diff(values, prepend=np.nan)
    found[after_gap] = np.nan
    return found


def spread(values: FloatArray, level: FloatArray, rows: int) -> FloatArray:
    """Mean distance of the last rows from their trailing medians, shape (m,), >= 0.

    level: shape (m,), the trailing median at each row. Rows before the series add nothing.
    """
    found = trailing_sum(np.abs(values - level), rows) / rows
    size = trailing_sum(np.abs(values), rows) / rows
    return np.where(found <= DUST * size, 0.0, found)


def page(residual: FloatArray) -> FloatArray:
    """Page's two-sided statistic over the last PAGE_ROWS rows, in spreads, shape (m,).

    residual: shape (m,), around 0. A row counts as its spreads from 0 within CLIP, less SLACK; the
    statistic is the largest sum that ends at this row (Page 1954, cumulative sums).
    """
    away = np.clip(residual / past_spread(residual), -CLIP, CLIP)
    away = np.where(np.isfinite(away), away, 0.0)
    found = np.zeros(residual.size)
    for way in (1.0, -1.0):
        total = np.cumsum(way * away - SLACK)
        lowest = _trailing_least(np.concatenate([[0.0], total]), PAGE_ROWS)[1:]
        found = np.maximum(found, total - lowest)
    return found


def past_spread(residual: FloatArray) -> FloatArray:
    """Robust spread of the rows before each row, shape (m,), > 0 or NaN.

    The central 80 % as a normal law's deviation, and not below a quarter of that of the central
    99 %: a flat or quantised past has no spread in its middle.
    """
    order = TrailingOrder(residual)
    spans = trailing(residual.size, MEMORY)
    low, tenth, ninth, high = (order.quantile(*spans, q) for q in (0.005, 0.1, 0.9, 0.995))
    found = np.fmax((ninth - tenth) / 2.563, 0.25 * (high - low) / 5.152)
    return np.where(found > 0, found, np.nan)


def trailing_sum(values: FloatArray, rows: int) -> FloatArray:
    """Sum of the last rows, this one with them, shape (m,); by doubling, so zeros stay zeros."""
    total, done, block, width = np.zeros(values.size), 0, values, 1
    while width <= rows:
        if rows & width:
            total[done:] += block[: max(block.size - done, 0)]
            done += width
        block = block + np.concatenate([np.zeros(min(width, block.size)), block[:-width]])
        width *= 2
    return total


def _trailing_least(values: FloatArray, rows: int) -> FloatArray:
    """The least of the last rows, this one with them, shape (m,); rows is a power of two."""
    least, width = values, 1
    while width < rows:
        before = np.concatenate([least[:1].repeat(min(width, least.size)), least[:-width]])
        least = np.minimum(least, before)
        width *= 2
    return least
