"""A profile read at any minute: between the middles of two hours, and what recurs at that time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baselines.baseline import Profile
from baselines.links import from_link, to_link
from baselines.metrics import Metric
from baselines.series import FloatArray, IntArray
from baselines.slots import SLOTS, STEP, STEPS, WEEK


@dataclass(frozen=True, slots=True)
class Place:
    """Where minutes lie in the week; arrays of shape (m,).

    first, second: slots whose middles lie before and after. share: how far on to the second.
    step: step of the day.
    """

    first: IntArray
    second: IntArray
    share: FloatArray
    step: IntArray

    @staticmethod
    def of(minutes: IntArray) -> Place:
        """minutes: shape (m,), minutes of the local week."""
        position = (minutes - 30) / 60.0
        before = np.floor(position)
        first = before.astype(np.int64) % SLOTS
        step = (minutes // STEP) % STEPS
        return Place(first, (first + 1) % SLOTS, position - before, step)


EVERY_MINUTE = Place.of(np.arange(WEEK))
"""Of each minute of a week, in order."""


def interpolated(metric: Metric, centre: FloatArray, place: Place) -> FloatArray:
    """Slot centres (168,) at each minute, linear on the link scale, in that scale; shape (m,)."""
    linked = to_link(metric, centre)
    return np.asarray((1 - place.share) * linked[place.first] + place.share * linked[place.second])


def at(metric: Metric, profile: Profile, place: Place) -> tuple[FloatArray, FloatArray]:
    """Centre in the metric's unit and dispersion at each minute, both of shape (m,)."""
    linked = interpolated(metric, profile.centre, place) + profile.daily_shift[place.step]
    centre = from_link(metric, linked)
    dispersion = profile.dispersion
    ordinary = (1 - place.share) * dispersion[place.first] + place.share * dispersion[place.second]
    return centre, widened(metric, ordinary, centre, profile, place)


def widened(
    metric: Metric, dispersion: FloatArray, centre: FloatArray, profile: Profile, place: Place
) -> FloatArray:
    """The dispersion that makes a single minute's spread wider by the factor of its time of day."""
    factor = profile.daily_widening[place.step]
    if metric.kind == "level":
        return np.asarray(dispersion * factor)
    more = factor**2 - 1
    if metric.kind == "count":
        return np.asarray(dispersion * factor**2 + more / np.maximum(centre, 1.0))
    trials = profile.trials / np.maximum(profile.windows, 1.0)
    usual = np.maximum(trials[place.first], 2.0)
    return np.asarray(np.minimum(dispersion * factor**2 + more / (usual - 1), 0.5))
