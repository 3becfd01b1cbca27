"""The calibrated tails of several series at once, and what a statistic's value is worth by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from auditor.judging.calibration import TIMES, Calibration
from auditor.judging.hours import HOURS
from baselines.series import BoolArray, FloatArray, SeriesKey

MEDIAN_SURPRISE = float(np.log10(2.0))
NUMBERS = 7 + HOURS + len(TIMES)

Calibrations = Mapping[tuple[SeriesKey, str], Calibration]


@dataclass(frozen=True, slots=True)
class Tails:
    """Calibrations side by side; NaN for a series that has none.

    Arrays of shape (n,), hours (HOURS, n), reached and most (len(TIMES), n). rarest: -log10 of the
    rate; most: what is never exceeded at the level that was reached.
    """

    median: FloatArray
    threshold: FloatArray
    rarest: FloatArray
    scale: FloatArray
    shape: FloatArray
    middle: FloatArray
    hours: FloatArray
    reached: FloatArray
    most: FloatArray


def tails(calibrations: Iterable[Calibration | None]) -> Tails:
    """One column for each; None = not judged."""
    columns = [_numbers(each) for each in calibrations]
    table = np.array(columns).reshape(-1, NUMBERS).T
    median, threshold, rate, scale, shape, middle, windows = table[:7]
    hours, reached = table[7 : 7 + HOURS], table[7 + HOURS :]
    most = np.log10(windows / np.array(TIMES)[:, None])
    return Tails(median, threshold, -np.log10(rate), scale, shape, middle, hours, reached, most)


def _numbers(of: Calibration | None) -> tuple[float, ...]:
    if of is None:
        return (np.nan,) * NUMBERS
    return (
        of.median, of.threshold, of.rate, of.scale, of.shape, of.middle, of.windows,
        *of.hours, *of.reached,
    )  # fmt: skip


def surprise(statistic: FloatArray, of: Tails, start: int) -> FloatArray:
    """-log10 of the chance, per minute, of a cluster that reaches this statistic.

    statistic: shape (m, n), rows from epoch minute `start` on; of: of the same n series, NaN where
    one is not judged.
    Below the tail it runs linearly from the median (0.3) to the threshold; it has no upper bound.
    """
    hour = (start + np.arange(statistic.shape[0])) // 60 % HOURS
    even = of.middle + (statistic - of.middle) / of.hours[hour]
    reach = np.maximum(of.threshold - of.median, 1e-12)
    below = np.clip((even - of.median) / reach, -1.0, 1.0)
    out = np.maximum(MEDIAN_SURPRISE + below * (of.rarest - MEDIAN_SURPRISE), 0.0)
    tail = even >= of.threshold
    out[tail] = _beyond(even, of, tail)
    for level, most in zip(of.reached, of.most, strict=True):
        out = np.where((out > most) & (even <= level), most, out)
    out[(even <= of.threshold) & (of.threshold <= of.median)] = 0.0
    return np.asarray(out)


def _beyond(even: FloatArray, of: Tails, tail: BoolArray) -> FloatArray:
    """In the tail, by the generalised Pareto law of the excess; shape (how many are,)."""
    column = np.nonzero(tail)[1]
    over = (even[tail] - of.threshold[column]) / of.scale[column]
    shape = of.shape[column]
    bent = np.log1p(shape * over) / np.where(shape > 0, shape, 1.0)
    return np.asarray(of.rarest[column] + np.where(shape > 0, bent, over) / np.log(10.0))


@dataclass(slots=True)
class TailsKept:
    """The tails of whoever was asked for last, channel by channel: the daemon asks each minute."""

    calibrations: Calibrations
    _keys: tuple[SeriesKey, ...] = ()
    _tails: dict[str, Tails] = field(default_factory=dict)

    def of(self, channel: str, keys: Sequence[SeriesKey]) -> Tails:
        """Of these series for one channel."""
        keys = tuple(keys)
        if keys != self._keys:
            self._keys, self._tails = keys, {}
        found = self._tails.get(channel)
        if found is None:
            found = tails(self.calibrations.get((key, channel)) for key in keys)
            self._tails[channel] = found
        return found
