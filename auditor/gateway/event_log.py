"""The change log as streams of events read it; blocking, so for a worker's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from psycopg.rows import class_row

from auditor.gateway.event_ids import Place
from auditor.gateway.readers import Readers
from auditor.listening.changes import Cursor, LoggedChange, read_changes, read_floor
from sql import queries

PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Batch:
    """What one reading found new. floor: as it was before the reading."""

    changes: tuple[LoggedChange, ...]
    floor: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """Where a client goes on. gap: something after its place was trimmed, or it is no place of
    this server's; then it begins with what the log has since."""

    cursor: Cursor
    floor: int
    gap: bool


def place_now(readers: Readers) -> Cursor:
    """The end of the log. Raises Refusal."""
    with readers.taken() as connection:
        row = connection.execute(queries("gateway")["read_place"]).fetchone()
        assert row is not None  # a select without from has one row
        return Cursor.at(row[0], row[1])


def read_on(readers: Readers, floor: int) -> tuple[list[LoggedChange], int]:
    """All at or above a floor, and the next floor. Raises Refusal."""
    with readers.taken() as connection:
        next_ = read_floor(connection)
        return read_changes(connection, floor), next_


def resumed(readers: Readers, place: Place) -> Resumed:
    """What becomes of a client's place. Raises Refusal."""
    asked = {"floor": place.floor, "at": place.at}
    with readers.taken() as connection:
        floor = read_floor(connection)
        row = connection.execute(queries("gateway")["read_resumed"], asked).fetchone()
    assert row is not None  # a select without from has one row
    known, trimmed = row
    if not known:
        return Resumed(Cursor(0), floor, gap=True)
    return Resumed(Cursor.at(place.floor, place.seen), floor, gap=bool(trimmed))


def read_page(readers: Readers, floor: int, after: int) -> list[LoggedChange]:
    """Some of the log at or above a floor, with higher ids than `after`. Raises Refusal."""
    asked = {"floor": floor, "after": after, "most": PAGE}
    with readers.taken() as connection, connection.cursor(
        row_factory=class_row(LoggedChange)
    ) as cursor:  # fmt: skip
        return cursor.execute(queries("gateway")["read_changes_page"], asked).fetchall()


def is_past(change: LoggedChange, cursor: Cursor) -> bool:
    """Whether a cursor is beyond a change."""
    return change.xid < cursor.floor or change.id in cursor.seen
