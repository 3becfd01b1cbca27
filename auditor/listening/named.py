"""A named listener: its cursor is in the database, so that it goes on where it was, whatever died.

A change counts as heard once it was dealt with, and that is noted change by change: a listener that
is killed in between hears that one change again, and loses none. A name has one holder, the process
that began last; the one before ends with Busy instead of moving the cursor under it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from psycopg import Connection, errors
from psycopg.rows import class_row

from auditor.errors import Busy, NothingFound
from auditor.listening.changes import Cursor, LoggedChange, read_changes, read_floor
from sql import queries

NAME: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
NOTED_EVERY_S: Final = 30.0
"""How often a listener that hears nothing notes that it is there."""


@dataclass(frozen=True, slots=True)
class Begun:
    """How a listener begins. missed: changes that were trimmed from the log before it heard them,
    the last of them at missed_until. begun: the name is new. restored: its place was another
    server's, and what happened since it was noted comes again."""

    floor: int
    seen: list[int]
    missed: int
    missed_until: datetime | None
    begun: bool
    restored: bool

    def said(self, name: str) -> Iterator[str]:
        """What a person has to know of a place that was kept; nothing when all is well."""
        if self.missed:
            until = f", the last of {self.missed_until:%Y-%m-%d %H:%M} UTC" if (
                self.missed_until) else ""  # fmt: skip
            yield (
                f"{name} missed {self.missed} changes{until}: they were trimmed from the change "
                "log before it heard them; `observations list --state all` has what came of them"
            )
        if self.restored:
            yield f"the database was restored; {name} hears again what changed since it was noted"


@dataclass(frozen=True, slots=True)
class ListenerRow:
    """How a named listener stands. behind: changes in the log that it has not dealt with, the
    oldest of oldest_unheard_at. missed: as in Begun. now: the server's clock."""

    name: str
    owner: str
    begun_at: datetime
    heard_at: datetime
    behind: int
    oldest_unheard_at: datetime | None
    missed: int
    missed_until: datetime | None
    now: datetime


@dataclass(slots=True)
class NamedListener:
    """One holder of a name. since: where a name that is new begins; None: now."""

    name: str
    since: datetime | None = None
    _holder: UUID = field(default_factory=uuid4)
    _cursor: Cursor = field(default_factory=lambda: Cursor(0))
    _unnoted: bool = False
    _noted_s: float = 0.0

    def begin(self, connection: Connection) -> Begun:
        """Takes the name, from whoever holds it. Once, before `read`.

        Raises NothingFound for a name of another login, and when this one has too many.
        """
        asked = {"name": self.name, "holder": self._holder, "since": self.since}
        try:
            with connection.cursor(row_factory=class_row(Begun)) as cursor:
                begun = cursor.execute(queries("telling")["begin_listening"], asked).fetchone()
        except (errors.InsufficientPrivilege, errors.ProgramLimitExceeded) as exc:
            advice = exc.diag.message_hint or "it needs the role cache_auditor_reader"
            raise NothingFound(f"{exc.diag.message_primary}; {advice}") from exc
        assert begun is not None  # the function gives one row
        self._cursor = Cursor.at(begun.floor, begun.seen)
        if begun.missed:
            self._note(connection, told=begun.missed)
        return begun

    def read(self, connection: Connection) -> Iterator[LoggedChange]:
        """One reading: what is fresh, each dealt with when the next is asked for.

        Raises Busy when another process has taken the name.
        """
        if self._unnoted:  # dealt with, and the connection broke before it was noted
            self._note(connection)
        floor = read_floor(connection)
        for change in self._cursor.fresh(read_changes(connection, self._cursor.floor)):
            yield change
            self._cursor.dealt_with(change)
            self._unnoted = True
            self._note(connection)
        self._cursor.advance(floor)
        if time.monotonic() - self._noted_s > NOTED_EVERY_S:
            self._note(connection)

    def _note(self, connection: Connection, told: int = 0) -> None:
        row = connection.execute(
            queries("telling")["keep_listening"],
            {
                "name": self.name,
                "holder": self._holder,
                "floor": self._cursor.floor,
                "seen": list(self._cursor.seen),
                "told": told,
            },
        ).fetchone()
        if row != (True,):
            raise Busy(
                f"listener {self.name} is followed by another process now, or was forgotten; "
                "give each process a name of its own"
            )
        self._unnoted = False
        self._noted_s = time.monotonic()


def list_listeners(connection: Connection) -> list[ListenerRow]:
    """Every named listener, by name."""
    with connection.cursor(row_factory=class_row(ListenerRow)) as cursor:
        return cursor.execute(queries("telling")["read_listeners"]).fetchall()


def forget_listener(connection: Connection, name: str) -> str:
    """Removes a name. Returns 'forgotten', 'foreign' (another login's) or 'unknown'."""
    row = connection.execute(queries("telling")["stop_listening"], {"name": name}).fetchone()
    assert row is not None  # a function's result is one row
    return str(row[0])
