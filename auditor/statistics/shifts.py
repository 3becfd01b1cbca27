"""A small shift that stays: how far the last hours lie above all that was before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.statistics.whole_hours import REACH
from baselines.series import BoolArray, FloatArray, IntArray

LENGTHS = (3, 6, 12, 24)
"""Hours for which a shift may have lasted by now: a few stand for all of them."""
LEAST_BEFORE = 12
"""Hours before a shift that must be known, and no fewer than it has lasted."""
LEAST_SPREAD = 0.03
"""Smallest believable spread of an hour's departure: 3 %."""
STILL = 0.5
"""Share of a long shift that each shorter length must show."""
QUARTILES = 1.349
"""Standard deviations between the quartiles of a normal law."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Of the rows from REACH - 1 on, shape (h - REACH + 1, n); NaN with too little known before.

    statistic: in spreads, 0 without a shift upwards. mean: the departure over the length that says
    most, 0 without a shift.
    """

    statistic: FloatArray
    mean: FloatArray


def upward_shift(departures: FloatArray) -> Shift:
    """The shift that the last REACH hours show, for each row that has so many.

    departures: shape (h, n), h >= REACH, one an hour, about 0 ordinarily, NaN = unknown.
    The statistic is the largest over LENGTHS of sqrt(L) times the rise of the last L hours: the
    generalised likelihood ratio of a mean that moved at an unknown time, over a window of times
    (Willsky and Jones 1976; Lai 1995). The rise is that of the mean (an unknown hour counts as 0)
    over 0 and over the median of the hours before, in spreads of those (their quartiles, so that
    one bad hour is none): a level that is merely not that of the week is no shift. Each shorter
    length must show at least STILL of it: a shift that is over is none. Every row takes the same
    numbers in the same order.
    """
    rows = departures.shape[0] - REACH + 1
    ordinary = np.where(np.isfinite(departures), departures, 0.0)
    total = np.zeros((rows, departures.shape[1]))
    statistic, mean = np.zeros_like(total), np.zeros_like(total)
    least, known = np.full_like(total, np.inf), np.zeros(total.shape, dtype=np.bool_)
    for back in range(LENGTHS[-1]):
        last, length = REACH - 1 - back, back + 1
        total = total + ordinary[last : last + rows]
        if length in LENGTHS:
            level, spread = _before(departures, length)
            rise = total / length - np.maximum(level, 0.0)
            lasts = np.isfinite(spread) & (least >= STILL * rise)
            found = np.where(lasts, np.sqrt(length) * rise / spread, 0.0)
            least = np.fmin(least, rise)
            mean = np.where(found > statistic, total / length, mean)
            statistic, known = np.maximum(statistic, found), known | np.isfinite(spread)
    return Shift(np.where(known, statistic, np.nan), np.where(known, mean, np.nan))


def unmoved(values: FloatArray, most: float) -> BoolArray:
    """Where a level is what it was, for each row from REACH - 1 on, shape (h - REACH + 1, n).

    values: shape (h, n), NaN = unknown. For each of LENGTHS the median of the last L hours lies
    within `most` of the median of the REACH hours before them, or one of them is not known.
    """
    rows = values.shape[0] - REACH + 1
    out = np.ones((rows, values.shape[1]), dtype=np.bool_)
    spans = np.lib.stride_tricks.sliding_window_view(values, REACH, axis=0)
    for length in LENGTHS:
        now, _ = _quartiles(spans[..., REACH - length :], 1)
        then, _ = _quartiles(spans[..., : REACH - length], 1)
        out &= ~(np.abs(now - then) > most)
    return out


def _before(departures: FloatArray, length: int) -> tuple[FloatArray, FloatArray]:
    """Median and spread of the last REACH hours but the newest `length`, NaN with too few known."""
    spans = np.lib.stride_tricks.sliding_window_view(departures, REACH, axis=0)
    level, apart = _quartiles(spans[..., : REACH - length], max(length, LEAST_BEFORE))
    return level, np.maximum(apart / QUARTILES, LEAST_SPREAD)


def _quartiles(spans: FloatArray, enough: int) -> tuple[FloatArray, FloatArray]:
    """Median and distance of the quartiles over the last axis; NaN where fewer are known."""
    ordered = np.sort(spans, axis=-1)  # NaN comes last
    known = np.isfinite(ordered).sum(axis=-1)
    last = np.maximum(known - 1, 0)

    def at(place: IntArray) -> FloatArray:
        return np.take_along_axis(ordered, place[..., None], axis=-1)[..., 0]

    middle = (at(last // 2) + at(last - last // 2)) / 2
    apart = at(last - last // 4) - at(last // 4)
    few = known < enough
    return np.where(few, np.nan, middle), np.where(few, np.nan, apart)
