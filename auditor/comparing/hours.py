"""Hours of the day in which the candidate loses, whatever it does over all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.comparing.blocks import Blocks
from auditor.comparing.paired import Paired
from auditor.comparing.sequence import SPREAD
from baselines.series import FloatArray
from baselines.slots import HOURS, hour_of_day, slots

FEWEST_DAYS = 3
"""Blocks that an hour of the day has before it is judged."""


@dataclass(frozen=True, slots=True)
class HourOfDay:
    """One measure in one hour of the day, local time of the settings' zone.

    estimate, lower, upper: the difference in the measure's unit. blocks: how many days it is of.
    losing: whether the candidate is worse there, for sure and by the margin.
    """

    measure: str
    hour: int
    estimate: float
    lower: float
    upper: float
    blocks: int
    losing: bool


def by_hour(
    paired: Paired, blocks: Blocks, *, time_zone: str, alpha: float, margin: float
) -> tuple[HourOfDay, ...]:
    """The difference by hour of the day; nothing where blocks are longer than an hour.

    The spread is that within the hours, pooled over all of them. The intervals hold for the 24
    hours and all looks together: alpha / 24 each (Bonferroni), normal mixture of Robbins (1970).
    Raises zoneinfo.ZoneInfoNotFoundError for an unknown zone.
    """
    seen = paired.weights > 0
    if blocks.minutes != 60 or not seen.any():
        return ()
    hour = hour_of_day(slots(blocks.starts[seen], time_zone))
    w, d = paired.weights[seen], paired.differences[seen]
    n, weight, moment = (np.bincount(hour, of, HOURS) for of in (None, w, w * d))
    enough = n >= FEWEST_DAYS
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = moment / weight
    freedom = int(seen.sum() - (n > 0).sum())
    if freedom < HOURS or not enough.any():
        return ()
    variance = float((w * (d - mean[hour]) ** 2).sum()) / freedom
    half = np.sqrt(np.maximum(variance, paired.floor * w.mean()) / np.where(enough, weight, 1.0))
    half = half * _mixture(n.astype(np.float64), alpha / HOURS)
    found = []
    for each in np.flatnonzero(enough):
        ends = (mean[each], mean[each] - half[each], mean[each] + half[each])
        middle, low, high = (float(paired.reported(np.asarray(end))) for end in ends)
        up = paired.measure.better == "up"
        losing = (high < 0 and middle <= -margin) if up else (low > 0 and middle >= margin)
        found.append(
            HourOfDay(paired.measure.name, int(each), middle, low, high, int(n[each]), losing)
        )
    return tuple(found)


def _mixture(n: FloatArray, alpha: float) -> FloatArray:
    """How many standard errors a mean of n may be off at any look, its variance known."""
    grown = SPREAD * np.maximum(n, 1.0)
    found: FloatArray = np.sqrt((1.0 + 1.0 / grown) * (np.log1p(grown) - 2.0 * np.log(alpha)))
    return found
