"""How much more than chance a metric strays, by hour of day."""

from __future__ import annotations

import numpy as np

from baselines.calendar import Calendar
from baselines.links import from_link
from baselines.metrics import Metric
from baselines.ranks import deviation, deviations, median, medians
from baselines.series import FloatArray
from baselines.slots import HOURS
from baselines.terms import Terms

STRENGTH = 240.0
"""Windows an hour of day needs to count as much as all hours together."""
CLIP = 25.0
"""Squared deviations above 25 variances count as 25: one incident must not widen the week."""
RATIO_FLOOR = 1e-5
COUNT_FLOOR = 1e-4
LEVEL_FLOOR = 0.01
"""A level's spread is at least 1 % of its centre: a quantised or constant one has a MAD of 0."""
LONG_RUN_SHARE = 0.25
"""No hour's spread falls below this share of the long-run one."""


def dispersions(
    metric: Metric, terms: Terms, week: FloatArray, on: Calendar
) -> tuple[FloatArray, float]:
    """Dispersion by hour of day, shape (24,), and over all hours; see Profile for its meaning.

    terms: of the known windows, whose places in the week are `on`. week: the centre at each minute
    of the week on the link scale, shape (10080,).
    """
    measure = {"ratio": _ratio, "count": _count, "level": _level}[metric.kind]
    own, overall = measure(metric, terms, week, on)
    size = np.bincount(on.hour, minlength=HOURS)
    shrunk = (size * own + STRENGTH * overall) / (size + STRENGTH)
    return np.maximum(np.where(size > 0, shrunk, overall), LONG_RUN_SHARE * overall), overall


def _ratio(
    metric: Metric, terms: Terms, week: FloatArray, on: Calendar
) -> tuple[FloatArray, float]:
    """rho of a beta-binomial by moments: E[(k - n p)^2 / (n p q)] = 1 + (n - 1) rho."""
    good, trials = terms.above, terms.below
    if (trials < 2).any():
        rows = np.flatnonzero(trials >= 2)
        good, trials, on = good[rows], trials[rows], on.take(rows)
    if trials.size == 0:
        return np.full(HOURS, RATIO_FLOOR), RATIO_FLOOR
    share = np.clip(from_link(metric, week) / metric.scale, 1e-6, 1 - 1e-6)[on.minute]
    squares = (good - trials * share) ** 2 / (trials * share * (1 - share))
    more = np.bincount(on.hour, weights=trials - 1, minlength=HOURS)
    capped = np.minimum(squares, _most(medians(on.by_hour(squares)))[on.hour])
    excess = np.bincount(on.hour, weights=capped - 1, minlength=HOURS)
    rho = np.clip(excess / np.where(more > 0, more, 1.0), RATIO_FLOOR, 0.5)
    total = np.minimum(squares, _most(np.array(median(squares)))).sum() - squares.size
    return rho, float(np.clip(total / more.sum(), RATIO_FLOOR, 0.5))


def _count(
    metric: Metric, terms: Terms, week: FloatArray, on: Calendar
) -> tuple[FloatArray, float]:
    """phi of a negative binomial by moments: E[(x - mu)^2] = mu + phi mu^2."""
    centre = from_link(metric, week)
    mean = centre[on.minute]
    squares = (terms.above - mean) ** 2
    scaled = squares / np.maximum(mean, 1e-6)
    most = _most(medians(on.by_hour(scaled)))
    capped = np.minimum(squares, most[on.hour] * mean)
    above = np.bincount(on.hour, weights=capped - mean, minlength=HOURS)
    below = np.bincount(on.hour, weights=mean**2, minlength=HOURS)
    phi = np.clip(above / np.where(below > 0, below, 1.0), COUNT_FLOOR, 10.0)
    total = (np.minimum(squares, _most(np.array(median(scaled))) * mean) - mean).sum()
    return phi, float(np.clip(total / below.sum(), COUNT_FLOOR, 10.0))


def _level(
    metric: Metric, terms: Terms, week: FloatArray, on: Calendar
) -> tuple[FloatArray, float]:
    """Spread of log(value / centre)."""
    away = terms.linked - week[on.minute]
    away[~np.isfinite(away)] = np.nan
    found = away[np.isfinite(away)]
    hours = np.nan_to_num(deviations(on.by_hour(away)), nan=LEVEL_FLOOR)
    return np.maximum(hours, LEVEL_FLOOR), max(deviation(found), LEVEL_FLOOR)


def _most(middle: FloatArray) -> FloatArray:
    """What squares are clipped at, from their median: 0.4549 is that of a chi-square of one."""
    return CLIP * np.maximum(np.nan_to_num(middle) / 0.4549, 1.0)
