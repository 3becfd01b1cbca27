"""The story in virtual time: the same shop, windows, tick and listener, minutes in milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from psycopg import Connection

from auditor.daemon.tick import Judging, Memory, tick
from auditor.demo.past import PastCollector, live_through
from auditor.demo.shop import Shop
from auditor.demo.stage import EVENT_MINUTES, learn_the_past, minute_of, play_the_past, sink, stage
from auditor.demo.story import BREAK_SAYS, MEND_SAYS, STEPS, Story
from auditor.listening.changes import Cursor, LoggedChange, catch_up, read_floor
from auditor.listening.screen import change_line
from auditor.postgres.database import opened
from auditor.schema.migrations import migrate
from auditor.screen import Screen
from auditor.settings import Settings
from auditor.stores.observations import acknowledge
from auditor.windows.minutes import from_epoch_minute
from sql import queries

BREAKS_AFTER = 3
MENDED_AFTER = 10
ENDS_AFTER = 75
"""Minutes after the past at which the story turns, and at which it must be over."""
LISTENER_WAIT_S = 5.0


class FastStory:
    """The story on a virtual clock that ends at the real now."""

    def __init__(self, connection: Connection, listener: Connection, dsn: str, screen: Screen):
        self.connection, self.listener, self.screen = connection, listener, screen
        self.story = Story(screen.say)
        self.memory, self.how = Memory(), Judging()
        self.end = minute_of(datetime.now(UTC)) - ENDS_AFTER - 2
        self.sink = sink(dsn)
        self.past = PastCollector(self.sink, self.end - EVENT_MINUTES)
        self.shop = Shop(self.past, seed=20, story=self.end)

    def play(self) -> Story:
        """All of it; returns the story with what happened."""
        play_the_past(self.connection, self.shop, self.past, self.end, self.screen)
        learn_the_past(self.connection, self.end, self.how, self.memory, self.story, self.screen)
        self.listener.execute(queries("auditor")["listen"])
        cursor = Cursor(read_floor(self.listener))
        self.screen.say("\nthe shop goes on, a minute at a time:\n")
        for minute in range(ENDS_AFTER):
            self._turn(minute)
            self._live_a_minute(self.end + minute)
            for change in self._heard(cursor):
                self._tell(change)
            if not self.story.missing:
                break
        self.past.goodbye()
        self.sink.close()
        return self.story

    def _turn(self, minute: int) -> None:
        if minute == BREAKS_AFTER:
            self._say(minute, f"something breaks: {BREAK_SAYS}")
            self.shop.broken = True
        if minute == MENDED_AFTER:
            self._say(minute, f"it is mended: {MEND_SAYS}")
            self.shop.broken = False

    def _live_a_minute(self, minute: int) -> None:
        """A minute of visitors, its delivery with a watermark, and the tick right after it."""
        live_through(self.shop, self.past, minute, minute + 1, lambda _n: None)
        after = from_epoch_minute(minute + 1)
        self.past.flush(watermark_ns=int(after.timestamp() * 1e9))
        tick(self.connection, after + timedelta(seconds=1), self.how, self.memory)

    def _heard(self, cursor: Cursor) -> list[LoggedChange]:
        """What the listener's own connection was told of: it reads only after a notice."""
        for notice in self.listener.notifies(timeout=LISTENER_WAIT_S, stop_after=1):
            if notice.channel == "cache_auditor":
                break
        else:
            return []
        return catch_up(self.listener, cursor)

    def _tell(self, change: LoggedChange) -> None:
        self.screen.show(change_line(change))
        self.story.hear(change)
        row = change.observation
        if change.kind == "opened" and row["implementation_type"] == "new":
            self.screen.say(f"          {row['description']}")
            self.screen.say(f"          What to do: {row['recommendation']}")
            short = str(change.observation_id)[:8]
            self.screen.say(
                f"          $ cache-auditor observations ack {short} --reason fixed "
                '--note "rolling back 1.8.2"'
            )
            acknowledge(
                self.connection, change.observation_id, by="demo", reason="fixed",
                note="rolling back 1.8.2",
            )  # fmt: skip

    def _say(self, minute: int, text: str) -> None:
        self.screen.say(f"{from_epoch_minute(self.end + minute):%H:%M}     {text}")


def play_fast(screen: Screen, settings: Settings) -> list[str]:
    """Plays the story in virtual time. Returns the steps that did not happen."""
    with stage(settings.data_folder) as dsn, opened(dsn) as connection, opened(dsn) as listener:
        migrate(connection)
        story = FastStory(connection, listener, dsn, screen).play()
    screen.say("")
    for step in STEPS:
        screen.say(f"  {'yes' if step in story.happened else 'NO '}  {step}")
    return story.missing
