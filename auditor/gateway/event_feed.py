"""What all streams of events are told: heard once from the hub, read once from the log."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC
from typing import Any, Final

from fastapi.concurrency import run_in_threadpool

from auditor.gateway.event_log import Batch, is_past, place_now, read_on
from auditor.gateway.event_stream import EventStream, Frame
from auditor.gateway.live.hub import Hub
from auditor.gateway.live.messages import Liveness, ObservationChanged, WindowsChanged
from auditor.gateway.readers import Readers
from auditor.gateway.refusals import Refusal, busy
from auditor.listening.changes import Cursor

logger = logging.getLogger("auditor.gateway")

BEGINS_WITHIN_S: Final = 10.0
AGAIN_S: Final = 1.0


class Feed:
    """Hears as long as somebody listens. Only for the event loop's own thread.

    dropped: streams that were ended because their reader was too slow.
    """

    def __init__(self, hub: Hub, readers: Readers) -> None:
        self._hub, self._readers = hub, readers
        self._streams: set[EventStream] = set()
        self._hearing: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        self._cursor = Cursor(0)
        self.dropped = 0

    @property
    def streams(self) -> int:
        """How many are open."""
        return len(self._streams)

    async def join(self, stream: EventStream) -> Cursor:
        """From now on it is told. Gives the place from which on that is.

        Raises Refusal (503) when the database is away.
        """
        self._streams.add(stream)
        try:
            if self._hearing is None or self._hearing.done():
                self._begun.clear()
                self._hearing = asyncio.create_task(self._hear())
            async with asyncio.timeout(BEGINS_WITHIN_S):
                await self._begun.wait()
        except BaseException as trouble:
            self.leave(stream)
            if isinstance(trouble, TimeoutError):
                raise busy("the database is away") from trouble
            raise
        return Cursor(self._cursor.floor, dict(self._cursor.seen))

    def leave(self, stream: EventStream) -> None:
        """It is told no more. May be called again."""
        if stream in self._streams:
            self._streams.discard(stream)
            self.dropped += stream.overflowed
        if not self._streams and self._hearing is not None:
            self._hearing.cancel()
            self._hearing = None

    def liveness(self) -> Frame:
        """How the hub hears now."""
        return _liveness(self._hub.liveness)

    async def _hear(self) -> None:
        with self._hub.listen() as listener:
            self._cursor = await self._until_read(place_now)
            self._begun.set()
            async for message in listener:
                if isinstance(message, ObservationChanged):
                    if not is_past(message.change, self._cursor):
                        rows, floor = await self._until_read(read_on, self._cursor.floor)
                        self._tell(Batch(tuple(self._cursor.take(rows, floor)), floor))
                elif isinstance(message, WindowsChanged):
                    self._tell(_windows(message))
                else:
                    self._tell(_liveness(message))
        # the gateway ends, or the feed itself was too slow: clients resume from where they are
        for stream in tuple(self._streams):
            stream.end()

    async def _until_read(self, reading: Any, *given: Any) -> Any:
        """What a reading gives, once the database is there."""
        while True:
            try:
                return await run_in_threadpool(reading, self._readers, *given)
            except Refusal as trouble:
                logger.warning("events wait: %s", trouble.said)
                await asyncio.sleep(AGAIN_S)

    def _tell(self, what: Frame | Batch) -> None:
        for stream in tuple(self._streams):
            stream.offer(what)


def _windows(message: WindowsChanged) -> Frame:
    total = int(json.loads(message.payload)["total"])
    minute = message.minute.astimezone(UTC).isoformat().replace("+00:00", "Z")
    short = json.dumps({"minute_window": minute, "total": total}, separators=(",", ":"))
    return Frame("windows", short, message.payload)


def _liveness(message: Liveness) -> Frame:
    said = {
        "live": message.live,
        "since": message.since.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "why": message.why,
    }
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return Frame("liveness", text, text)
