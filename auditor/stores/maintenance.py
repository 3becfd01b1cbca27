"""Maintenance as rows: planning, listing, ending, removing, and what may hold in a span of time."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from auditor.errors import NothingFound
from auditor.maintaining.errors import MaintenanceInvalid
from auditor.maintaining.every import every_of
from auditor.maintaining.maintenance import Maintenance, Once, Recurring
from sql import queries

logger = logging.getLogger("auditor")


@dataclass(frozen=True, slots=True)
class MaintenanceRow:
    """One row of cache_maintenance; what each column says is told there."""

    id: int
    cache_name: str | None
    implementation_type: str | None
    since: datetime
    until: datetime | None
    every: str | None
    starts_at: time | None
    lasts: timedelta | None
    time_zone: str
    reason: str
    entered_by: str
    entered_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    cut_at: list[datetime]

    def maintenance(self) -> Maintenance:
        """What the row says. Raises MaintenanceInvalid for what was written by hand, wrongly."""
        return Maintenance(
            self._when(), self.cache_name, self.implementation_type, self.reason, self.entered_by,
            self.time_zone, self.id, self.ended_at, tuple(self.cut_at),
        )  # fmt: skip

    def _when(self) -> Once | Recurring:
        if self.every is None or self.starts_at is None or self.lasts is None:
            if self.until is None:
                raise MaintenanceInvalid("it has no end")
            return Once(self.since, self.until)
        every = every_of(self.every)
        return Recurring(every, self.starts_at, self.lasts, self.time_zone, self.since, self.until)


def add_maintenance(connection: Connection, maintenance: Maintenance) -> int:
    """Stores a maintenance that has no id yet; returns the id it got."""
    when = maintenance.when
    again: dict[str, object] = {"every": None, "starts_at": None, "lasts": None}
    if isinstance(when, Recurring):
        again = {"every": str(when.every), "starts_at": when.at, "lasts": when.length}
    row = connection.execute(
        queries("auditor")["add_maintenance"],
        {
            "cache_name": maintenance.cache_name,
            "implementation_type": maintenance.implementation_type,
            "since": when.since,
            "until": when.until,
            **again,
            "time_zone": maintenance.time_zone,
            "reason": maintenance.reason,
            "entered_by": maintenance.by,
        },
    ).fetchone()
    assert row is not None  # insert … returning
    return int(row[0])


def list_maintenance(connection: Connection) -> list[MaintenanceRow]:
    """Every maintenance there is, the one entered last first."""
    return _rows(connection, "list_maintenance", {"id": None})


def find_maintenance(connection: Connection, id_: int) -> MaintenanceRow:
    """One maintenance. Raises NothingFound."""
    found = _rows(connection, "list_maintenance", {"id": id_})
    if not found:
        raise NothingFound(f"there is no maintenance {id_}; `maintenance list --all` lists all")
    return found[0]


def read_maintenance(connection: Connection, since: datetime, until: datetime) -> list[Maintenance]:
    """What may hold within [since, until). A row that cannot be read holds nothing, and is said."""
    found = []
    for row in _rows(connection, "read_maintenance", {"since": since, "until": until}):
        try:
            found.append(row.maintenance())
        except MaintenanceInvalid as fault:
            logger.warning("maintenance %d cannot be read, and holds nothing: %s", row.id, fault)
    return found


def count_in_scope(connection: Connection, maintenance: Maintenance) -> int:
    """How many series that were ever heard of a maintenance is for."""
    scope = {
        "cache_name": maintenance.cache_name,
        "implementation_type": maintenance.implementation_type,
    }
    row = connection.execute(queries("auditor")["count_in_scope"], scope).fetchone()
    assert row is not None  # a count is one row
    return int(row[0])


def end_maintenance(connection: Connection, id_: int, at: datetime, by: str) -> bool:
    """Ends it at an instant; False when it was ended before (or is not there)."""
    asked = {"id": id_, "at": at, "by": by}
    return connection.execute(queries("auditor")["end_maintenance"], asked).rowcount == 1


def cut_maintenance(connection: Connection, id_: int, at: datetime) -> bool:
    """Ends the occurrence that is on at an instant; False when there is no such maintenance."""
    asked = {"id": id_, "at": at}
    return connection.execute(queries("auditor")["cut_maintenance"], asked).rowcount == 1


def remove_maintenance(connection: Connection, id_: int) -> bool:
    """Removes it, as if it had never been; False when there is no such maintenance."""
    return connection.execute(queries("auditor")["remove_maintenance"], {"id": id_}).rowcount == 1


def _rows(connection: Connection, name: str, asked: dict[str, Any]) -> list[MaintenanceRow]:
    with connection.cursor(row_factory=class_row(MaintenanceRow)) as cursor:
        return cursor.execute(queries("auditor")[name], asked).fetchall()
