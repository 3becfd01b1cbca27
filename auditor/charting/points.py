"""Windows made fewer: sums of counts over sums of counts, never a mean of ratios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.charting.course import COUNTS, Course
from baselines.series import BoolArray, FloatArray

PER_MINUTE = ("sets", "deletes", "evictions", "expirations", "errors")


@dataclass(frozen=True, slots=True)
class Points:
    """k points of `step` minutes from epoch minute `start` on; arrays of shape (k,), NaN unknown.

    minutes: of the point that have a window, 0 where there is a gap.
    hits, misses, gets, operations, errors: the counts behind the rates, of the whole point (gets:
    hits, misses, get errors).
    hit_rate_percent: of hits in hits and misses. error_rate_percent: of errors in operations.
    per_minute: counts over the minutes that have a window, by name, `gets` among them.
    entries, memory_bytes, clients: means over time of what all nodes that told held together.
    fill_percent: memory over the limit, of the nodes that have one.
    completeness: mean of the windows', 0..1. nodes: the most that were heard at once.
    provisional: a window of it was still open.
    """

    start: int
    step: int
    minutes: FloatArray
    hits: FloatArray
    misses: FloatArray
    gets: FloatArray
    operations: FloatArray
    errors: FloatArray
    hit_rate_percent: FloatArray
    error_rate_percent: FloatArray
    per_minute: dict[str, FloatArray]
    entries: FloatArray
    memory_bytes: FloatArray
    memory_limit_bytes: FloatArray
    fill_percent: FloatArray
    clients: FloatArray
    completeness: FloatArray
    nodes: FloatArray
    provisional: BoolArray


def points_of(course: Course, step: int) -> Points:
    """A course by points of `step` minutes, a whole number of its windows each.

    The last point may have fewer windows than the others.
    Raises ValueError where the step does not fit the windows, or the course its grid.
    """
    if step % course.width or course.start % step:
        raise ValueError(
            f"points of {step} minutes do not fit windows of {course.width} from {course.start} on"
        )
    each = step // course.width
    sums = {name: _sum(course.column(name), each) for name in COUNTS}
    minutes = _sum(np.where(course.present(), float(course.width), np.nan), each)
    told = sums["hits"] + sums["misses"]
    gets = told + sums["get_errors"]
    per_minute = {name: _over(sums[name], minutes) for name in PER_MINUTE}
    limited, limit = (
        _sum(course.column(name), each) for name in ("limited_memory_bytes", "memory_limit_bytes")
    )
    return Points(
        start=course.start,
        step=step,
        minutes=np.nan_to_num(minutes),
        hits=sums["hits"],
        misses=sums["misses"],
        gets=gets,
        operations=sums["total_operations"],
        errors=sums["errors"],
        hit_rate_percent=100.0 * _over(sums["hits"], told),
        error_rate_percent=100.0 * _over(sums["errors"], sums["total_operations"]),
        per_minute={"gets": _over(gets, minutes), **per_minute},
        entries=_mean(course.column("entries"), each),
        memory_bytes=_mean(course.column("memory_bytes"), each),
        memory_limit_bytes=_mean(course.column("memory_limit_bytes"), each),
        fill_percent=100.0 * _over(limited, limit),
        clients=_mean(course.column("clients"), each),
        completeness=_mean(course.column("completeness"), each),
        nodes=_most(course.column("nodes"), each),
        provisional=_most(course.column("provisional"), each) > 0,
    )


def longest_of(course: Course, step: int) -> FloatArray:
    """The longest response time of each point, ms, shape (k,); NaN where there was none."""
    return _most(course.column("longest_ms"), step // course.width)


def _lines(values: FloatArray, each: int) -> FloatArray:
    """`each` windows a line, the last filled up with NaN; shape (k, each)."""
    missing = -len(values) % each
    return np.concatenate([values, np.full(missing, np.nan)]).reshape(-1, each)


def _sum(values: FloatArray, each: int) -> FloatArray:
    """Of what is there; NaN where nothing is."""
    lines = _lines(values, each)
    return np.where(np.isfinite(lines).any(axis=1), np.nansum(lines, axis=1), np.nan)


def _mean(values: FloatArray, each: int) -> FloatArray:
    known = np.where(np.isfinite(values), 1.0, np.nan)
    return _over(_sum(values, each), _sum(known, each))


def _most(values: FloatArray, each: int) -> FloatArray:
    lines = np.where(np.isfinite(lines := _lines(values, each)), lines, -np.inf)
    found = lines.max(axis=1)
    return np.where(np.isfinite(found), found, np.nan)


def _over(above: FloatArray, below: FloatArray) -> FloatArray:
    """above / below; NaN where there is nothing below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / below, np.nan)
