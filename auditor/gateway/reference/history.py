"""`GET /api/cache-metrics`: windows of the last hours, as the database writes them."""

from __future__ import annotations

from typing import Final, Literal

from psycopg import Connection

from sql import queries

LONGEST_HOURS: Final = 366 * 24
MOST_WINDOWS: Final = 10_000


def history(
    connection: Connection,
    hours: float,
    aggregation: Literal["1min", "1hour"],
    cache_name: str | None,
) -> str:
    """{"metrics", "summary", "truncated"} as JSON; the newest MOST_WINDOWS, oldest first.

    hours: until now, above 0. cache_name: of one cache only; None for all.
    """
    room = queries("reference")
    statement = room["read_minutes"] if aggregation == "1min" else room["read_hours"]
    asked = {
        "hours": int(hours) if hours == int(hours) else hours,
        "cache_name": cache_name,
        "most": MOST_WINDOWS,
    }
    row = connection.execute(statement, asked).fetchone()
    assert row is not None  # an aggregate without a group
    return str(row[0])
