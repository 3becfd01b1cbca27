"""The refresh: reads history, learns from it, and puts what was learned in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from psycopg import Connection
from psycopg.rows import class_row

from auditor.judging.learning import Learned, learn
from auditor.statistics.thresholds import Thresholds
from auditor.stores.learned import read_versions, write_learned
from auditor.windows.minutes import epoch_minute, floor_minute
from auditor.windows.rollup import try_lock
from auditor.windows.state import read_state, write_state
from baselines.series import BoolArray, SeriesKey, Windows
from baselines.store import instant, read_windows
from sql import queries

LEARNED_ANYWAY = ("false-alarm", "new-normal")
"""Reasons after which a problem's windows are learned all the same."""
FIRST_TRY = timedelta(minutes=10)
"""How often learning is tried while nothing is in force yet."""


@dataclass(frozen=True, slots=True)
class ProblemSpan:
    """When a series had a problem [first_window, until), and what a person said of it."""

    cache_name: str
    implementation_type: str
    first_window: datetime
    until: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What one refresh learned; `learned` is None when another worker was at it."""

    learned: Learned | None
    since: datetime
    until: datetime
    windows: int


def unlearnable(windows: Windows, problems: Sequence[ProblemSpan]) -> BoolArray:
    """Windows that are not learned from, shape (m, n).

    Those inside a problem, unless it was a false alarm; and all before a new normal began.
    """
    out = np.zeros(windows.shape, dtype=np.bool_)
    columns = {key: column for column, key in enumerate(windows.keys)}
    for problem in problems:
        column = columns.get(SeriesKey(problem.cache_name, problem.implementation_type))
        if column is None:
            continue
        first = max(epoch_minute(problem.first_window) - windows.start, 0)
        if problem.reason == "new-normal":
            out[:first, column] = True
        elif problem.reason not in LEARNED_ANYWAY:
            until = windows.end if problem.until is None else epoch_minute(problem.until)
            out[first : max(until - windows.start, 0), column] = True
    return out


def refresh(
    connection: Connection,
    now: datetime,
    *,
    span: timedelta,
    time_zone: str,
    thresholds: Thresholds | None = None,
    seed: int = 0,
) -> Refreshed:
    """Learns from the `span` before the last settled minute, and puts it in force.

    Windows inside problems are left out; a series with too little history keeps what it had.
    thresholds: of the static rules; None for the reference's.
    """
    state = read_state(connection)
    settled = state.get("settled_until", floor_minute(now))
    # score before learning: what has not been scored yet is not learned yet
    until = epoch_minute(min(settled, state.get("scored_until", settled), floor_minute(now)))
    since = until - int(span.total_seconds()) // 60
    with connection.transaction():
        if not try_lock(connection, "refresh"):
            return Refreshed(None, instant(since), instant(until), 0)
        history = _trimmed(read_windows(connection, since, until))
        zones = {key.cache_name: time_zone for key in history.keys}
        exclude = unlearnable(history, read_problems(connection, instant(history.start)))
        learned = learn(
            history, time_zones=zones, exclude=exclude, seed=seed, thresholds=thresholds
        )
        if learned.baselines:
            write_learned(connection, learned, history.start, history.end, now)
        write_state(connection, "last_refresh_at", now)
    count = int(history.present().sum()) if history.keys else 0
    return Refreshed(learned, instant(history.start), instant(until), count)


def _trimmed(history: Windows) -> Windows:
    """The history without the empty minutes before its first window."""
    present = history.present().any(axis=1) if history.keys else np.zeros(0, dtype=np.bool_)
    return history.rows(int(np.argmax(present)), history.shape[0]) if present.any() else history


def read_problems(connection: Connection, since: datetime) -> list[ProblemSpan]:
    """Problems that were not over before `since`, with what people said of them."""
    with connection.cursor(row_factory=class_row(ProblemSpan)) as cursor:
        return cursor.execute(queries("auditor")["read_problem_spans"], {"since": since}).fetchall()


def refresh_is_due(connection: Connection, now: datetime, every: timedelta) -> bool:
    """Whether it is time to learn: `every` so often, sooner while nothing is in force."""
    last = read_state(connection).get("last_refresh_at")
    if last is None:
        return True
    nothing = read_versions(connection)[0] == 0
    return now - last >= (min(every, FIRST_TRY) if nothing else every)
