"""The hub: LISTEN first, catch up, then wait; everything it hears goes to every listener.

One connection, whatever the number of listeners. A notice only says where to look; what is told is
read from the tables, so that a lost notice costs POLL_S and nothing else, and what was missed while
the connection was away is told when it is back.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg

from auditor.gateway.live.listener import Listener
from auditor.gateway.live.messages import Liveness, Message, RowChange, WindowsChanged
from auditor.gateway.live.minutes import ToldMinutes, ToldRows
from auditor.gateway.live.source import NoticesDoNotArrive, Source, recent, span_of
from auditor.listening.changes import Cursor

logger = logging.getLogger("auditor.gateway")

POLL_S: Final = 5.0
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
CAPACITY: Final = 1000
LONGEST_STATEMENT: Final = timedelta(seconds=5)
"""Rows carry when their transaction began; it may have ended this much later."""


class Hub:
    """Tells listeners of windows and observations. Only for the event loop's own thread.

    listeners: how many there are. dropped_listeners: how many were ended because they did not read.
    """

    def __init__(self, listen_dsn: str) -> None:
        self._dsn = listen_dsn
        self._listeners: set[Listener] = set()
        self._told = ToldMinutes()
        self._rows: ToldRows | None = None
        self._cursor: Cursor | None = None
        self._looked_at = datetime.now(UTC)
        self._is_live = asyncio.Event()
        self.liveness = Liveness(False, datetime.now(UTC), "starting")
        self.dropped_listeners = 0

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    @property
    def live(self) -> bool:
        """Whether notices arrive now."""
        return self.liveness.live

    async def until_live(self, timeout_s: float) -> bool:
        """Waits until notices arrive; false when they do not in time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._is_live.wait()
        except TimeoutError:
            return False
        return True

    def listen(self, capacity: int = CAPACITY, rows: bool = False) -> Listener:
        """A new listener, which hears of what happens from now on.

        rows: windows come with the rows that changed, too.
        """
        listener = Listener(capacity, rows, self._left)
        self._listeners.add(listener)
        return listener

    def close(self) -> None:
        """Ends every listener, after what it has not read yet."""
        for listener in tuple(self._listeners):
            listener.close()

    async def run(self) -> None:
        """For ever, until it is cancelled; a lost connection is opened again."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                source = await Source.open(self._dsn)
            except (psycopg.Error, OSError, NoticesDoNotArrive) as trouble:
                self._turn(False, _said(trouble))
            else:
                pause_s = FIRST_PAUSE_S
                try:
                    await self._follow(source)
                except psycopg.Error as trouble:
                    self._turn(False, _said(trouble))
                except Exception as fault:
                    logger.exception("the gateway's hub failed, and begins again")
                    self._turn(False, _said(fault))
                finally:
                    await source.close()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _follow(self, source: Source) -> None:
        await self._catch_up(source)
        self._turn(True, "")
        while True:
            self._looked_at = await source.clock()
            notices = [notice async for notice in source.notices(POLL_S)]
            for notice in notices:
                if span := span_of(notice):
                    await self._tell_windows(source, *span)
            if not notices:
                await self._tell_recent(source)
            if not notices or any(notice.get("kind") == "observations" for notice in notices):
                await self._tell_changes(source)

    async def _catch_up(self, source: Source) -> None:
        """The first time only notes where things stand; later tells what was missed."""
        newest = await source.newest()
        if self._cursor is None:
            self._cursor = Cursor(await source.floor())
            await source.changes(self._cursor)
            if newest is not None:
                self._told.changed(await source.minute_versions(*recent(newest)))
            return
        await self._tell_recent(source)
        await self._tell_changes(source)

    async def _tell_recent(self, source: Source) -> None:
        newest = await source.newest()
        if newest is not None:
            await self._tell_windows(source, *recent(newest))

    async def _tell_windows(self, source: Source, since: datetime, until: datetime) -> None:
        for minute in self._told.changed(await source.minute_versions(since, until)):
            records = await self._changed_rows(source, minute)
            payload = await source.broadcast(minute)
            self._tell(WindowsChanged(minute, payload, records))

    async def _changed_rows(self, source: Source, minute: datetime) -> tuple[RowChange, ...]:
        if not any(listener.rows for listener in self._listeners):
            self._rows = None
            return ()
        if self._rows is None:
            self._rows = ToldRows(self._looked_at - LONGEST_STATEMENT)
        self._rows.forget_before(minute)
        return self._rows.changes(await source.rows(minute))

    async def _tell_changes(self, source: Source) -> None:
        assert self._cursor is not None  # made when the first connection was
        for change in await source.changes(self._cursor):
            self._tell(change)

    def _tell(self, message: Message) -> None:
        for listener in tuple(self._listeners):
            listener.offer(message)

    def _turn(self, live: bool, why: str) -> None:
        """Says so when it changes."""
        if live:
            self._is_live.set()
        else:
            self._is_live.clear()
        if (live, why) != (self.liveness.live, self.liveness.why):
            if not live:
                logger.warning("the gateway hears no notices: %s", why)
            self.liveness = Liveness(live, datetime.now(UTC), why)
            self._tell(self.liveness)

    def _left(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        self.dropped_listeners += listener.overflowed


def _said(trouble: Exception) -> str:
    return next(iter(str(trouble).strip().splitlines()), type(trouble).__name__)
