"""`GET /v1/now`: every series as it is, what is open, and whether all of it is of now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from psycopg import Connection

from auditor.gateway.api.board import STEP, Board, Course, board_of
from auditor.gateway.api.briefs import brief
from auditor.gateway.api.figures import Figures, numbers
from auditor.gateway.api.freshness import EXPECTED_FOR, staleness
from auditor.gateway.api.now_reply import Expected, HitRateCourse, Now, OpenMinuteNow, SeriesNow
from auditor.gateway.api.standing import ORDER, Known, Standing, by_series, standing
from auditor.gateway.callers import Caller, may_read
from auditor.gateway.gate import Gate, gate_of
from auditor.gateway.live.messages import Liveness
from auditor.stores.current import (
    OpenMinute,
    SeriesRow,
    Speakers,
    Totals,
    list_series,
    read_last_scores,
    read_open_minutes,
    read_speakers,
    read_totals,
)
from auditor.stores.observations import ObservationRow, list_observations
from auditor.windows.minutes import MINUTE, epoch_minute, floor_minute, from_epoch_minute
from auditor.windows.state import read_state
from baselines.store import read_windows

router = APIRouter(tags=["dashboard"])

MOST_SERIES: Final = 2000
MOST_OPEN: Final = 500
SHOWN_OBSERVATIONS: Final = 50
HEARD_WITHIN: Final = timedelta(hours=24)
RECENT: Final = 10
"""Minutes in which a series' last window is looked for."""


@router.get("/v1/now")
def say_now(
    gate: Annotated[Gate, Depends(gate_of)],
    board: Annotated[Board, Depends(board_of)],
    caller: Annotated[Caller, Depends(may_read)],
    response: Response,
) -> Now:
    """Every cache and implementation as it is now, and what is open."""
    response.headers["Cache-Control"] = "no-store"
    with gate.readers.taken() as connection:
        return read_now(connection, board, gate.hub.liveness, datetime.now(UTC))


def read_now(connection: Connection, board: Board, notices: Liveness, now: datetime) -> Now:
    """All of it, as the database has it at `now`."""
    state = read_state(connection)
    settled = state.get("settled_until") or floor_minute(now)
    speakers = read_speakers(connection, now, EXPECTED_FOR)
    totals = read_totals(connection)
    opened = list_observations(connection, state="open", most=MOST_OPEN)
    rows = list_series(connection, min(now, settled) - HEARD_WITHIN, MOST_SERIES)
    series = _series(connection, board, rows, opened, now, settled, state.get("scored_until"))
    return Now(
        now=now,
        settled_until=state.get("settled_until"),
        scored_until=state.get("scored_until"),
        last_tick_at=state.get("last_tick_at"),
        stale=staleness(now, state, speakers, totals, notices),
        **_counts(speakers, totals),
        series=series,
        series_left_out=rows[0].found - len(rows) if rows else 0,
        observations=[brief(row) for row in opened[:SHOWN_OBSERVATIONS]],
        open_observations=totals.open_observations,
    )


def _counts(speakers: Speakers, totals: Totals) -> dict[str, int]:
    return {
        "collectors_heard": speakers.heard,
        "collectors_silent": speakers.silent,
        "collectors_ever": totals.collectors,
        "series_ever": totals.series,
    }


def _series(
    connection: Connection,
    board: Board,
    rows: Sequence[SeriesRow],
    opened: Sequence[ObservationRow],
    now: datetime,
    settled: datetime,
    scored: datetime | None,
) -> list[SeriesNow]:
    if not rows:
        return []
    keys, until = [row.key for row in rows], epoch_minute(floor_minute(settled))
    courses = board.courses(connection, keys, until)
    windows = read_windows(connection, until - RECENT, until, also=keys)
    figures = Figures(windows)
    scores = {} if scored is None else read_last_scores(connection, floor_minute(scored) - MINUTE)
    unknown = [key for key in keys if scores.get(key, (None, None))[0] is None]
    traffic = board.with_traffic(connection, unknown, until)
    minutes_open = read_open_minutes(connection, settled)
    reached = by_series(opened)
    found = []
    for row in rows:
        key = row.key
        what = Known(
            row.first_minute, figures.last_minute(key) or _older(row, settled), courses[key].held,
            scores.get(key), traffic.get(key, 0), reached.get(key, ()),
        )  # fmt: skip
        found.append(
            _series_now(row, standing(what, now, settled), figures.of(key), courses[key],
                        minutes_open.get(key))
        )  # fmt: skip
    return _worst_cache_first(found)


def _worst_cache_first(found: Sequence[SeriesNow]) -> list[SeriesNow]:
    """The implementations of a cache together, the caches by the worst of theirs, then by name."""
    worst: dict[str, int] = {}
    for each in found:
        place = ORDER[each.state]
        worst[each.cache_name] = min(place, worst.get(each.cache_name, place))
    return sorted(
        found, key=lambda each: (worst[each.cache_name], each.cache_name, each.implementation_type)
    )


def _older(row: SeriesRow, settled: datetime) -> datetime | None:
    """The last window of a series that has none of the last minutes."""
    return row.last_minute if row.last_minute < settled - RECENT * MINUTE else None


def _series_now(
    row: SeriesRow,
    found: Standing,
    figures: Mapping[str, float | None],
    course: Course,
    minute: OpenMinute | None,
) -> SeriesNow:
    at = figures.get("minute")
    # the band is of the board's last minute; of an older window there is none
    of_last = at is not None and int(at) == course.start + course.hit_rate.size * STEP - 1
    names = ("hit_rate_percent", "traffic_per_min", "p95_response_time_ms", "error_rate_percent",
             "errors_per_min", "completeness_ratio")  # fmt: skip
    return SeriesNow(
        cache_name=row.cache_name,
        implementation_type=row.implementation_type,
        state=found.state,
        says=found.says,
        observation_id=None if found.observation is None else str(found.observation.id),
        judged_from=found.judged_from,
        last_minute=row.last_minute,
        minute_window=None if at is None else from_epoch_minute(int(at)),
        expected_hit_rate_percent=_expected(course) if of_last else None,
        open_minute=None if minute is None else _open_minute(minute),
        course=HitRateCourse(
            start=from_epoch_minute(course.start),
            step_minutes=STEP,
            hit_rate_percent=numbers(course.hit_rate),
            lower_percent=numbers(course.lower),
            upper_percent=numbers(course.upper),
        ),
        **{name: figures.get(name) for name in names},
    )


def _expected(course: Course) -> Expected | None:
    if not isfinite(course.last_centre):
        return None
    return Expected(centre=course.last_centre, lower=course.last_lower, upper=course.last_upper)


def _open_minute(minute: OpenMinute) -> OpenMinuteNow:
    asked = minute.hits + minute.misses
    return OpenMinuteNow(
        minute_window=minute.minute_window,
        gets=minute.gets,
        hit_rate_percent=100.0 * minute.hits / asked if asked else None,
        errors=minute.errors,
    )
