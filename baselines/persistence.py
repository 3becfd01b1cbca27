"""How much of the last hour's departure from the week goes on, and how large it ordinarily is."""

from __future__ import annotations

import numpy as np

from baselines.calendar import Calendar
from baselines.links import LEVEL_FLOOR, from_link, to_link
from baselines.metrics import Metric
from baselines.ranks import deviation
from baselines.series import FloatArray, IntArray
from baselines.terms import Terms
from baselines.trailing import level

BOUND_SPREADS = 3.0
LEAST_BOUND = 0.05
REACH = 3.0
"""Spreads beyond which a departure counts as that many: one incident must not decide."""


def persistence(
    metric: Metric,
    terms: Terms,
    hours: FloatArray,
    dispersion: FloatArray,
    on: Calendar,
    rows: IntArray,
) -> tuple[float, float]:
    """Weight (0..1) and bound (link scale) of the last hour's level, see Profile.

    terms: of the known windows, whose places in the week are `on` and in time `rows`. hours:
    centres of the hours of the day on the link scale, dispersion: theirs, both of shape (24,).
    Departures are taken from the hour of day, not from the slot that the same windows shaped.
    """
    usual = from_link(metric, hours)
    levels = _levels(metric, terms, usual[on.hour], dispersion[on.hour], rows)
    linked = terms.linked
    if metric.kind == "level":
        linked = np.maximum(linked, np.log(LEVEL_FLOOR))
    now = linked - to_link(metric, usual)[on.hour]
    moved = np.flatnonzero(levels)
    found = levels[moved]
    scale = deviation(found)
    if scale == 0.0:
        return 0.0, LEAST_BOUND
    reach, wide = np.clip(found, -REACH * scale, REACH * scale), REACH * deviation(now)
    next_ = np.clip(now[moved], -wide, wide)
    weight = float(np.clip((reach * next_).sum() / (reach * reach).sum(), 0.0, 1.0))
    return weight, max(BOUND_SPREADS * scale, LEAST_BOUND)


def _levels(
    metric: Metric, terms: Terms, centre: FloatArray, dispersion: FloatArray, rows: IntArray
) -> FloatArray:
    """The level of the hour before each known window, shape (k,)."""
    first, size = int(rows[0]), int(rows[-1] - rows[0]) + 1
    columns = np.full((4, size, 1), np.nan)
    for column, values in zip(columns, (terms.above, terms.below, centre, dispersion), strict=True):
        column[rows - first, 0] = values
    return np.asarray(level(metric, *columns)[rows - first, 0])
