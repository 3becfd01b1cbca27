"""Centres of the slots of the week, pulled to their hour's, and those to the centre of all."""

from __future__ import annotations

import numpy as np

from baselines.calendar import Calendar, hours_of
from baselines.links import to_link
from baselines.metrics import Metric
from baselines.ranks import median, medians, ordered, quantiles
from baselines.series import FloatArray
from baselines.slots import DAYS, HOURS, SLOTS
from baselines.terms import Terms

SLOT_STRENGTH = 120.0
"""Windows a slot of the week needs to count as much as its hour of day: two weeks of it."""
HOUR_STRENGTH = 240.0
"""Windows an hour of day needs to count as much as all hours together: four days of it."""
OUTER = 0.02
"""Share of the counts, at each end, that are clipped before their mean is taken."""


def centres(metric: Metric, terms: Terms, on: Calendar) -> tuple[float, FloatArray, FloatArray]:
    """Of all windows in the metric's unit, of the hours (24,) and slots (168,) on the link scale.

    terms: of the known windows, whose places in the week are `on`.
    Slots are shrunk to their hour of day (SLOT_STRENGTH), hours to all (HOUR_STRENGTH).
    """
    count = _sums(np.ones(on.slot.size), on)
    if metric.kind == "ratio":
        good, trials = _sums(terms.above, on), _sums(terms.below, on)
        overall = float(_share(metric, good.sum(), trials.sum()))
        by_slot = _share(metric, good, trials)
        by_hour = _share(metric, _hourly(good), _hourly(trials))
    elif metric.kind == "count":
        lines = on.by_slot(terms.above)
        overall = float(_clipped_means(terms.above[None])[0])
        by_slot, by_hour = _clipped_means(lines), _clipped_means(hours_of(lines))
    else:
        lines = on.by_slot(terms.value)
        overall = median(terms.value)
        by_slot, by_hour = medians(lines), medians(hours_of(lines))
    linked = to_link(metric, np.array(overall))
    hours = _shrunk(metric, by_hour, _hourly(count), np.full(HOURS, linked), HOUR_STRENGTH)
    slots = _shrunk(metric, by_slot, count, hours[np.arange(SLOTS) % HOURS], SLOT_STRENGTH)
    return overall, hours, slots


def _sums(values: FloatArray, on: Calendar) -> FloatArray:
    """Sums by slot of the week, shape (168,)."""
    return np.bincount(on.slot, weights=values, minlength=SLOTS).astype(np.float64)


def _hourly(slots: FloatArray) -> FloatArray:
    """Sums of the slots by hour of day, shape (24,)."""
    return np.asarray(slots.reshape(DAYS, HOURS).sum(axis=0))


def _share(metric: Metric, good: FloatArray, trials: FloatArray) -> FloatArray:
    """Ratios add their counts (never an average of ratios)."""
    return np.asarray(metric.scale * (good + 0.5e-3) / (trials + 1e-3))


def _clipped_means(lines: FloatArray) -> FloatArray:
    """Mean of each line after its outer values are clipped, shape (g,)."""
    up, count = ordered(lines)
    low, high = quantiles(up, count, OUTER), quantiles(up, count, 1 - OUTER)
    held = np.clip(up, low[:, None], high[:, None])
    held[up != up] = 0.0
    return np.asarray(held.sum(axis=1) / np.maximum(count, 1))


def _shrunk(
    metric: Metric, own: FloatArray, count: FloatArray, towards: FloatArray, strength: float
) -> FloatArray:
    """Group centres on the link scale, pulled to `towards` as if that were `strength` windows."""
    pulled = (count * to_link(metric, own) + strength * towards) / (count + strength)
    return np.where(count > 0, pulled, towards)
