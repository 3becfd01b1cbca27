"""What the page *Now* reads: series, their last minutes, collectors, and how far all of it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from psycopg import Connection
from psycopg.rows import class_row

from baselines.baseline import Baseline
from baselines.series import SeriesKey, Windows
from baselines.store import StoredBaseline, assembled, instant
from sql import queries

ROOM: Final = "gateway_pages"


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A series, and when it was first and last heard of. found: how many there are in all."""

    cache_name: str
    implementation_type: str
    first_minute: datetime
    last_minute: datetime
    found: int

    @property
    def key(self) -> SeriesKey:
        """Whose it is."""
        return SeriesKey(self.cache_name, self.implementation_type)


@dataclass(frozen=True, slots=True)
class OpenMinute:
    """A minute that is not over, or not closed, as far as it is known."""

    cache_name: str
    implementation_type: str
    minute_window: datetime
    gets: int
    hits: int
    misses: int
    errors: int


@dataclass(frozen=True, slots=True)
class Speakers:
    """Collectors of the last day. heard: now; silent: they ended without a word."""

    heard: int
    silent: int
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Totals:
    """collectors, series: ever heard of, as far as it is kept."""

    collectors: int
    series: int
    open_observations: int


def list_series(connection: Connection, since: datetime, most: int) -> list[SeriesRow]:
    """Series heard of since then, by name; the first so many."""
    with connection.cursor(row_factory=class_row(SeriesRow)) as cursor:
        return cursor.execute(
            queries(ROOM)["list_series"], {"since": since, "most": most}
        ).fetchall()


def read_lookups(
    connection: Connection, keys: Sequence[SeriesKey], since: int, until: int
) -> Windows:
    """Hits and misses of the closed minutes [since, until), epoch minutes, of these series."""
    place = {key: column for column, key in enumerate(keys)}
    grids = {name: np.full((until - since, len(keys)), np.nan) for name in ("hits", "misses")}
    rows = connection.execute(
        queries(ROOM)["read_lookups"],
        {"since": instant(since), "until": instant(until)},
        binary=True,
    )
    for cache_name, implementation_type, minutes, hits, misses in rows:
        column = place.get(SeriesKey(cache_name, implementation_type))
        if column is not None:
            at = np.array(minutes, dtype=np.intp) - since
            grids["hits"][at, column], grids["misses"][at, column] = hits, misses
    return Windows(since, tuple(keys), grids)


def read_open_minutes(connection: Connection, since: datetime) -> dict[SeriesKey, OpenMinute]:
    """The newest minute of each series that is not closed."""
    with connection.cursor(row_factory=class_row(OpenMinute)) as cursor:
        rows = cursor.execute(queries(ROOM)["read_open_minutes"], {"since": since}).fetchall()
    return {SeriesKey(row.cache_name, row.implementation_type): row for row in rows}


def read_last_scores(
    connection: Connection, minute: datetime
) -> dict[SeriesKey, tuple[float | None, str | None]]:
    """(surprise, why it was not judged) of each series in one minute."""
    rows = connection.execute(queries(ROOM)["read_last_scores"], {"minute": minute})
    return {SeriesKey(row[0], row[1]): (row[2], row[3]) for row in rows}


def count_minutes_with_traffic(
    connection: Connection, keys: Collection[SeriesKey], since: datetime
) -> dict[SeriesKey, int]:
    """How many minutes of some series held operations."""
    if not keys:
        return {}
    asked = {
        "cache_names": [key.cache_name for key in keys],
        "implementation_types": [key.implementation_type for key in keys],
        "since": since,
    }
    rows = connection.execute(queries(ROOM)["count_minutes_with_traffic"], asked)
    return {SeriesKey(row[0], row[1]): row[2] for row in rows}


def read_metric_baselines(
    connection: Connection, stored: Sequence[StoredBaseline], metric_name: str
) -> dict[SeriesKey, Baseline]:
    """Some baselines with the profile of one metric alone: all of a thousand series is too much."""
    rows = connection.execute(
        queries(ROOM)["read_metric_profiles"],
        {
            "metric": metric_name,
            "cache_names": [each.cache_name for each in stored],
            "baseline_ids": [each.id for each in stored],
        },
        binary=True,
    ).fetchall()
    return assembled(rows, stored)


def read_speakers(connection: Connection, now: datetime, expected_for: timedelta) -> Speakers:
    """Who delivers. expected_for: a collector is expected so long after it was last heard of."""
    with connection.cursor(row_factory=class_row(Speakers)) as cursor:
        found = cursor.execute(
            queries(ROOM)["read_speakers"],
            {"since": now - timedelta(days=1), "expected_since": now - expected_for},
        ).fetchone()
    assert found is not None  # counts are one row
    return found


def read_totals(connection: Connection) -> Totals:
    """What was ever heard of, and what is open."""
    with connection.cursor(row_factory=class_row(Totals)) as cursor:
        found = cursor.execute(queries(ROOM)["read_totals"]).fetchone()
    assert found is not None  # counts are one row
    return found
