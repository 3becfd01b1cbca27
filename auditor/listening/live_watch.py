"""`observations watch` at a terminal: a table that is always as things are.

One thread listens and reads, the other draws, at least each second, so that what lasts is seen to
last.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.live import Live

from auditor.listening.changes import LoggedChange, Reading
from auditor.listening.live_table import Scene, draw
from auditor.listening.watch import SEVERITIES, Watch
from auditor.screen import Screen
from auditor.stores.observations import list_observations
from auditor.windows.state import read_state

if TYPE_CHECKING:
    import psycopg
    from rich.console import RenderableType

DRAWN_EVERY_S: Final = 1.0
MOST_OPEN: Final = 1000


def is_for(screen: Screen) -> bool:
    """Whether there is a terminal that can be drawn on, and no JSON is asked for."""
    return not screen.json and screen.out.is_terminal and not screen.out.is_dumb_terminal


class LiveWatch(Watch):
    """As Watch, drawn."""

    def __init__(self, screen: Screen, dsn: str, severity: str, name: str | None = None) -> None:
        super().__init__(screen, dsn, severity, name)
        self._scene = Scene(datetime.now(UTC))
        self._changed = threading.Event()
        self._fault: BaseException | None = None

    def run(self, since_hours: float, once: bool) -> None:
        """Until Ctrl-C. once: as Watch does, since there is nothing to draw."""
        if once:
            super().run(since_hours, once)
            return
        with self._open() as connection:
            read = self._begin(connection, since_hours)
            self._look(connection)
        threading.Thread(target=self._hear, args=(read,), name="listening", daemon=True).start()
        console = self._screen.out
        with Live(self._drawn(), console=console, screen=True, auto_refresh=False) as live:
            while self._fault is None:
                self._changed.wait(DRAWN_EVERY_S)
                self._changed.clear()
                live.update(self._drawn(), refresh=True)
        raise self._fault

    def _hear(self, read: Reading) -> None:
        """What goes wrong here, other than a connection, ends the drawing."""
        try:
            for change in self._followed(read, self._look):
                self._say(change)
        except BaseException as fault:
            self._fault = fault
            self._changed.set()

    def _look(self, connection: psycopg.Connection) -> None:
        """What is open now, and where the auditor stands."""
        least = SEVERITIES[self._least :]
        self._scene.open = list_observations(
            connection, state="open", severities=least, most=MOST_OPEN
        )
        self._scene.state = read_state(connection)
        self._scene.trouble, self._scene.trouble_since = "", None
        self._changed.set()

    def _show(self, change: LoggedChange) -> None:
        self._scene.changes.append(change)
        self._changed.set()

    def _note(self, sentence: str) -> None:
        self._scene.notes.append(sentence)

    def _trouble(self, trouble: Exception) -> None:
        self._failures += 1
        self._scene.trouble = next(iter(str(trouble).strip().splitlines()), "no reason given")
        self._scene.trouble_since = self._scene.trouble_since or datetime.now(UTC)
        self._changed.set()

    def _drawn(self) -> RenderableType:
        size = self._screen.out.size
        return draw(self._scene, datetime.now(UTC), size.width, size.height)
