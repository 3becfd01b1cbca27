"""What comes back at the same time every day: nightly jobs, switches on the hour, shift changes.

An hour's centre cannot show a step at its edge or a job of a quarter of an hour. This is the
correction in steps of STEP minutes of the local day that most days agree on, and how much less
sure such a time is than its hour.
"""

from __future__ import annotations

import numpy as np

from baselines.metrics import Metric
from baselines.robust import MAD_TO_SIGMA
from baselines.series import BoolArray, FloatArray, IntArray

STEP = 5
"""Minutes of a step of the day."""
STEPS = 24 * 60 // STEP
LEAST_DAYS = 3
"""Days that must have shown a step before it is believed."""
SURE = 2.0
"""Standard errors by which a correction is shrunk: what chance makes of a few days is not kept."""
PRIOR_EVENTS = 2.0
MOST_WIDENING = 4.0
NEIGHBOURS = 1
"""Steps on either side over which the spread of a time of day is taken: jobs are not punctual."""


HOUR_STEPS = 12
"""Steps on either side whose median spread is ordinary for a time of day."""


def recurrence(
    metric: Metric,
    above: FloatArray,
    below: FloatArray,
    centre: FloatArray,
    day: IntArray,
    step: IntArray,
) -> tuple[FloatArray, FloatArray]:
    """Shift on the link scale and widening (a factor, 1 = as its hour), both of shape (STEPS,).

    above, below: numerator and denominator, shape (m,), NaN = not learned. centre: the week's
    profile at each minute, metric's unit. day, step: local day (any count) and step 0..STEPS-1 of
    each row. The shift is the days' median, shrunk by SURE standard errors; the widening is the
    spread of the days about it over that of the whole day's steps.
    """
    away = _by_day(metric, above, below, centre, day, step)
    seen = np.isfinite(away).sum(axis=0)
    shift, widening = np.zeros(STEPS), np.ones(STEPS)
    if not (seen >= LEAST_DAYS).any():
        return shift, widening
    middle = _median(away)
    strays = np.abs(away - middle)
    spread = _spread(strays)
    ordinary = _around(spread)
    spread = np.where(np.isfinite(spread), np.maximum(spread, ordinary), ordinary)
    error = SURE * 1.2533 * spread / np.sqrt(np.maximum(seen, 1))
    kept = np.sign(middle) * np.maximum(np.abs(middle) - error, 0.0)
    believed = (seen >= LEAST_DAYS) & np.isfinite(middle)
    shift = np.where(believed, np.nan_to_num(kept), 0.0) + 0.0  # no minus zero
    with np.errstate(invalid="ignore", divide="ignore"):
        wider = np.where(ordinary > 0, spread / ordinary, 1.0)
    widening = np.clip(np.nan_to_num(wider, nan=1.0), 1.0, MOST_WIDENING)
    return shift, widening


def _by_day(
    metric: Metric,
    above: FloatArray,
    below: FloatArray,
    centre: FloatArray,
    day: IntArray,
    step: IntArray,
) -> FloatArray:
    """Departure of each step of each day on the link scale, shape (days, STEPS), NaN = not seen."""
    days = int(day.max() - day.min()) + 1
    cell = (day - day.min()) * STEPS + step
    known = np.isfinite(above) & np.isfinite(below) & np.isfinite(centre)
    if metric.kind == "level":
        known &= below >= metric.least
        with np.errstate(divide="ignore", invalid="ignore"):
            away = np.log(above / below) - np.log(centre)
        count = _sum(cell, known.astype(np.float64), days)
        away = _sum(cell, np.where(known, away, 0.0), days) / np.maximum(count, 1.0)
    else:
        away = _pooled(metric, cell, known, above, below, centre, days)
        count = _sum(cell, known.astype(np.float64), days)
    return np.where(count > 0, away, np.nan).reshape(days, STEPS)


def _pooled(
    metric: Metric,
    cell: IntArray,
    known: BoolArray,
    above: FloatArray,
    below: FloatArray,
    centre: FloatArray,
    days: int,
) -> FloatArray:
    """Departure of each cell's added counts, on the link scale."""
    found = _sum(cell, np.where(known, above, 0.0), days)
    if metric.kind == "count":
        expected = _sum(cell, np.where(known, centre, 0.0), days)
        return np.asarray(np.log((found + PRIOR_EVENTS) / (expected + PRIOR_EVENTS)))
    trials = _sum(cell, np.where(known, below, 0.0), days)
    expected = _sum(cell, np.where(known, below * centre / metric.scale, 0.0), days)
    odds = [np.log((x + PRIOR_EVENTS) / (trials - x + PRIOR_EVENTS)) for x in (found, expected)]
    return np.asarray(odds[0] - odds[1])


def _sum(cell: IntArray, values: FloatArray, days: int) -> FloatArray:
    return np.bincount(cell, weights=values, minlength=days * STEPS).astype(np.float64)


def _median(away: FloatArray) -> FloatArray:
    """Median over days, NaN where a step was never seen; shape (STEPS,)."""
    out = np.full(away.shape[1], np.nan)
    seen = np.isfinite(away).any(axis=0)
    out[seen] = np.nanmedian(away[:, seen], axis=0)
    return out


def _around(spread: FloatArray) -> FloatArray:
    """Median spread of the steps within HOUR_STEPS of each, shape (STEPS,)."""
    shifts = range(-HOUR_STEPS, HOUR_STEPS + 1)
    around = np.stack([np.roll(spread, shift) for shift in shifts])
    return np.nan_to_num(_median(around), nan=0.0)


def _spread(strays: FloatArray) -> FloatArray:
    """Spread of each step's days with its neighbours', shape (STEPS,)."""
    around = np.concatenate(
        [np.roll(strays, shift, axis=1) for shift in range(-NEIGHBOURS, NEIGHBOURS + 1)]
    )
    out = np.full(strays.shape[1], np.nan)
    seen = np.isfinite(around).any(axis=0)
    out[seen] = MAD_TO_SIGMA * np.nanmedian(around[:, seen], axis=0)
    return out
