"""Following the change log: LISTEN first, catch up, then wait; nothing is lost over a reconnect.

The log is the truth and a notice only a wake-up. A follower remembers `floor`, the oldest
transaction that was unfinished when it last read; reading again takes everything from there on, and
what it has seen already is left out by id. `id > last` would lose changes that commit out of order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.rows import class_row

from auditor.errors import DatabaseError
from sql import queries


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """One row of cache_observation_changes; `observation` is the observation's row after it."""

    id: int
    xid: int
    kind: str
    changed_at: datetime
    observation_id: UUID
    by: str | None
    reason: str | None
    note: str | None
    observation: dict[str, Any]


@dataclass(slots=True)
class Cursor:
    """How far a follower has read: `floor`, and the ids at or above it that it has seen."""

    floor: int
    seen: dict[int, int] = field(default_factory=dict)

    @classmethod
    def at(cls, floor: int, seen: Iterable[int]) -> Cursor:
        """A cursor that was kept somewhere: of what was seen only the ids."""
        return cls(floor, dict.fromkeys(seen, floor))

    def fresh(self, rows: list[LoggedChange]) -> list[LoggedChange]:
        """The rows not seen before. rows: all that the log has at or above the floor."""
        self.seen = {row.id: row.xid for row in rows if row.id in self.seen}
        return [row for row in rows if row.id not in self.seen]

    def dealt_with(self, row: LoggedChange) -> None:
        """From now on it has been seen."""
        self.seen[row.id] = row.xid

    def advance(self, floor: int) -> None:
        """All of a reading was dealt with. floor: as it was before that reading."""
        self.floor = max(self.floor, floor)
        self.seen = {id_: xid for id_, xid in self.seen.items() if xid >= self.floor}

    def take(self, rows: list[LoggedChange], floor: int) -> list[LoggedChange]:
        """The rows not seen before, as dealt with; and moves on to `floor`."""
        fresh = self.fresh(rows)
        for row in fresh:
            self.dealt_with(row)
        self.advance(floor)
        return fresh


def read_floor(connection: Connection) -> int:
    """The oldest transaction that is not surely finished now."""
    row = connection.execute(queries("auditor")["read_floor"]).fetchone()
    assert row is not None  # a select without from has one row
    return int(row[0])


def read_floor_at(connection: Connection, since: datetime) -> int:
    """A floor from which on every change since an instant is read."""
    row = connection.execute(queries("auditor")["read_floor_at"], {"since": since}).fetchone()
    assert row is not None  # coalesce has one row
    return int(row[0])


def catch_up(connection: Connection, cursor: Cursor) -> list[LoggedChange]:
    """Changes that the follower has not seen, oldest first; moves the cursor.

    The floor is read before the rows: a transaction that ends between the two is read again.
    """
    floor = read_floor(connection)
    return cursor.take(read_changes(connection, cursor.floor), floor)


def read_changes(connection: Connection, floor: int) -> list[LoggedChange]:
    """All of the log at or above a floor, in the order of their ids."""
    with connection.cursor(row_factory=class_row(LoggedChange)) as rows:
        return rows.execute(queries("auditor")["read_changes"], {"floor": floor}).fetchall()


Reading = Callable[[Connection], Iterable[LoggedChange]]
"""One reading of the log: what is fresh, each dealt with when the next is asked for."""


def follow(
    open_connection: Callable[[], Connection],
    read: Reading,
    *,
    poll_s: float = 5.0,
    on_trouble: Callable[[Exception], None],
    wait: Callable[[], None],
    after_reading: Callable[[Connection], None] = lambda _connection: None,
) -> Iterator[LoggedChange]:
    """Changes for ever: on connect those missed, then each as its notice comes.

    open_connection: gives a new autocommit connection that may LISTEN. poll_s: how
    long to wait for a notice before reading anyway (a lost notice costs that much and no change).
    on_trouble hears of a broken connection, then `wait`
    is called and it is opened again. after_reading: called when all that was read is dealt with.
    """
    while True:
        try:
            with closing(open_connection()) as connection:
                connection.execute(queries("auditor")["listen"])
                while True:
                    yield from read(connection)
                    after_reading(connection)
                    # stop_after=1 ends the wait at the first notice; those in the same read stay
                    # queued and wake the next wait, which then finds nothing new
                    for _ in connection.notifies(timeout=poll_s, stop_after=1):
                        pass
        except (psycopg.OperationalError, psycopg.InterfaceError, DatabaseError) as trouble:
            on_trouble(trouble)
            wait()
