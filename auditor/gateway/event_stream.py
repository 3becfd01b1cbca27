"""One stream of events: its place in the log, its filter, its bounded queue, its text."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from fastapi.concurrency import run_in_threadpool

from auditor.gateway.event_ids import written
from auditor.gateway.event_log import PAGE, Batch, Resumed, is_past, read_page
from auditor.gateway.readers import Readers
from auditor.listening.changes import Cursor, LoggedChange
from auditor.screen import jsonable

CAPACITY: Final = 500
BEAT_S: Final = 15.0
RETRY_MS: Final = 3000
SEVERITIES: Final = ("info", "warning", "critical")
OFTEN: Final = 1000
"""With more changes above the floor than this, only the last of a reading has an id."""


@dataclass(frozen=True, slots=True)
class Frame:
    """An event that the log does not have. whole: its text for who asked for rows."""

    name: str
    text: str
    whole: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """severity: the least; cache: None for all. Both are about observations. rows: windows come
    with their rows."""

    severity: str = "info"
    cache: str | None = None
    rows: bool = False

    def fits(self, change: LoggedChange) -> bool:
        """Whether a change is told."""
        row = change.observation
        return self.cache in (None, row["cache_name"]) and SEVERITIES.index(
            row["severity"]
        ) >= SEVERITIES.index(self.severity)


class EventStream:
    """Told by the feed, read by one client. overflowed: it did not read, and was ended."""

    def __init__(self, wanted: Wanted, capacity: int = CAPACITY) -> None:
        self.overflowed = False
        self._wanted, self._capacity = wanted, capacity
        self._waiting: asyncio.Queue[Frame | Batch | None] = asyncio.Queue()
        self._ended = False

    def offer(self, what: Frame | Batch) -> None:
        """For the feed: never waits."""
        if self._ended:
            return
        if self._waiting.qsize() >= self._capacity:
            self.overflowed = True
            while not self._waiting.empty():
                self._waiting.get_nowait()
            self.end()
            return
        self._waiting.put_nowait(what)

    def end(self) -> None:
        """After what waits. May be called again."""
        if not self._ended:
            self._ended = True
            self._waiting.put_nowait(None)

    async def told(
        self, first: Frame, begun: Cursor, resumed: Resumed | None, readers: Readers
    ) -> AsyncIterator[str]:
        """The text of the stream, to its end. begun: where the feed was when it joined; resumed:
        where the client goes on, if it came back."""
        cursor = begun if resumed is None else resumed.cursor
        yield f"retry: {RETRY_MS}\n\n"
        yield _event(first.name, first.text, _place(cursor))
        if resumed is not None:
            if resumed.gap:
                yield _event("gap", '{"why":"changes since then are no longer in the log"}')
            async for text in self._caught_up(resumed, readers):
                yield text
        while True:
            try:
                async with asyncio.timeout(BEAT_S):
                    what = await self._waiting.get()
            except TimeoutError:
                yield ": beat\n\n"
                continue
            if what is None:
                return
            if isinstance(what, Batch):
                for text in self._batch(what.changes, cursor, what.floor):
                    yield text
            else:
                yield _event(what.name, what.whole if self._wanted.rows else what.text)

    async def _caught_up(self, resumed: Resumed, readers: Readers) -> AsyncIterator[str]:
        """What the log has beyond the client's place, page by page."""
        cursor, floor, after = resumed.cursor, resumed.cursor.floor, -1
        known = frozenset(cursor.seen)
        cursor.seen = {}  # those that are still there come again, and are counted in
        while True:
            page = await run_in_threadpool(read_page, readers, floor, after)
            last = len(page) < PAGE
            for change in page:
                if change.id in known:
                    cursor.dealt_with(change)
            for text in self._batch(page, cursor, resumed.floor if last else None):
                yield text
            if last:
                return
            after = page[-1].id

    def _batch(
        self, changes: Sequence[LoggedChange], cursor: Cursor, floor: int | None
    ) -> list[str]:
        """The text of one reading's changes. floor: where the cursor is when all of them are told;
        None: more is to come."""
        texts: list[str] = []
        fresh = [change for change in changes if not is_past(change, cursor)]
        for change in fresh:
            cursor.dealt_with(change)
            if change is fresh[-1] and floor is not None:
                cursor.advance(floor)
            if self._wanted.fits(change):
                often = len(cursor.seen) <= OFTEN or change is fresh[-1]
                texts.append(_event("observation", _text(change), _place(cursor) if often else ""))
        if floor is not None:
            cursor.advance(floor)
        return texts


def _place(cursor: Cursor) -> str:
    return written(cursor.floor, datetime.now(UTC), cursor.seen)


def _text(change: LoggedChange) -> str:
    said: dict[str, Any] = {
        name: jsonable(getattr(change, name))
        for name in ("id", "kind", "changed_at", "observation_id", "by", "reason", "note",
                     "observation")
    }  # fmt: skip
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _event(name: str, text: str, id_: str = "") -> str:
    """One event as the HTML standard has it; JSON has no line break in it."""
    place = f"id: {id_}\n" if id_ else ""
    return f"{place}event: {name}\ndata: {text}\n\n"
