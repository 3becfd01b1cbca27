"""How much more than chance a metric strays, by hour of day."""

from __future__ import annotations

import numpy as np

from baselines.metrics import Metric, quotient
from baselines.robust import MAD_TO_SIGMA
from baselines.series import FloatArray, IntArray
from baselines.slots import HOURS

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
    metric: Metric, above: FloatArray, below: FloatArray, centre: FloatArray, hour: IntArray
) -> tuple[FloatArray, float]:
    """Dispersion by hour of day, shape (24,), and over all hours; see Profile for its meaning.

    above, below, centre: shape (m,), NaN = not learned; hour: shape (m,).
    """
    measure = {"ratio": _ratio, "count": _count, "level": _level}[metric.kind]
    overall = measure(metric, above, below, centre)
    out = np.full(HOURS, overall)
    for each in range(HOURS):
        rows = (hour == each) & np.isfinite(above) & np.isfinite(below)
        size = int(rows.sum())
        if size:
            own = measure(metric, above[rows], below[rows], centre[rows])
            out[each] = (size * own + STRENGTH * overall) / (size + STRENGTH)
    return np.maximum(out, LONG_RUN_SHARE * overall), overall


def _ratio(metric: Metric, good: FloatArray, trials: FloatArray, centre: FloatArray) -> float:
    """rho of a beta-binomial by moments: E[(k - n p)^2 / (n p q)] = 1 + (n - 1) rho."""
    share = centre / metric.scale
    known = np.isfinite(good) & (trials >= 2)
    if not known.any():
        return RATIO_FLOOR
    good, trials, share = good[known], trials[known], np.clip(share[known], 1e-6, 1 - 1e-6)
    squares = (good - trials * share) ** 2 / (trials * share * (1 - share))
    squares = np.minimum(squares, CLIP * max(float(np.median(squares)) / 0.4549, 1.0))
    return float(np.clip((squares - 1).sum() / (trials - 1).sum(), RATIO_FLOOR, 0.5))


def _count(metric: Metric, found: FloatArray, below: FloatArray, centre: FloatArray) -> float:
    """phi of a negative binomial by moments: E[(x - mu)^2] = mu + phi mu^2."""
    known = np.isfinite(found) & np.isfinite(below)
    found, mean = found[known], centre[known]
    if not known.any() or not (mean > 0).any():
        return COUNT_FLOOR
    squares = (found - mean) ** 2
    scaled = squares / np.maximum(mean, 1e-6)
    squares = np.minimum(squares, CLIP * max(float(np.median(scaled)) / 0.4549, 1.0) * mean)
    return float(np.clip((squares - mean).sum() / (mean**2).sum(), COUNT_FLOOR, 10.0))


def _level(metric: Metric, above: FloatArray, below: FloatArray, centre: FloatArray) -> float:
    """Spread of log(value / centre)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.log(quotient(metric, above, below) / centre)
    away = away[np.isfinite(away)]
    if away.size == 0:
        return LEVEL_FLOOR
    return max(float(np.median(np.abs(away - np.median(away)))) * MAD_TO_SIGMA, LEVEL_FLOOR)
