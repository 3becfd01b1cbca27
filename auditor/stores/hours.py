"""Hits and misses hour by hour, out of the minutes that are stored."""

from __future__ import annotations

import numpy as np
from psycopg import Connection

from auditor.statistics.whole_hours import HOUR, Hours
from baselines.series import SeriesKey
from baselines.store import instant
from sql import queries


def read_hours(
    connection: Connection, since: int, until: int, cache_name: str | None = None
) -> Hours:
    """The hours of the half-open span [since, until), epoch hours, of every series that has one.

    cache_name: of this cache only. The minutes are those that `read_windows` gives.
    """
    rows = connection.execute(
        queries("auditor")["read_hours"],
        {"since": instant(since * HOUR), "until": instant(until * HOUR), "cache_name": cache_name},
        binary=True,
    ).fetchall()
    found = [SeriesKey(row[0], row[1]) for row in rows]
    keys = tuple(sorted(set(found)))
    place = {key: column for column, key in enumerate(keys)}
    at = np.array([row[2] for row in rows], dtype=np.intp) - since, [place[key] for key in found]
    sums = [np.full((max(until - since, 0), len(keys)), np.nan) for _ in range(2)]
    for column, grid in enumerate(sums, 3):
        grid[at] = [row[column] for row in rows]
    return Hours(since, keys, *sums)
