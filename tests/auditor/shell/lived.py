"""A learned database whose minutes are played one by one: an application, and an auditor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from auditor.daemon.tick import Judging, Memory, Ticked, tick
from auditor.observing.fold_settings import FoldSettings
from tests.auditor.shell.past import Application, start_of_story
from tests.postgres_clusters import Database

JUDGING = Judging(fold=FoldSettings(quiet_minutes=5, reopen_minutes=1))


class Lived:
    """Minute 0 is the story's first; what `live` delivers is scored by `tick`.

    database: one that has learned (see `past.learned`).
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.connection = database.connect()
        self.start = start_of_story()
        self.application = Application(database.dsn)
        self.memory = Memory()
        self.judging = JUDGING

    def at(self, minute: int) -> datetime:
        return self.start + timedelta(minutes=minute)

    def live(self, minute: int, **how: Any) -> None:
        self.application.minute(self.at(minute), **how)

    def tick(self, minute: int) -> Ticked:
        """The tick right after that minute's end."""
        now = self.at(minute + 1) + timedelta(seconds=1)
        return tick(self.connection, now, self.judging, self.memory)

    def pass_by(self, minutes: range, **how: Any) -> None:
        """Minutes that are all delivered before they are scored, as after an hour away."""
        for minute in minutes:
            self.live(minute, **how)
        self.tick(minutes[-1])

    def play(self, minutes: range, **how: Any) -> None:
        for minute in minutes:
            self.live(minute, **how)
            self.tick(minute)


@contextmanager
def lived(database: Database) -> Iterator[Lived]:
    made = Lived(database)
    try:
        yield made
    finally:
        made.application.sink.close()
