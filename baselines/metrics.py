"""The metrics that are judged or serve as evidence: a new metric is one new line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from baselines.series import FloatArray, Windows

Kind = Literal["ratio", "count", "level"]
Direction = Literal["up", "down", "both"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a series.

    numerator, denominator: names of columns that are added up; a count has no denominator.
    unit: of the value as people read it ('%', 'ms', '/min', '').
    worse: the direction in which a change does harm.
    judged: whether detectors look at it; the others serve causes as evidence.
    least: a window with a smaller count than this says nothing about a ratio or a level.
    """

    name: str
    title: str
    unit: str
    kind: Kind
    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    worse: Direction
    judged: bool = True
    least: float = 1.0

    @property
    def scale(self) -> float:
        """What a plain share is multiplied by for people: 100 for a ratio in percent."""
        return 100.0 if self.unit == "%" else 1.0


METRICS = (
    Metric("hit_rate", "hit rate", "%", "ratio", ("hits",), ("hits", "misses"), "down"),
    Metric("error_rate", "error rate", "%", "ratio", ("errors",), ("total_operations",), "up"),
    Metric("traffic", "traffic", "/min", "count", ("gets",), (), "both"),
    Metric(
        "hit_latency_ms",
        "hit time",
        "ms",
        "level",
        ("hit_latency_sum_ms",),
        ("hits",),
        "up",
        least=5,
    ),
    Metric(
        "miss_latency_ms",
        "load time",
        "ms",
        "level",
        ("miss_latency_sum_ms",),
        ("misses",),
        "up",
        least=3,
    ),
    Metric(
        "response_time_ms",
        "mean response time",
        "ms",
        "level",
        ("latency_sum_ms",),
        ("gets",),
        "up",
        judged=False,
        least=5,
    ),
    Metric(
        "p95_response_time_ms",
        "95th percentile of response time",
        "ms",
        "level",
        ("p95_response_time_ms",),
        (),
        "up",
        judged=False,
    ),
    Metric("hit_p50_ms", "median hit time", "ms", "level", ("hit_p50_ms",), (), "up", judged=False),
    Metric(
        "hit_p95_ms",
        "95th percentile of hit time",
        "ms",
        "level",
        ("hit_p95_ms",),
        (),
        "up",
        judged=False,
    ),
    Metric(
        "miss_p50_ms", "median load time", "ms", "level", ("miss_p50_ms",), (), "up", judged=False
    ),
    Metric(
        "miss_p95_ms",
        "95th percentile of load time",
        "ms",
        "level",
        ("miss_p95_ms",),
        (),
        "up",
        judged=False,
    ),
    Metric(
        "fill_share", "sets per miss", "", "level", ("sets",), ("misses",), "both", judged=False
    ),
    Metric("sets", "sets", "/min", "count", ("sets",), (), "both", judged=False),
    Metric("deletes", "deletes", "/min", "count", ("deletes",), (), "up", judged=False),
    Metric("evictions", "evictions", "/min", "count", ("evictions",), (), "up", judged=False),
    Metric("expirations", "expirations", "/min", "count", ("expirations",), (), "up", judged=False),
    Metric(
        "distinct_keys",
        "distinct keys",
        "/min",
        "count",
        ("distinct_keys",),
        (),
        "up",
        judged=False,
    ),
    Metric("entries", "entries held", "", "level", ("avg_cache_size",), (), "down", judged=False),
    Metric(
        "value_bytes",
        "size of a value set",
        "bytes",
        "level",
        ("bytes_written",),
        ("sets",),
        "up",
        judged=False,
        least=3,
    ),
)

BY_NAME = {metric.name: metric for metric in METRICS}
JUDGED = tuple(metric for metric in METRICS if metric.judged)


def numerator(metric: Metric, windows: Windows) -> FloatArray:
    """The sum above the line, shape (m, n); NaN where the window is missing."""
    return _total(metric.numerator, windows)


def denominator(metric: Metric, windows: Windows) -> FloatArray:
    """The count below the line, shape (m, n): trials of a ratio, gets behind a mean, else ones."""
    if not metric.denominator:
        return np.where(np.isfinite(numerator(metric, windows)), 1.0, np.nan)
    return _total(metric.denominator, windows)


def values(metric: Metric, windows: Windows) -> tuple[FloatArray, FloatArray]:
    """The metric's value in its unit and the count it rests on, both of shape (m, n).

    The value is NaN where the window is missing or the count is below `metric.least`.
    """
    above, below = numerator(metric, windows), denominator(metric, windows)
    return quotient(metric, above, below), below


def quotient(metric: Metric, above: FloatArray, below: FloatArray) -> FloatArray:
    """above / below in the metric's unit; NaN where below is too small to say anything."""
    enough = below >= (metric.least if metric.denominator else 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(enough, metric.scale * above / below, np.nan)


def _total(names: tuple[str, ...], windows: Windows) -> FloatArray:
    total = windows.column(names[0])
    for name in names[1:]:
        total = total + windows.column(name)
    return total
