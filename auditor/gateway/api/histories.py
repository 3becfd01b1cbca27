"""The routes that the page Cache reads: how a series went, how fast it was, its ordinary week."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from psycopg import Connection

from auditor.charting.expected import expected_points
from auditor.charting.points import points_of
from auditor.charting.spans import SPANS, SpanName
from auditor.charting.week import ordinary_week
from auditor.gateway.api import history_answers as answers
from auditor.gateway.api.asking import Instant, Name, unknown_series
from auditor.gateway.api.history_words import (
    counts_of,
    fit_of,
    grid_of,
    said_expected,
    said_week,
    times_of,
)
from auditor.gateway.api.slots import Slots
from auditor.gateway.callers import may_read
from auditor.gateway.gate import Gate, gate_of
from auditor.stores.charting import list_series, read_course, read_marks
from auditor.windows.minutes import epoch_minute, floor_minute
from baselines.baseline import Baseline
from baselines.series import SeriesKey
from baselines.store import list_baselines, read_baselines
from baselines.trailing import LOOKBACK

router = APIRouter(tags=["charts"], dependencies=[Depends(may_read)])
SLOTS = Slots(2, "charts of response times")
MOST_MARKS: Final = 100

Gated = Annotated[Gate, Depends(gate_of)]
Until = Annotated[Instant | None, Query(description="where the span ends; now by default")]


@router.get("/v1/cache/history")
def say_history(
    gate: Gated,
    cache_name: Name,
    implementation_type: Name,
    span: SpanName = "24h",
    until: Until = None,
) -> answers.History:
    """Counts, rates, levels and observations of a series, by at most some thousand points."""
    key, now = SeriesKey(cache_name, implementation_type), datetime.now(UTC)
    shown = SPANS[span]
    ended = _last_minute(until, now)
    since, end = shown.since(ended), shown.end(ended)
    context = LOOKBACK if shown.source == "minutes" else 0
    with gate.readers.taken() as connection:
        _check_known(connection, key)
        begun = since - -(-context // shown.step) * shown.step
        course = read_course(connection, key, shown.source, begun, end)
        marks = read_marks(connection, key, since, end, MOST_MARKS + 1)
        fitted = _baseline(connection, key) if context else None
    points = points_of(course.after(since), shown.step)
    expected = expected_points(course, since, shown.step, fitted[0]) if fitted else []
    kept = sorted(marks[:MOST_MARKS], key=lambda mark: mark.first_window)
    return answers.History(
        cache_name=cache_name,
        implementation_type=implementation_type,
        span=span,
        asked_at=now,
        grid=grid_of(since, end, shown.step, shown.source),
        counts=counts_of(points),
        baseline=fitted[1] if fitted else None,
        expected=[said_expected(each) for each in expected],
        observations=[answers.Mark.model_validate(e, from_attributes=True) for e in kept],
        observations_left_out=len(marks) > MOST_MARKS,
    )


@router.get("/v1/cache/response-times")
def say_response_times(
    gate: Gated,
    cache_name: Name,
    implementation_type: Name,
    span: SpanName = "24h",
    until: Until = None,
) -> answers.ResponseTimes:
    """Quantiles of a series' gets from merged histograms, and a heat map, hits and misses apart."""
    key, now = SeriesKey(cache_name, implementation_type), datetime.now(UTC)
    with SLOTS.taken(), gate.readers.taken() as connection:
        _check_known(connection, key)
        found = times_of(connection, key, SPANS[span], _last_minute(until, now))
    return answers.ResponseTimes(
        cache_name=cache_name,
        implementation_type=implementation_type,
        span=span,
        asked_at=now,
        **found,
    )


@router.get("/v1/cache/week")
def say_week(gate: Gated, cache_name: Name, implementation_type: Name) -> answers.OrdinaryWeek:
    """The week's baseline: what is ordinary in each of its hours."""
    key = SeriesKey(cache_name, implementation_type)
    with gate.readers.taken() as connection:
        _check_known(connection, key)
        fitted = _baseline(connection, key)
    return answers.OrdinaryWeek(
        cache_name=cache_name,
        implementation_type=implementation_type,
        asked_at=datetime.now(UTC),
        baseline=fitted[1] if fitted else None,
        metrics=[said_week(each) for each in ordinary_week(fitted[0])] if fitted else [],
    )


def _last_minute(until: datetime | None, now: datetime) -> int:
    """The epoch minute after the last that is shown: the open minute is."""
    return epoch_minute(floor_minute(now if until is None else until)) + (until is None)


def _check_known(connection: Connection, key: SeriesKey) -> None:
    if not list_series(connection, 1, key):
        raise unknown_series(key.cache_name, key.implementation_type)


def _baseline(
    connection: Connection, key: SeriesKey
) -> tuple[Baseline, answers.BaselineFit] | None:
    stored = list_baselines(
        connection, cache_name=key.cache_name, implementation_type=key.implementation_type
    )
    if not stored:
        return None
    return read_baselines(connection, stored)[key], fit_of(stored[0])
