"""Windows out of the database, baselines in and out; nothing is computed here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from psycopg import Connection
from psycopg.rows import class_row

from baselines.baseline import Baseline
from baselines.profile_rows import ProfileRow, from_rows, to_rows
from baselines.series import COLUMNS, SeriesKey, Windows
from sql import queries

READ = tuple(name for name in COLUMNS if name != "gets")
PROFILE_TYPES = ("text", "int8", "text", "int2", *["float8"] * 6)


@dataclass(frozen=True, slots=True)
class StoredBaseline:
    """One row of cache_baseline_metrics."""

    id: int
    cache_name: str
    implementation_type: str
    version: int
    baseline_period_start: datetime
    baseline_period_end: datetime
    baseline_hit_rate: float | None
    baseline_avg_response_time_ms: float | None
    baseline_p95_response_time_ms: float | None
    baseline_error_rate: float | None
    hit_rate_stddev: float | None
    response_time_stddev: float | None
    sample_size: int
    time_zone: str
    recipe: dict[str, Any]
    is_active: bool
    created_at: datetime

    @property
    def key(self) -> SeriesKey:
        """Whose it is."""
        return SeriesKey(self.cache_name, self.implementation_type)


def instant(minute: int) -> datetime:
    """The aware UTC instant at which an epoch minute starts."""
    return datetime.fromtimestamp(minute * 60, UTC)


def read_windows(
    connection: Connection,
    since: int,
    until: int,
    *,
    also: Iterable[SeriesKey] = (),
    cache_names: Sequence[str] | None = None,
) -> Windows:
    """Closed windows of the half-open span [since, until) of epoch minutes, on a full grid.

    Series are sorted: all that have a window, and those of `also`, which may have none.
    cache_names: of these caches only. A window without a row is NaN in every column.
    """
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(
            queries("baselines")["read_windows"],
            {
                "since": instant(since),
                "until": instant(until),
                "cache_names": None if cache_names is None else list(cache_names),
            },
        ).fetchall()
        named = [column.name for column in cursor.description or ()]
    found = [SeriesKey(row[0], row[1]) for row in rows]
    order = tuple(sorted({*found, *also}))
    column_of = {key: place for place, key in enumerate(order)}
    at = np.array([column_of[key] for key in found], dtype=np.intp)
    minute = np.array([row[2] for row in rows], dtype=np.int64) - since
    numbers = np.array([row[3:] for row in rows], dtype=np.float64)
    numbers = numbers.reshape(len(rows), len(named) - 3)
    columns = {}
    for place, name in enumerate(named[3:]):
        grid = np.full((until - since, len(order)), np.nan)
        grid[minute, at] = numbers[:, place]
        columns[name] = grid
    columns["gets"] = columns["hits"] + columns["misses"] + columns["get_errors"]
    return Windows(since, order, columns)


def write_baselines(
    connection: Connection, baselines: Iterable[Baseline], recipe: Mapping[str, object]
) -> dict[SeriesKey, int]:
    """Puts new baselines in force, each in place of its series' last; returns their ids.

    The caller's transaction holds it all: a reader sees the old set or the new one.
    """
    statements = queries("baselines")
    connection.execute(statements["lock_baselines"])
    ids: dict[SeriesKey, int] = {}
    rows: list[tuple[object, ...]] = []
    for baseline in baselines:
        key = asdict(baseline.key)
        connection.execute(statements["retire_baseline"], key)
        summary = asdict(baseline.summary())
        summary["baseline_period_start"] = instant(baseline.start)
        summary["baseline_period_end"] = instant(baseline.end)
        written = connection.execute(
            statements["write_baseline"],
            {**key, **summary, "time_zone": baseline.time_zone, "recipe": json.dumps(dict(recipe))},
        ).fetchone()
        assert written is not None  # insert … returning one row
        ids[baseline.key] = int(written[0])
        rows += [(baseline.key.cache_name, ids[baseline.key], *row) for row in to_rows(baseline)]
    with connection.cursor().copy(statements["copy_profiles"]) as copy:
        copy.set_types(PROFILE_TYPES)
        for row in rows:
            copy.write_row(row)
    return ids


def list_baselines(
    connection: Connection,
    *,
    every: bool = False,
    cache_name: str | None = None,
    implementation_type: str | None = None,
) -> list[StoredBaseline]:
    """Baselines in force, or every version there is, newest first within a series."""
    with connection.cursor(row_factory=class_row(StoredBaseline)) as cursor:
        return cursor.execute(
            queries("baselines")["list_baselines"],
            {"every": every, "cache_name": cache_name, "implementation_type": implementation_type},
        ).fetchall()


def read_baselines(
    connection: Connection, stored: Sequence[StoredBaseline]
) -> dict[SeriesKey, Baseline]:
    """The baselines of some rows, with their profiles, equal to the bit to what was fitted."""
    rows = connection.execute(
        queries("baselines")["read_profiles"],
        {
            "cache_names": [each.cache_name for each in stored],
            "baseline_ids": [each.id for each in stored],
        },
        binary=True,
    ).fetchall()
    return assembled(rows, stored)


def assembled(
    rows: Iterable[Sequence[Any]], stored: Sequence[StoredBaseline]
) -> dict[SeriesKey, Baseline]:
    """The baselines of their profiles' rows: cache name, baseline's id, then a ProfileRow."""
    profiles: dict[int, list[ProfileRow]] = {each.id: [] for each in stored}
    for _, baseline_id, *row in rows:
        profiles[baseline_id].append(ProfileRow._make([*row[:-1], int(row[-1])]))
    return {
        each.key: from_rows(
            profiles[each.id],
            key=each.key,
            version=each.version,
            time_zone=each.time_zone,
            start=int(each.baseline_period_start.timestamp()) // 60,
            end=int(each.baseline_period_end.timestamp()) // 60,
            sample_size=each.sample_size,
        )
        for each in stored
    }
