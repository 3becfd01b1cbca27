"""Retention: 7 days of raw rows, 30 of minutes, a year of hours, and what hangs on each.

Pinned spans (`load --keep`) stay. A day is trimmed only once every delivery of it is rolled up, so
nothing is lost from its windows; afterwards its windows are final. Everything goes in chunks, each
its own transaction, so that nobody waits and a kill repeats little. Dropping a day needs the table
for itself for a moment; where somebody reads it for longer, the day is left for the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from psycopg import Connection, Rollback
from psycopg.errors import DeadlockDetected, LockNotAvailable

from auditor.windows.rollup import try_lock
from auditor.windows.state import write_state
from sql import queries

CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Keep:
    """How long each kind of row is kept."""

    raw: timedelta = timedelta(days=7)
    minutes: timedelta = timedelta(days=30)
    hours: timedelta = timedelta(days=365)
    changes: timedelta = timedelta(days=7)
    ledger: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Pin:
    """A half-open span that retention leaves alone."""

    since: datetime
    until: datetime


Fate = Literal["dropped", "gone", "unrolled", "locked"]
"""What became of a day that is old enough: dropped now, gone before, or left where it is."""


@dataclass(frozen=True, slots=True)
class Retained:
    """What one pass removed, and what it had to leave for the next.

    removed: rows by statement; under 'days' the days of raw events, each a whole partition.
    unrolled: days with deliveries that no rollup has seen. locked: days that somebody reads.
    """

    removed: Mapping[str, int]
    unrolled: tuple[date, ...] = ()
    locked: tuple[date, ...] = ()

    @property
    def rows(self) -> int:
        """Rows removed; a day's partition counts as one."""
        return sum(self.removed.values())

    def left(self) -> Iterator[str]:
        """A sentence for each kind of day that was left."""
        for days, why in (
            (self.unrolled, "has deliveries that no rollup has seen"),
            (self.locked, "is being read"),
        ):
            if days:
                named = ", ".join(day.isoformat() for day in days)
                yield f"the raw rows of {named} stay until the next retention: the day {why}"


def days_to_trim(
    days: Iterable[date], pins: Sequence[Pin], now: datetime, keep: Keep
) -> list[date]:
    """Days of which every instant is older than `keep.raw` and none is pinned, oldest first."""

    def starts(day: date) -> datetime:
        return datetime.combine(day, time(), UTC)

    return [
        day
        for day in sorted(days)
        if starts(day) + timedelta(days=1) <= now - keep.raw
        and not any(
            pin.since < starts(day) + timedelta(days=1) and starts(day) < pin.until for pin in pins
        )
    ]


def trims(now: datetime, keep: Keep) -> list[tuple[str, datetime]]:
    """Statement and horizon of every table that is trimmed by age in chunks."""
    return [
        ("trim_windows_1min", now - keep.minutes),
        ("trim_histograms_1min", now - keep.minutes),
        ("trim_window_scores", now - keep.minutes),
        ("trim_score_runs", now - keep.minutes),
        ("trim_windows_1hour", now - keep.hours),
        ("trim_histograms_1hour", now - keep.hours),
        ("trim_changes", now - keep.changes),
        ("trim_ledger", now - keep.ledger),
        ("trim_collectors", now - keep.minutes),
        ("trim_servers", now - keep.minutes),
        ("trim_baselines", now - keep.hours),
        ("trim_calibrations", now - keep.hours),
        ("trim_forests", now - keep.minutes),
        ("trim_notifications", now - keep.minutes),
    ]


def _in_chunks(connection: Connection, statement: str, parameters: dict[str, object]) -> int:
    """Deletes until nothing is left to delete; returns how many rows."""
    removed = 0
    while True:
        with connection.transaction():
            found = connection.execute(
                queries("auditor")[statement], {**parameters, "most": CHUNK}
            ).rowcount
        removed += found
        if found < CHUNK:
            return removed


def retain(
    connection: Connection,
    now: datetime,
    keep: Keep,
    progress: Callable[[str, int], None] = lambda _what, _rows: None,
) -> Retained | None:
    """Trims what is older than it is kept; None when another worker begins to at this moment."""
    removed: dict[str, int] = {"days": 0, "trim_weights": 0, "trim_gauges": 0}
    left: dict[Fate, list[date]] = {"unrolled": [], "locked": []}
    with connection.transaction():
        if not try_lock(connection, "retention"):
            return None
        write_state(connection, "last_retention_at", now)
        doomed = _doomed(connection, now, keep)
    for day in doomed:
        fate = _drop(connection, day)
        if fate in left:
            left[fate].append(day)
            continue
        removed["days"] += fate == "dropped"
        for statement in ("trim_weights", "trim_gauges"):
            removed[statement] += _in_chunks(connection, statement, {"day": day})
        progress("days", 1)
    for statement, before in trims(now, keep):
        removed[statement] = _in_chunks(connection, statement, {"before": before})
        progress(statement, removed[statement])
    return Retained(removed, tuple(left["unrolled"]), tuple(left["locked"]))


def _doomed(connection: Connection, now: datetime, keep: Keep) -> list[date]:
    """Days whose raw rows are older than they are kept, pinned ones left out."""
    statements = queries("auditor")
    before = {"before": now - keep.raw}
    days = [row[0] for row in connection.execute(statements["read_retained_days"], before)]
    pins = [Pin(since, until) for since, until, _ in connection.execute(statements["read_pins"])]
    return days_to_trim(days, pins, now, keep)


def _drop(connection: Connection, day: date) -> Fate:
    """Drops a day's partition and closes the day, unless that must wait."""
    statements = queries("auditor")
    fate: Fate = "unrolled"
    if _is_unrolled(connection, day):
        return fate
    try:
        with connection.transaction():
            connection.execute(statements["wait_briefly"])
            row = connection.execute(statements["drop_day"], {"day": day}).fetchone()
            # those who were writing have finished; what they delivered meanwhile takes it back
            if _is_unrolled(connection, day):
                raise Rollback
            fate = "dropped" if row and row[0] else "gone"
    except (LockNotAvailable, DeadlockDetected):
        return "locked"
    return fate


def _is_unrolled(connection: Connection, day: date) -> bool:
    rows = connection.execute(queries("auditor")["read_unrolled_days"])
    return any(unrolled == day for (unrolled,) in rows)
