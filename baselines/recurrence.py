"""What comes back at the same time every day: nightly jobs, switches on the hour, shift changes.

An hour's centre cannot show a step at its edge or a job of a quarter of an hour. This is the
correction in steps of STEP minutes of the local day that most days agree on, and how much less
sure such a time is than its hour.
"""

from __future__ import annotations

import numpy as np

from baselines.calendar import Calendar
from baselines.links import from_link
from baselines.metrics import Metric
from baselines.ranks import medians
from baselines.robust import MAD_TO_SIGMA
from baselines.series import FloatArray
from baselines.slots import STEPS
from baselines.terms import Terms

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
    metric: Metric, terms: Terms, week: FloatArray, on: Calendar
) -> tuple[FloatArray, FloatArray]:
    """Shift on the link scale and widening (a factor, 1 = as its hour), both of shape (STEPS,).

    terms: of the known windows, whose places in the week are `on`. week: the profile at each minute
    of the week on the link scale, shape (10080,). The shift is the days' median, shrunk by SURE
    standard errors; the widening is the spread of the days about it over that of the whole day's
    steps.
    """
    away = _by_day(metric, terms, week, on)
    seen = np.isfinite(away).sum(axis=1)
    shift, widening = np.zeros(STEPS), np.ones(STEPS)
    if not (seen >= LEAST_DAYS).any():
        return shift, widening
    middle = _median(away)
    strays = np.abs(away - middle[:, None])
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


def _by_day(metric: Metric, terms: Terms, week: FloatArray, on: Calendar) -> FloatArray:
    """Departure of each step of each day on the link scale, shape (STEPS, days), NaN = not seen."""
    count = np.bincount(on.cell, minlength=on.days * STEPS)
    if metric.kind == "level":
        total = _sum(terms.linked - week[on.minute], on)
        away = total / np.maximum(count, 1)
    else:
        away = _pooled(metric, terms, from_link(metric, week)[on.minute], on)
    return np.where(count > 0, away, np.nan).reshape(on.days, STEPS).T


def _pooled(metric: Metric, terms: Terms, centre: FloatArray, on: Calendar) -> FloatArray:
    """Departure of each cell's added counts, on the link scale."""
    found = _sum(terms.above, on)
    if metric.kind == "count":
        expected = _sum(centre, on)
        return np.asarray(np.log((found + PRIOR_EVENTS) / (expected + PRIOR_EVENTS)))
    trials = _sum(terms.below, on)
    expected = _sum(terms.below * centre / metric.scale, on)
    odds = [np.log((x + PRIOR_EVENTS) / (trials - x + PRIOR_EVENTS)) for x in (found, expected)]
    return np.asarray(odds[0] - odds[1])


def _sum(values: FloatArray, on: Calendar) -> FloatArray:
    return np.bincount(on.cell, weights=values, minlength=on.days * STEPS).astype(np.float64)


def _median(lines: FloatArray) -> FloatArray:
    """Median of each line, NaN where nothing finite was seen; shape (STEPS,)."""
    return np.where(np.isfinite(lines).any(axis=1), medians(lines), np.nan)


def _around(spread: FloatArray) -> FloatArray:
    """Median spread of the steps within HOUR_STEPS of each, shape (STEPS,)."""
    return np.nan_to_num(_median(_beside(spread[:, None], HOUR_STEPS)), nan=0.0)


def _spread(strays: FloatArray) -> FloatArray:
    """Spread of each step's days with its neighbours', shape (STEPS,)."""
    return MAD_TO_SIGMA * _median(_beside(strays, NEIGHBOURS))


def _beside(lines: FloatArray, steps: int) -> FloatArray:
    """Each step's line with those of so many steps on either side, round the clock."""
    near = (np.arange(STEPS)[:, None] + np.arange(-steps, steps + 1)) % STEPS
    return np.asarray(lines[near].reshape(STEPS, -1))
