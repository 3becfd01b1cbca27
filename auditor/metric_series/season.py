"""The same time of earlier days or weeks, where that tells more than the level does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from auditor.statistics.rarity import MEMORY
from auditor.statistics.trailing_order import TrailingOrder, trailing
from baselines.series import BoolArray, FloatArray, IntArray

DAY_S: Final = 86_400.0
PERIODS_S: Final = {DAY_S: 7, 7 * DAY_S: 4}
"""Length of a period in seconds -> how many of them are looked back at."""
PERIODS_ROWS: Final = {24.0: 7, 168.0: 4, 288.0: 7, 1440.0: 7}
"""The same in rows, for series whose rows have numbers and no times: the usual lengths of a day."""
LEAST_PERIODS: Final = 2
LEAST_STEPS: Final = 6
"""A period shorter than this many steps has no shape."""
LEAST_ROWS: Final = 96
"""Rows that a season's error is measured on before it is believed."""


@dataclass(frozen=True, slots=True)
class Season:
    """What the season says, each of shape (m,).

    expected: the value that earlier periods suggest, NaN = fewer than two of them seen. used: where
    its trailing error was less than the level's. error: that trailing error, the metric's unit.
    """

    expected: FloatArray
    used: BoolArray
    error: FloatArray


def seasons(
    times: FloatArray,
    values: FloatArray,
    level: FloatArray,
    step: FloatArray,
    periods: Mapping[float, int],
) -> list[Season]:
    """One season a period that was ever of use; all arrays of shape (m,), no NaN.

    times: ascending. level: the long trailing level that a season must be better than. step: the
    usual step as it was known at each row, same unit as times.
    """
    found = [
        _judged(values, _expected(times, values, step, period, back), level)
        for period, back in periods.items()
        if times.size and LEAST_PERIODS * period <= times[-1] - times[0]
    ]
    return [season for season in found if season.used.any()]


def _expected(
    times: FloatArray, values: FloatArray, step: FloatArray, period: float, back: int
) -> FloatArray:
    """Median over earlier periods of the median of three rows there, shape (m,)."""
    smooth = _median_of_three(values)
    rows = np.full((back, times.size), np.nan)
    usable = period >= LEAST_STEPS * step
    for number in range(1, back + 1):
        target = times - number * period
        at = np.searchsorted(times, target - step / 2)
        there = np.minimum(at, times.size - 1)
        found = usable & (times[there] <= target + step / 2) & (target >= times[0] - step / 2)
        rows[number - 1] = np.where(found, smooth[there], np.nan)
    rows.sort(axis=0)
    known = np.isfinite(rows).sum(axis=0)
    middle = np.maximum(known - 1, 0)
    columns = np.arange(times.size)
    median = 0.5 * (rows[middle // 2, columns] + rows[(middle + 1) // 2, columns])
    return np.where(known >= LEAST_PERIODS, median, np.nan)


def _median_of_three(values: FloatArray) -> FloatArray:
    """Median of each row with its two neighbours, shape (m,); the ends lean on themselves."""
    before = np.concatenate([values[:1], values[:-1]])
    after = np.concatenate([values[1:], values[-1:]])
    low, high = np.minimum(before, values), np.maximum(before, values)
    return np.asarray(np.maximum(low, np.minimum(high, after)))


def _judged(values: FloatArray, expected: FloatArray, level: FloatArray) -> Season:
    at = np.flatnonzero(np.isfinite(expected))
    error = np.full(values.size, np.nan)
    used = np.zeros(values.size, dtype=bool)
    if at.size > LEAST_ROWS:
        spans = trailing(at.size, MEMORY)
        of_season, of_level = (
            TrailingOrder(np.abs(values[at] - each[at])).quantile(*spans, 0.5)
            for each in (expected, level)
        )
        error[at] = of_season
        used[at] = (of_season < of_level) & (np.arange(at.size) >= LEAST_ROWS)
    return Season(expected, used, error)


def best(found: Sequence[Season], error: FloatArray) -> IntArray:
    """The place of the season in use with the smallest trailing error, shape (m,); -1 = none.

    error: shape (m,), what a season's error must be below.
    """
    chosen = np.full(error.size, -1)
    for place, season in enumerate(found):
        of_season = np.where(season.used, season.error, np.inf)
        chosen = np.where(of_season < error, place, chosen)
        error = np.minimum(error, of_season)
    return chosen
