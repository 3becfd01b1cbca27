"""What was to be expected at each point: a band where a point is a minute, else the centre alone.

The band of a minute says nothing of ten minutes together, whose noise partly cancels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.charting.course import Course
from baselines.baseline import Baseline
from baselines.expectation import expect
from baselines.metrics import BY_NAME, denominator
from baselines.series import FloatArray

SHOWN = ("hit_rate", "traffic")
"""Metrics whose expectation is drawn beside them."""


@dataclass(frozen=True, slots=True)
class ExpectedPoints:
    """Shape (k,) each, in the metric's unit, NaN unknown; lower and upper None where there is no
    band. name: of the metric."""

    name: str
    centre: FloatArray
    lower: FloatArray | None
    upper: FloatArray | None


def expected_points(
    course: Course, since: int, step: int, baseline: Baseline
) -> list[ExpectedPoints]:
    """Of each metric of SHOWN that the baseline knows, from epoch minute `since` on.

    course: minutes, with baselines.trailing.LOOKBACK of them before `since`, where the level of
    the last hour is taken from. Of several minutes: the share that the gets that came should have
    had as hits, and the mean traffic of the minutes that there are.
    Raises ValueError for a course of hours.
    """
    windows = course.windows(baseline.key)
    found = []
    for name in SHOWN:
        if name not in baseline.profiles:
            continue
        metric = BY_NAME[name]
        at = expect(metric, windows, {baseline.key: baseline}).after(since - course.start)
        centre, lower, upper = at.centre[:, 0], at.lower[:, 0], at.upper[:, 0]
        if step == 1:
            there = course.after(since).present()
            # a count is expected whether it came or not; where nothing was heard, nothing is said
            band = [np.where(there, each, np.nan) for each in (centre, lower, upper)]
            found.append(ExpectedPoints(name, *band))
        else:
            weight = denominator(metric, windows)[since - course.start :, 0]
            found.append(ExpectedPoints(name, _together(centre, weight, step), None, None))
    return found


def _together(centre: FloatArray, weight: FloatArray, step: int) -> FloatArray:
    """The weighted mean of each `step` minutes; NaN where nothing weighs."""
    missing = -len(centre) % step
    known = np.isfinite(centre) & np.isfinite(weight)
    weights = np.pad(np.where(known, weight, 0.0), (0, missing)).reshape(-1, step)
    values = np.pad(np.where(known, centre, 0.0), (0, missing)).reshape(-1, step)
    total = weights.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0, (weights * values).sum(axis=1) / total, np.nan)
