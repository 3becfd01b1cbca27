"""What a statistic's value is worth: the tail of its own declustered past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from auditor.judging.hours import HourLines, hourly
from baselines.errors import TooFewWindows
from baselines.ranks import median, quantile
from baselines.series import BoolArray, FloatArray

MIN_WINDOWS = 1440
"""Minutes of judged past below which a statistic is not calibrated: one day."""
MINUTES_A_WEEK = 7 * 24 * 60
TAIL_SHARE = 0.02
"""The share of the past that the tail is fitted on."""
QUIET_MINUTES = 10
"""Exceedances closer than this are one cluster: minutes are not independent."""
MIN_CLUSTERS = 10
MOST_SHAPE = 0.25
"""The generalised Pareto shape is held within 0 (exponential) and this."""
MOST_EXCESS = 6.0
"""No cluster counts for more than this many median excesses: a past problem is no yardstick."""
TIMES = (5, 10, 20, 40)
"""What has come this often is never held for rarer than that, whatever law fits the rest."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A statistic's own past, as plain numbers.

    median: of the statistic. threshold: where the tail begins. rate: clusters of minutes above the
    threshold per minute. scale, shape: of the generalised Pareto law of the excess of a cluster's
    maximum. windows: how many minutes it was learned from. middle, hours: the statistic is first
    divided, about its middle, by how much each hour of the UTC day strays (24 factors). reached:
    the levels that TIMES many clusters have reached, infinitely low where fewer clusters were.
    """

    median: float
    threshold: float
    rate: float
    scale: float
    shape: float
    windows: int
    middle: float
    hours: tuple[float, ...]
    reached: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers under their names; `from_dict` is its inverse to the bit."""
        plain = asdict(self)
        plain["reached"] = [each if np.isfinite(each) else None for each in self.reached]
        return plain


def from_dict(numbers: Mapping[str, Any]) -> Calibration:
    """The calibration that `to_dict` took apart. Raises KeyError when a number is missing."""
    names = ("median", "threshold", "rate", "scale", "shape", "middle")
    plain = {name: float(numbers[name]) for name in names}
    return Calibration(
        **plain,
        windows=int(numbers["windows"]),
        hours=tuple(float(each) for each in numbers["hours"]),
        reached=tuple(-np.inf if each is None else float(each) for each in numbers["reached"]),
    )


def fit_calibration(
    statistic: FloatArray,
    on: HourLines,
    *,
    exclude: BoolArray | None = None,
    least_scale: float,
) -> Calibration:
    """Learns the tail of one series' statistic.

    statistic: shape (m,), NaN = not judged; on: the hours of its rows; exclude: shape (m,), minutes
    inside open observations. least_scale: smallest believable scale, in the statistic's own unit.
    Peaks over threshold with declustering (Coles 2001, ch. 5), probability-weighted moments
    (Hosking and Wallis 1987), shape within [0, MOST_SHAPE].
    Raises TooFewWindows below MIN_WINDOWS judged minutes.
    """
    judged = np.isfinite(statistic) if exclude is None else np.isfinite(statistic) & ~exclude
    past = np.where(judged, statistic, -np.inf)
    known = past[judged]
    if known.size < MIN_WINDOWS:
        raise TooFewWindows("the statistic's past", needed=MIN_WINDOWS, found=int(known.size))
    middle = median(known)
    hours = hourly(past - middle, on)
    past = middle + (past - middle) / hours[on.hour]
    known = past[judged]
    size, plain = int(known.size), tuple(float(each) for each in hours)
    centre, threshold = quantile(known, 0.5), quantile(known, 1 - TAIL_SHARE)
    maxima = cluster_maxima(past, threshold)
    reached, excess = _reached(maxima), maxima - threshold
    if excess.size < MIN_CLUSTERS:
        threshold = float(known.max())
        return Calibration(
            centre, threshold, 1 / size, least_scale, 0.0, size, middle, plain, reached
        )
    scale, shape = _pareto(np.minimum(excess, MOST_EXCESS * float(np.median(excess))))
    rate = excess.size / size
    return Calibration(
        centre, threshold, rate, max(scale, least_scale), shape, size, middle, plain, reached
    )


def opening_surprise(false_per_series_week: float) -> float:
    """The surprise that chance alone reaches this often per series and week.

    Raises ValueError unless the budget is above 0.
    """
    if not false_per_series_week > 0:
        raise ValueError(f"the alert budget must be above 0, not {false_per_series_week}")
    return float(-np.log10(false_per_series_week / MINUTES_A_WEEK))


def score(surprises: FloatArray) -> FloatArray:
    """Surprise -> 0 ordinary .. 1 strange, comparable across detectors; NaN stays.

    1 - 2^(-surprise / 2): 0.5 at one in a hundred, 0.75 at one in ten thousand.
    """
    return 1.0 - np.exp2(-surprises / 2.0)


def _reached(maxima: FloatArray) -> tuple[float, ...]:
    """The level that each of TIMES many clusters have reached, -inf where there were fewer."""
    ordered = np.sort(maxima)[::-1]
    return tuple(float(ordered[k - 1]) if ordered.size >= k else float("-inf") for k in TIMES)


def cluster_maxima(past: FloatArray, threshold: float) -> FloatArray:
    """The maximum of each cluster of minutes above the threshold, shape (clusters,).

    past: shape (m,), NaN or -inf counts as quiet. A cluster ends after QUIET_MINUTES below.
    """
    above = np.flatnonzero(past > threshold)
    if above.size == 0:
        return np.empty(0)
    starts = np.flatnonzero(np.diff(above, prepend=above[0] - QUIET_MINUTES - 1) > QUIET_MINUTES)
    return np.asarray(np.maximum.reduceat(past[above], starts), dtype=np.float64)


def _pareto(excess: FloatArray) -> tuple[float, float]:
    """Scale and shape of a generalised Pareto law by probability-weighted moments."""
    ordered = np.sort(excess)
    n = ordered.size
    mean = float(ordered.mean())
    weights = (n - np.arange(1, n + 1)) / (n - 1)
    weighted = float((weights * ordered).mean())
    if mean <= 0:
        return 0.0, 0.0
    shape = 2 - mean / max(mean - 2 * weighted, 1e-12)
    shape = float(np.clip(shape, 0.0, MOST_SHAPE))
    return mean * (1 - shape), shape
