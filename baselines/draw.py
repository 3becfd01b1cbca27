"""The week of a metric as text: seven rows of 24 blocks."""

from __future__ import annotations

import numpy as np

from baselines.baseline import Baseline
from baselines.errors import BaselineError
from baselines.metrics import BY_NAME, Metric
from baselines.slots import DAYS, HOURS

BLOCKS = "▁▂▃▄▅▆▇█"
FLAT = "▄"
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MARGIN = 5


class MetricNotLearned(BaselineError):
    """The baseline has no profile of that metric: it does not exist, or was never measured."""


def draw(baseline: Baseline, metric_name: str) -> list[str]:
    """The ordinary week of one metric, a line for each day, hours 0 to 23 from left to right.

    The lowest hour of the week is the lowest block, the highest the full one; the legend says what
    they stand for, and in whose time zone.
    Raises MetricNotLearned.
    """
    profile = baseline.profiles.get(metric_name)
    if profile is None:
        learned = ", ".join(baseline.profiles)
        raise MetricNotLearned(
            f"{baseline.key} has no baseline of {metric_name!r}; it has {learned}"
        )
    metric = BY_NAME[metric_name]
    week = profile.centre.reshape(DAYS, HOURS)
    low, high = float(week.min()), float(week.max())
    ruler = "".join(f"{hour:<6d}" for hour in range(0, HOURS, 6))
    rows = [
        f"{name:<{MARGIN}}{''.join(_block(value, low, high) for value in day)}"
        for name, day in zip(DAY_NAMES, week, strict=True)
    ]
    return [
        f"{metric.title} of {baseline.key}, hour by hour ({baseline.time_zone})",
        " " * MARGIN + ruler.rstrip(),
        *rows,
        _legend(metric, low, high),
        f"learned from {baseline.sample_size:,} windows; "
        f"ordinary spread {_figure(metric, profile.overall_spread)}",
    ]


def _block(value: float, low: float, high: float) -> str:
    if not high > low:
        return FLAT
    place = (value - low) / (high - low) * len(BLOCKS)
    return BLOCKS[int(np.clip(place, 0, len(BLOCKS) - 1))]


def _legend(metric: Metric, low: float, high: float) -> str:
    if not high > low:
        return f"{FLAT} {_figure(metric, low)} all week"
    return f"{BLOCKS[0]} {_figure(metric, low)}   {BLOCKS[-1]} {_figure(metric, high)}"


def _figure(metric: Metric, value: float) -> str:
    return f"{value:.4g} {metric.unit}".strip().replace(" /", "/")
