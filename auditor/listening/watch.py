"""`observations watch`: one terminal that says what is open and then hears of every change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from auditor.listening.changes import (
    Cursor,
    LoggedChange,
    Reading,
    catch_up,
    follow,
    read_floor,
    read_floor_at,
)
from auditor.listening.named import Begun, NamedListener
from auditor.listening.screen import change_line, show_table
from auditor.postgres.database import opened
from auditor.screen import Screen
from auditor.stores.observations import ObservationRow, list_observations

if TYPE_CHECKING:
    import psycopg

SEVERITIES = ("info", "warning", "critical")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0


class Watch:
    """One listener. severity: changes below it are passed over. name: of its cursor in the
    database; None for one in memory."""

    def __init__(self, screen: Screen, dsn: str, severity: str, name: str | None = None) -> None:
        self._screen, self._dsn, self._name = screen, dsn, name
        self._least = SEVERITIES.index(severity)
        self._failures = 0

    def run(self, since_hours: float, once: bool) -> None:
        """Says what is open, then each change; ends with Ctrl-C, or at once with `once`."""
        with self._open() as connection:
            read = self._begin(connection, since_hours)
            self._say_open(list_observations(connection, state="open"))
            if once:
                for change in read(connection):
                    self._say(change)
                return
        for change in self._followed(read, lambda _: None):
            self._say(change)

    def _followed(
        self, read: Reading, after_reading: Callable[[psycopg.Connection], None]
    ) -> Iterator[LoggedChange]:
        return follow(
            self._open,
            read,
            on_trouble=self._trouble,
            wait=lambda: time.sleep(self._pause_s()),
            after_reading=after_reading,
        )

    def _begin(self, connection: psycopg.Connection, since_hours: float) -> Reading:
        """Where to begin, taken before the list: what changes in between is then heard of."""
        since = datetime.now(UTC) - timedelta(hours=since_hours) if since_hours else None
        if self._name is not None:
            named = NamedListener(self._name, since)
            self._say_begun(named.begin(connection), since_hours)
            return named.read
        if since is not None:
            cursor = Cursor(read_floor_at(connection, since))
        else:
            cursor = Cursor(read_floor(connection))
            catch_up(connection, cursor)
        return lambda connection: catch_up(connection, cursor)

    def _say_begun(self, begun: Begun, since_hours: float) -> None:
        """What a reader of a cursor that was kept has to know."""
        for sentence in begun.said(str(self._name)):
            self._note(sentence)
        if since_hours and not begun.begun:
            self._note(f"{self._name} goes on where it was; --since is for a name that is new")

    def _note(self, sentence: str) -> None:
        self._screen.note(sentence)

    def _open(self) -> psycopg.Connection:
        connection = opened(self._dsn, "cache-auditor watch")
        self._failures = 0
        return connection

    def _say_open(self, rows: Sequence[ObservationRow]) -> None:
        if self._screen.json:
            for row in rows:
                self._screen.line({"kind": "open", "observation": row})
        elif rows:
            show_table(self._screen, rows, datetime.now(UTC))
        else:
            self._screen.say("nothing is open; listening")

    def _say(self, change: LoggedChange) -> None:
        if SEVERITIES.index(str(change.observation["severity"])) >= self._least:
            self._show(change)

    def _show(self, change: LoggedChange) -> None:
        if self._screen.json:
            self._screen.line(change)
        else:
            self._screen.show(change_line(change))

    def _trouble(self, trouble: Exception) -> None:
        self._failures += 1
        first = next(iter(str(trouble).strip().splitlines()), "no reason given")
        self._screen.note(f"connection lost ({first}); trying again, nothing will be missed")

    def _pause_s(self) -> float:
        """Before the next attempt: longer with each failure in a row."""
        return float(min(FIRST_PAUSE_S * 2 ** min(self._failures, 10), LONGEST_PAUSE_S))
