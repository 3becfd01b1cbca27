"""From what the core finds to what is answered: the same figures under the names of the API."""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np
from psycopg import Connection

from auditor.charting.expected import ExpectedPoints
from auditor.charting.latencies import Merged, heat_of, quantiles
from auditor.charting.points import Points, longest_of
from auditor.charting.spans import ChartSpan, Source
from auditor.charting.week import OrdinaryWeek
from auditor.gateway.api import history_answers as answers
from auditor.gateway.refusals import busy
from auditor.stores.charting import read_course, read_histograms
from baselines.metrics import BY_NAME
from baselines.series import FloatArray, IntArray, SeriesKey
from baselines.store import StoredBaseline, instant
from collector.histogram import EDGES_MS, OVERFLOW, value_of

WORTH_MS: Final = np.array([value_of(number) for number in range(OVERFLOW + 1)])
ALIKE: Final = (
    "hits", "misses", "gets", "operations", "errors", "hit_rate_percent", "error_rate_percent",
    "entries", "memory_bytes", "memory_limit_bytes", "fill_percent", "clients", "completeness",
    "nodes",
)  # fmt: skip
LONGEST_S: Final = 8.0
"""So long histograms are read for one answer, and not for longer."""
QUANTILES: Final = {"p50_ms": 0.50, "p95_ms": 0.95, "p99_ms": 0.99}


def grid_of(since: int, until: int, step: int, source: Source) -> answers.Grid:
    """Of epoch minutes."""
    return answers.Grid(
        since=instant(since), until=instant(until), step_minutes=step, source=source
    )


def fit_of(stored: StoredBaseline) -> answers.BaselineFit:
    """Of a row of cache_baseline_metrics."""
    return answers.BaselineFit(
        version=stored.version,
        fitted_since=stored.baseline_period_start,
        fitted_until=stored.baseline_period_end,
        windows=stored.sample_size,
        time_zone=stored.time_zone,
    )


def counts_of(points: Points) -> answers.Counts:
    """One list a figure."""
    figures: dict[str, Any] = {name: getattr(points, name).tolist() for name in ALIKE}
    figures |= {f"{name}_per_minute": each.tolist() for name, each in points.per_minute.items()}
    return answers.Counts(
        measured_minutes=points.minutes.tolist(),
        provisional=points.provisional.tolist(),
        **figures,
    )


def said_expected(found: ExpectedPoints) -> answers.Expected:
    """With the metric's title and unit."""
    metric = BY_NAME[found.name]
    return answers.Expected(
        metric=metric.name,
        title=metric.title,
        unit=metric.unit,
        centre=found.centre.tolist(),
        lower=None if found.lower is None else found.lower.tolist(),
        upper=None if found.upper is None else found.upper.tolist(),
    )


def said_week(found: OrdinaryWeek) -> answers.WeekOfMetric:
    """With the metric's title and unit."""
    metric = found.metric
    return answers.WeekOfMetric(
        metric=metric.name,
        title=metric.title,
        unit=metric.unit,
        worse=metric.worse,
        centre=found.centre.tolist(),
        lower=found.lower.tolist(),
        upper=found.upper.tolist(),
        windows=found.windows.tolist(),
    )


def times_of(connection: Connection, key: SeriesKey, span: ChartSpan, until: int) -> dict[str, Any]:
    """Response times of a span that ends at an epoch minute, read some windows at a time.

    Raises Refusal (503) when a cache on very many nodes takes too long.
    """
    began_s = time.monotonic()
    end = -(-until // span.times_step) * span.times_step
    since = (end - span.minutes) // span.heat_step * span.heat_step
    merged = Merged(since, span.times_step, (end - since) // span.times_step, len(WORTH_MS))
    for rows in read_histograms(connection, key, span.times_source, since, end):
        merged.add(rows)
        if time.monotonic() - began_s > LONGEST_S:
            raise busy(f"{span.name} of this cache take more than {LONGEST_S:.0f} s; ask for less")
    course = read_course(connection, key, span.times_source, since, end)
    longest = longest_of(course, span.times_step)
    hits, misses = merged.counts[:, 0], merged.counts[:, 1]
    heat = heat_of(merged, np.array(EDGES_MS), span.heat_step)
    return {
        "grid": grid_of(since, end, span.times_step, span.times_source),
        "gets": _quantiles(merged.counts.sum(axis=1), longest),
        "hits": _quantiles(hits, longest),
        "misses": _quantiles(misses, longest),
        "heat": answers.HeatMap(
            since=instant(heat.start),
            step_minutes=heat.step,
            lower_ms=heat.lower_ms.tolist(),
            upper_ms=heat.upper_ms.tolist(),
            hits=heat.counts[0].tolist(),
            misses=heat.counts[1].tolist(),
        ),
    }


def _quantiles(counts: IntArray, longest: FloatArray) -> answers.Quantiles:
    """A quantile is never beyond the longest time that there was, as in the windows themselves."""
    return answers.Quantiles(
        **{name: _capped(quantiles(counts, WORTH_MS, q), longest) for name, q in QUANTILES.items()}
    )


def _capped(found: FloatArray, longest: FloatArray) -> list[float]:
    capped: list[float] = np.where(np.isfinite(found), np.fmin(found, longest), np.nan).tolist()
    return capped
