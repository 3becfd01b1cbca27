"""What a comparison reads: implementations, windows a day at a time, histograms, keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from psycopg import Connection
from psycopg.errors import InsufficientPrivilege
from psycopg.rows import class_row

from auditor.comparing.keys import KeyCount
from auditor.comparing.quantiles import HourCount
from baselines.series import SeriesKey, Windows
from baselines.store import instant, read_windows
from sql import queries

STEP = 1440
"""Minutes that are read in one statement."""
MOST_KEYS = 200
"""Keys that are told apart."""


@dataclass(frozen=True, slots=True)
class Implementation:
    """One implementation of a cache, and when it was first and last heard of."""

    cache_name: str
    implementation_type: str
    first_minute: datetime
    last_minute: datetime


def list_implementations(connection: Connection, since: int, until: int) -> list[Implementation]:
    """Every implementation of every cache that was heard of in [since, until), epoch minutes."""
    with connection.cursor(row_factory=class_row(Implementation)) as cursor:
        return cursor.execute(
            queries("comparing")["list_implementations"],
            {"since": instant(since), "until": instant(until)},
        ).fetchall()


def read_pair(
    connection: Connection,
    pair: Sequence[SeriesKey],
    since: int,
    until: int,
    progress: Callable[[float], None],
) -> Windows:
    """The windows of two series of one cache in [since, until), a day at a time.

    progress: told how many minutes more have been read.
    """
    parts = []
    for first in range(since, until, STEP):
        last = min(first + STEP, until)
        found = read_windows(connection, first, last, also=pair, cache_names=[pair[0].cache_name])
        parts.append(found.only(pair))
        progress(last - first)
    names = parts[0].columns if parts else {}
    return Windows(
        since,
        tuple(pair),
        {name: np.concatenate([part.columns[name] for part in parts]) for name in names},
    )


def read_hour_counts(
    connection: Connection, pair: Sequence[SeriesKey], since: int, until: int
) -> list[HourCount]:
    """The hourly histograms of the gets of baseline and candidate in [since, until)."""
    baseline, candidate = pair
    rows = connection.execute(
        queries("comparing")["read_hour_histograms"],
        {
            "cache_name": baseline.cache_name,
            "baseline": baseline.implementation_type,
            "candidate": candidate.implementation_type,
            "since": instant(since),
            "until": instant(until),
        },
        binary=True,
    ).fetchall()
    sides = {baseline.implementation_type: 0, candidate.implementation_type: 1}
    return [HourCount(hour, sides[name], bins, counts) for name, hour, bins, counts in rows]


def count_keys(
    connection: Connection, pair: Sequence[SeriesKey], since: int, until: int
) -> list[KeyCount]:
    """The gets of the MOST_KEYS most asked keys, and of all others, in [since, until).

    Nothing where the login may not read raw events.
    """
    baseline, candidate = pair
    span = {
        "cache_name": baseline.cache_name,
        "baseline": baseline.implementation_type,
        "candidate": candidate.implementation_type,
        "since": instant(since),
        "until": instant(until),
        "most": MOST_KEYS,
    }
    try:
        with connection.transaction(), connection.cursor(row_factory=class_row(KeyCount)) as cursor:
            return cursor.execute(queries("comparing")["count_keys"], span).fetchall()
    except InsufficientPrivilege:
        return []
