"""How much was judged, and what people said of what was told: for the budget's report."""

from __future__ import annotations

from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row

from auditor.observing.achieved import Watched
from sql import queries


def read_watched(connection: Connection, since: datetime) -> list[Watched]:
    """By cache: judged windows since a time, and the observations that began in it."""
    with connection.cursor(row_factory=class_row(Watched)) as cursor:
        return cursor.execute(queries("auditor")["read_watched"], {"since": since}).fetchall()
