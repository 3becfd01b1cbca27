"""Retention: 7 days of raw rows, 30 of minutes, a year of hours, and what hangs on each.

Pinned spans (`load --keep`) stay. A day is trimmed only once every delivery of it is rolled up, so
nothing is lost from its windows; afterwards its windows are final. Everything goes in chunks, each
its own transaction, so that nobody waits and a kill repeats little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from psycopg import Connection

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
        ("trim_baselines", now - keep.hours),
        ("trim_calibrations", now - keep.hours),
        ("trim_forests", now - keep.minutes),
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
) -> dict[str, int] | None:
    """Trims what is older than it is kept. Returns rows removed by statement; None when busy.

    Raw days go as whole partitions ('days' counts them), their weights with them.
    """
    statements = queries("auditor")
    removed: dict[str, int] = {}
    with connection.transaction():
        if not try_lock(connection, "retention"):
            return None
        write_state(connection, "last_retention_at", now)
        days = [
            row[0]
            for row in connection.execute(
                statements["read_retained_days"], {"before": now - keep.raw}
            )
        ]
        pins = [
            Pin(since, until) for since, until, _ in connection.execute(statements["read_pins"])
        ]
    doomed = days_to_trim(days, pins, now, keep)
    for day in doomed:
        with connection.transaction():
            connection.execute(statements["drop_day"], {"day": day})
        removed["trim_weights"] = removed.get("trim_weights", 0) + _in_chunks(
            connection, "trim_weights", {"day": day}
        )
        progress("days", 1)
    removed["days"] = len(doomed)
    for statement, before in trims(now, keep):
        removed[statement] = _in_chunks(connection, statement, {"before": before})
        progress(statement, removed[statement])
    return removed
