"""The daemon: ticks each minute, keeps the open minute fresh, learns, trims; ends cleanly.

Three workers, each with a connection of its own: one ticks, one learns and trims, one tells people
elsewhere, so that no tick waits for learning or for a slow service. A worker does one job at a
time, so that a slow tick delays the next instead of meeting it; what was missed is caught up,
because every job starts from the database's state.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import FrameType

import psycopg
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from psycopg import Connection

from auditor.daemon.duties import make_days, refresh_when_due, retain_when_due
from auditor.daemon.settings import judging
from auditor.daemon.tick import Memory, Ticked, tick
from auditor.delivering.notifier import Notifier
from auditor.delivering.targets import Target
from auditor.errors import DatabaseError
from auditor.notifying.wording import Place
from auditor.postgres.database import opened
from auditor.settings import Settings
from auditor.windows.rollup import next_scorable, roll_up

logger = logging.getLogger("auditor")

Work = Callable[[Connection, datetime], None]

LOOK_S = 0.25
"""How often the daemon looks whether a minute has become scorable: two small queries."""
TELL_S = 1
"""How often it looks whether somebody is to be told: one small query."""
DUTIES_S = 15
"""How often it looks whether something is due: learning, trimming, tomorrow's partition."""


class Daemon:
    """An auditor that runs until it is told to stop. Only its workers touch the database."""

    def __init__(
        self,
        dsn: str,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_tick: Callable[[Ticked], None] = lambda _ticked: None,
        targets: Sequence[Target] = (),
    ) -> None:
        self._dsn, self._settings, self._clock, self._on_tick = dsn, settings, clock, on_tick
        self._memory, self._stopping = Memory(), threading.Event()
        self._connections: dict[str, Connection] = {}
        self._ticked_until: datetime | None = None
        place = Place(settings.time_zone, settings.serve_url or "")
        self._notifier = Notifier(targets, place) if targets else None
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={name: ThreadPoolExecutor(1) for name in ("ticks", "duties", "telling")},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def run(self) -> None:
        """Works until SIGTERM, SIGINT or `stop`; the transaction under way is finished first."""
        self._listen_to_signals()
        # a job that is still running when its next run is due is no news
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._every(LOOK_S, "tick", self._tick, "ticks")
        if self._settings.open_window_refresh_s:
            refresh_s = self._settings.open_window_refresh_s
            self._every(refresh_s, "open minute", self._open_minute, "ticks")
        self._every(DUTIES_S, "retention", self._keep, "duties")
        self._every(DUTIES_S, "learning", self._learn, "duties")
        if self._notifier is not None:
            self._every(TELL_S, "telling", self._tell, "telling")
        self._scheduler.start()
        self._stopping.wait()
        self._scheduler.shutdown(wait=True)
        self._end_telling()
        for connection in self._connections.values():
            connection.close()

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

    def _every(self, seconds: float, name: str, work: Work, worker: str) -> None:
        """From now on, and at once: the job on its worker, one run at a time."""
        self._scheduler.add_job(
            self._guarded, "interval", seconds=seconds, args=(name, work, worker),
            executor=worker, next_run_time=datetime.now(UTC),
        )  # fmt: skip

    def _guarded(self, name: str, work: Work, worker: str) -> None:
        """Runs one job on its worker's connection; trouble is said, the next run tries again."""
        if self._stopping.is_set():
            return
        try:
            if worker not in self._connections or self._connections[worker].closed:
                self._connections[worker] = opened(self._dsn)
            work(self._connections[worker], self._clock())
        except (psycopg.Error, DatabaseError) as trouble:
            logger.warning("%s failed, will try again: %s", name, str(trouble).strip())
            if worker in self._connections and self._connections[worker].broken:
                self._connections[worker].close()
        except Exception:
            logger.exception("%s failed, will try again", name)

    def _tick(self, connection: Connection, now: datetime) -> None:
        """Looks whether a minute has become scorable, and ticks when one has."""
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

    def _tell(self, connection: Connection, now: datetime) -> None:
        if self._notifier is not None:
            self._notifier.step(connection, now)

    def _end_telling(self) -> None:
        """What is being sent is waited for a while, so that it is not sent again."""
        connection = self._connections.get("telling")
        if self._notifier is None or connection is None or connection.closed:
            return
        try:
            self._notifier.end(connection, self._clock())
        except psycopg.Error as trouble:
            logger.warning("what was sent last may be sent again: %s", str(trouble).strip())

    def _keep(self, connection: Connection, now: datetime) -> None:
        make_days(connection)
        retained = retain_when_due(connection, now, self._settings)
        if retained is not None:
            logger.info("retention removed %d rows", retained.rows)
            for left in retained.left():
                logger.warning("%s", left)

    def _learn(self, connection: Connection, now: datetime) -> None:
        refreshed = refresh_when_due(connection, now, self._settings)
        if refreshed is not None and refreshed.learned is not None:
            logger.info(
                "learned %d series from %d windows",
                len(refreshed.learned.baselines),
                refreshed.windows,
            )
