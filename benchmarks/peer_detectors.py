"""What one would take instead, as it comes: where each flags a window, by its own past alone.

Each takes windows and the rows of their first week (or less), and gives where it flags, shape
(m, n). What is fitted is fitted on those rows and frozen; nothing sees labels.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from baselines.series import BoolArray, FloatArray, Windows

HOUR, DAY = 60, 1440
SIGMAS = 3.0
SMOOTHED = 26 * HOUR
"""Minutes over which adaptive bands average the spread."""
LOOK_BACK = (23 * HOUR + 30, 167 * HOUR + 30)
"""How far back, in minutes, they look for the same time of the day and of the week before."""
WIDTH, MARGIN, COVARIATION = 2.0, 0.5, 0.5
"""Deviations, share of the mean, and the least spread over mean that counts, as they come."""
FOR = 6
"""Minutes in a row outside the bands: an alert is held back for five."""
Peer = Callable[[Windows, int], BoolArray]


def measures(windows: Windows) -> FloatArray:
    """What a dashboard shows, shape (m, n, 5): gets, miss share, mean time of a get (ms), share
    of errors, evictions; a minute without gets keeps the value before it, without any it is 0."""
    gets = windows.column("gets")
    asked = np.maximum(gets, 1.0)
    parts = (gets, windows.column("misses") / asked, windows.column("latency_sum_ms") / asked,
             windows.column("errors") / asked, windows.column("evictions"))  # fmt: skip
    found = np.stack(parts, axis=2)
    quiet = ~(gets > 0)
    found[quiet, 1:4] = np.nan
    return _carried(found)


def isolation_forest(windows: Windows, first: int) -> BoolArray:
    """scikit-learn's defaults, one forest a series, flagged where predict says so."""
    from sklearn.ensemble import IsolationForest

    def flags(rows: FloatArray) -> BoolArray:
        forest = IsolationForest(random_state=0).fit(rows[:first])
        return np.asarray(forest.predict(rows) < 0)

    return _each_series(windows, flags)


def ecod(windows: Windows, first: int) -> BoolArray:
    """PyOD's defaults, its contamination of 0.1 among them. Raises ImportError without PyOD."""
    from pyod.models.ecod import ECOD

    def flags(rows: FloatArray) -> BoolArray:
        model = ECOD().fit(rows[:first])
        return np.asarray(model.predict(rows) > 0)

    return _each_series(windows, flags)


def three_sigma(windows: Windows, first: int) -> BoolArray:
    """Any measure beyond three deviations of the hour before it."""
    values = measures(windows)
    mean, spread = _rolling(values, HOUR)
    away = np.abs(values - _later(mean, 1))
    return np.asarray((away > SIGMAS * np.maximum(_later(spread, 1), 1e-9)).any(axis=2))


def adaptive_bands(windows: Windows, first: int) -> BoolArray:
    """Any measure outside its bands for five minutes: the adaptive rules of Grafana's
    promql-anomaly-detection with their own constants.

    The bands are the widest of the last hour's mean and its spread (wild hours only, averaged over
    26 hours), of half that mean, and of an hour's mean and spread a day and a week before. What is
    not above 0 is not looked at.
    """
    values = measures(windows)
    seen = np.where(values > 0, values, np.nan)
    middle, spread = _rolling(seen, HOUR)
    wild = np.where(spread > COVARIATION * middle, spread, np.nan)
    halves = [(middle, WIDTH * _average(wild, SMOOTHED)), (middle, MARGIN * middle)]
    halves += [(_later(middle, ago), WIDTH * _later(spread, ago)) for ago in LOOK_BACK]
    low = np.fmin.reduce([centre - half for centre, half in halves])
    high = np.fmax.reduce([centre + half for centre, half in halves])
    held = np.cumsum((seen < np.maximum(low, 0.0)) | (seen > high), axis=0)
    held[FOR:] -= held[:-FOR].copy()
    return np.asarray((held >= FOR).any(axis=2))


def peers() -> dict[str, Peer]:
    """All that are installed, by name."""
    found: dict[str, Peer] = {"IsolationForest": isolation_forest}
    if find_spec("pyod") is not None:
        found["ECOD (PyOD)"] = ecod
    return {**found, "3 sigma, rolling hour": three_sigma, "adaptive bands": adaptive_bands}


def _each_series(windows: Windows, flags: Callable[[FloatArray], BoolArray]) -> BoolArray:
    values, present = measures(windows), windows.present()
    columns = [flags(values[:, at]) & present[:, at] for at in range(len(windows.keys))]
    return np.stack(columns, axis=1)


def _carried(values: FloatArray) -> FloatArray:
    """NaN filled by the value before it, 0 where there is none; shape kept."""
    rows = np.arange(values.shape[0]).reshape(-1, *(1,) * (values.ndim - 1))
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, rows), axis=0)
    filled = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where(last < 0, 0.0, filled)


def _rolling(values: FloatArray, minutes: int) -> tuple[FloatArray, FloatArray]:
    """Mean and deviation of what is known in so many rows up to each, NaN where nothing is."""
    ahead: npt.NDArray[np.float64] = np.full((minutes - 1, *values.shape[1:]), np.nan)
    padded = np.concatenate([ahead, values])
    mean, spread = np.empty_like(values), np.empty_like(values)
    for since in range(0, values.shape[0], DAY):  # a day at once, for the sake of memory
        part = padded[since : since + DAY + minutes - 1]
        seen = sliding_window_view(part, minutes, axis=0)
        known = np.isfinite(seen)
        count = np.where(known.any(-1), known.sum(-1), np.nan)
        centre = np.where(known, seen, 0.0).sum(-1) / count
        away = np.where(known, seen - centre[..., None], 0.0)
        mean[since : since + DAY] = centre
        spread[since : since + DAY] = np.sqrt((away * away).sum(-1) / count)
    return mean, spread


def _average(values: FloatArray, minutes: int) -> FloatArray:
    """Mean of what is known in so many rows up to each, NaN where nothing is; shape kept."""
    known = np.isfinite(values)
    sums, counts = (
        np.cumsum(each, axis=0) for each in (np.where(known, values, 0.0), known.astype(float))
    )
    for each in (sums, counts):
        each[minutes:] -= each[:-minutes].copy()
    return np.asarray(sums / np.where(counts > 0.5, counts, np.nan))


def _later(values: FloatArray, rows: int) -> FloatArray:
    """What was so many rows before, NaN where there is nothing; shape kept."""
    out = np.full_like(values, np.nan)
    out[rows:] = values[:-rows]
    return out
