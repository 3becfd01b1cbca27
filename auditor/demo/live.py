"""The story in real time: the real collector, the real daemon, and a listener on this screen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from auditor.daemon.schedule import Daemon
from auditor.daemon.settings import judging
from auditor.daemon.tick import Memory
from auditor.demo.past import PastCollector
from auditor.demo.shop import Shop
from auditor.demo.stage import EVENT_MINUTES, learn_the_past, minute_of, play_the_past, sink, stage
from auditor.demo.story import BREAK_SAYS, MEND_SAYS, Story
from auditor.listening.changes import Cursor, LoggedChange, catch_up, follow, read_floor
from auditor.listening.screen import change_line
from auditor.postgres.database import opened
from auditor.schema.migrations import migrate
from auditor.screen import Screen
from auditor.settings import Settings
from collector.session import Collector
from collector.settings import Settings as CollectorSettings

BREAKS_AFTER_S = 45.0
MENDED_AFTER_S = 300.0


class LiveCollector:
    """The shop's records go to the past's collector first, then to the application's real one."""

    def __init__(self, past: PastCollector) -> None:
        self.target: Any = past

    def encode_keys(self, cache_name: str, encoder: Any) -> None:
        """As the collector does."""
        self.target.encode_keys(cache_name, encoder)

    def record(self, *operation: Any) -> None:
        """One operation."""
        self.target.record(*operation)


class Visitors:
    """A thread in which visitors come as often as they do at this hour."""

    def __init__(self, shop: Shop, say: Callable[[str], None]) -> None:
        self._shop, self._say, self._stop = shop, say, threading.Event()
        self._thread = threading.Thread(target=self._come, name="visitors", daemon=True)

    def __enter__(self) -> Visitors:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)

    def _come(self) -> None:
        started = time.monotonic()
        turns = [
            (BREAKS_AFTER_S, True, f"something breaks: {BREAK_SAYS}"),
            (MENDED_AFTER_S, False, f"it is mended: {MEND_SAYS}"),
        ]
        while True:
            now = datetime.now(UTC)
            if self._stop.wait(60.0 / self._shop.requests_expected(minute_of(now))):
                return
            self._shop.now_s = time.time()
            if turns and time.monotonic() - started >= turns[0][0]:
                _, self._shop.broken, says = turns.pop(0)
                self._say(f"{now:%H:%M:%S}  {says}")
            self._shop.visit()


def play_live(screen: Screen, settings: Settings) -> list[str]:
    """Plays the story until it is over or Ctrl-C. Returns the steps that did not happen."""
    with (
        stage(settings.data_folder) as dsn,
        opened(dsn) as connection,
        TemporaryDirectory() as spool,
    ):
        migrate(connection)
        story, past_sink = Story(screen.say), sink(dsn)
        end = minute_of(datetime.now(UTC))
        past = PastCollector(past_sink, end - EVENT_MINUTES)
        records = LiveCollector(past)
        shop = Shop(records, seed=20, story=end)
        play_the_past(connection, shop, past, end, screen)
        learn_the_past(connection, end, judging(settings), Memory(), story, screen)
        past_sink.close()
        collector = Collector(CollectorSettings(dsn=dsn, spool_dir=str(Path(spool))))
        records.target = collector
        collector.start()
        try:
            _listen(connection, dsn, settings, shop, story, screen)
        except KeyboardInterrupt:
            screen.say("\nstopped")
        finally:
            collector.stop()
    return story.missing


def _listen(
    connection: Any, dsn: str, settings: Settings, shop: Shop, story: Story, screen: Screen
) -> None:
    """Daemon and visitors beside this screen, which hears by NOTIFY like any other listener."""
    daemon = Daemon(dsn, settings)
    auditor = threading.Thread(target=daemon.run, name="auditor", daemon=True)
    auditor.start()
    cursor = Cursor(read_floor(connection))
    screen.say("\nnow live; Ctrl-C ends it. In another terminal you may say:")
    screen.say(f"  cache-auditor --dsn '{dsn}' observations watch")
    screen.say(f"\nin {BREAKS_AFTER_S:.0f} seconds something will break in `new`.\n")
    try:
        with Visitors(shop, screen.say):
            for change in follow(
                lambda: opened(dsn, "cache-auditor demo"),
                lambda connection: catch_up(connection, cursor),
                on_trouble=lambda trouble: screen.note(str(trouble)),
                wait=lambda: time.sleep(1),
            ):
                _tell(change, dsn, story, screen)
                if "recovery heard as resolved" in story.happened:
                    screen.say("\nthat is the whole story; nothing is left running.")
                    return
    finally:
        daemon.stop()
        auditor.join(30)


def _tell(change: LoggedChange, dsn: str, story: Story, screen: Screen) -> None:
    screen.show(change_line(change))
    story.hear(change)
    row = change.observation
    if change.kind == "opened" and row["implementation_type"] == "new":
        screen.say(f"          {row['description']}")
        screen.say(f"          What to do: {row['recommendation']}")
        screen.say("          To acknowledge it, in another terminal:")
        short = str(change.observation_id)[:8]
        screen.say(
            f"          cache-auditor --dsn '{dsn}' observations ack {short} --reason fixed\n"
        )
