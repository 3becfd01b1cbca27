"""What a chart reads: which series there are, one as it went, its histograms, its observations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from psycopg import Connection
from psycopg.rows import class_row

from auditor.charting.course import Course
from auditor.charting.latencies import HistogramRow
from auditor.charting.spans import Source
from auditor.stores.number_arrays import read_as_numpy
from baselines.series import SeriesKey
from baselines.store import instant
from sql import queries

STRETCH = 360
"""Histograms that are read at once, in windows: what lies in memory is bounded."""
WIDTHS: dict[Source, int] = {"minutes": 1, "hours": 60}


@dataclass(frozen=True, slots=True)
class SeriesSeen:
    """A series, how many nodes it has, and when it was first and last heard of."""

    cache_name: str
    implementation_type: str
    nodes: int
    first_minute: datetime
    last_minute: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """An observation as a mark on the axis of time. last_window: the last that was strange.

    implementation_type: whose it is; another one's has reached the series, None is the cache's.
    """

    id: UUID
    severity: str
    title: str
    state: str
    acknowledged: bool
    cause: str | None
    first_window: datetime
    resolved_at: datetime | None
    last_window: datetime | None
    rank: float
    implementation_type: str | None


def list_series(
    connection: Connection, most: int, only: SeriesKey | None = None
) -> list[SeriesSeen]:
    """Every series, or only one, those heard of last first, at most so many."""
    wanted = {
        "most": most,
        "cache_name": None if only is None else only.cache_name,
        "implementation_type": None if only is None else only.implementation_type,
    }
    with connection.cursor(row_factory=class_row(SeriesSeen)) as cursor:
        return cursor.execute(queries("charting")["list_series"], wanted).fetchall()


def read_course(
    connection: Connection, key: SeriesKey, source: Source, since: int, until: int
) -> Course:
    """A series' windows of [since, until), epoch minutes on the windows' grid, as a full grid."""
    width = WIDTHS[source]
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(
            queries("charting")["read_course"], _span(key, source, since, until)
        ).fetchall()
        names = [column.name for column in cursor.description or ()][1:]
    numbers = np.array([row[1:] for row in rows], dtype=np.float64).reshape(len(rows), len(names))
    at = np.array([(row[0] - since) // width for row in rows], dtype=np.intp)
    columns = {}
    for place, name in enumerate(names):
        columns[name] = np.full((until - since) // width, np.nan)
        columns[name][at] = numbers[:, place]
    return Course(since, width, columns)


def read_histograms(
    connection: Connection, key: SeriesKey, source: Source, since: int, until: int
) -> Iterator[list[HistogramRow]]:
    """The histograms of a series' gets in [since, until), some windows at a time."""
    stretch = STRETCH * WIDTHS[source]
    for first in range(since, until, stretch):
        span = _span(key, source, first, min(first + stretch, until))
        with connection.cursor(binary=True) as cursor:
            read_as_numpy(cursor)
            rows = cursor.execute(queries("charting")["read_histograms"], span).fetchall()
        yield [HistogramRow._make(row) for row in rows]


def read_marks(
    connection: Connection, key: SeriesKey, since: int, until: int, most: int
) -> list[Mark]:
    """The observations of a series in [since, until), the weightiest first, at most so many."""
    span = _span(key, "minutes", since, until) | {"most": most}
    with connection.cursor(row_factory=class_row(Mark)) as cursor:
        return cursor.execute(queries("charting")["read_marks"], span).fetchall()


def _span(key: SeriesKey, source: Source, since: int, until: int) -> dict[str, object]:
    return {
        "cache_name": key.cache_name,
        "implementation_type": key.implementation_type,
        "hourly": source == "hours",
        "since": instant(since),
        "until": instant(until),
    }
