"""The daemon: ticks each minute, keeps the open minute fresh, learns, trims; ends cleanly.

One worker thread does one job at a time, so that a slow tick delays the next instead of meeting it;
what was missed is caught up by the next tick, because every job starts from the database's state.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import psycopg
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from psycopg import Connection

from auditor.daemon.duties import make_days, refresh_when_due, retain_when_due
from auditor.daemon.settings import judging
from auditor.daemon.tick import Memory, Ticked, tick
from auditor.errors import DatabaseError
from auditor.postgres.database import opened
from auditor.settings import Settings
from auditor.windows.rollup import next_scorable, roll_up

logger = logging.getLogger("auditor")

LOOK_S = 1
"""How often the daemon looks whether a minute has become scorable: one small query."""


class Daemon:
    """An auditor that runs until it is told to stop. Only its one worker touches the database."""

    def __init__(
        self,
        dsn: str,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_tick: Callable[[Ticked], None] = lambda _ticked: None,
    ) -> None:
        self._dsn, self._settings, self._clock, self._on_tick = dsn, settings, clock, on_tick
        self._memory, self._stopping = Memory(), threading.Event()
        self._connection: Connection | None = None
        self._ticked_until: datetime | None = None
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def run(self) -> None:
        """Works until SIGTERM, SIGINT or `stop`; the transaction under way is finished first."""
        self._listen_to_signals()
        # a job that is still running when its next run is due is no news
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        add: Any = self._scheduler.add_job
        add(self._guarded, "interval", seconds=LOOK_S, args=("tick", self._tick))
        if self._settings.open_window_refresh_s:
            seconds = self._settings.open_window_refresh_s
            add(self._guarded, "interval", seconds=seconds, args=("open minute", self._open_minute))
        add(self._guarded, "interval", minutes=1, args=("duties", self._duties),
            next_run_time=self._clock())  # fmt: skip
        self._scheduler.start()
        self._stopping.wait()
        self._scheduler.shutdown(wait=True)
        if self._connection is not None:
            self._connection.close()

    def stop(self) -> None:
        """Asks the daemon to end after the job under way."""
        self._stopping.set()

    def _listen_to_signals(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return

        def told(_number: int, _frame: FrameType | None) -> None:
            self.stop()

        signal.signal(signal.SIGTERM, told)
        signal.signal(signal.SIGINT, told)

    def _guarded(self, name: str, work: Callable[[Connection, datetime], None]) -> None:
        """Runs one job on the one connection; trouble is said, and the next run tries again."""
        if self._stopping.is_set():
            return
        try:
            if self._connection is None or self._connection.closed:
                self._connection = opened(self._dsn)
            work(self._connection, self._clock())
        except (psycopg.Error, DatabaseError) as trouble:
            logger.warning("%s failed, will try again: %s", name, str(trouble).strip())
            if self._connection is not None and self._connection.broken:
                self._connection.close()
        except Exception:
            logger.exception("%s failed, will try again", name)

    def _tick(self, connection: Connection, now: datetime) -> None:
        """Looks every second whether a minute has become scorable, and ticks when one has."""
        how = judging(self._settings)
        if self._ticked_until is None:
            make_days(connection)
        elif next_scorable(connection, now, how.grace) == self._ticked_until:
            return
        ticked = tick(connection, now, how, self._memory)
        if ticked.rolled.settled_until is not None:
            self._ticked_until = ticked.rolled.settled_until
        self._on_tick(ticked)

    def _open_minute(self, connection: Connection, now: datetime) -> None:
        roll_up(connection, now, judging(self._settings).grace)

    def _duties(self, connection: Connection, now: datetime) -> None:
        make_days(connection)
        refreshed = refresh_when_due(connection, now, self._settings)
        if refreshed is not None and refreshed.learned is not None:
            logger.info(
                "learned %d series from %d windows",
                len(refreshed.learned.baselines),
                refreshed.windows,
            )
        retained = retain_when_due(connection, now, self._settings)
        if retained is not None:
            logger.info("retention removed %d rows", retained.rows)
            for left in retained.left():
                logger.warning("%s", left)
