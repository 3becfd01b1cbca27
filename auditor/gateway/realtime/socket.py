"""One client's socket: a task that reads, one that writes, and a bounded queue between.

Heartbeats are answered at once, ahead of all that waits to be sent. Joins are decided beside
it, because they may have to wait for the database; what a client says meanwhile in that topic waits
for them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.websockets import WebSocket

from auditor.gateway.bucket import Bucket
from auditor.gateway.realtime.conversation import Conversation, JoinAsked, TokenGiven
from auditor.gateway.realtime.envelopes import PHOENIX, refused, reply
from auditor.gateway.realtime.frames import Frame, UnreadableFrame, read_binary, read_text
from auditor.gateway.realtime.limits import (
    FRAMES_A_SECOND,
    FRAMES_AT_ONCE,
    IDLE_S,
    MOST_CHANNELS,
    MOST_FRAME_BYTES,
)
from auditor.gateway.realtime.outbox import GONE, SocketOutbox

logger = logging.getLogger("auditor.gateway")

TOO_MUCH: Final = 1008
TOO_LARGE: Final = 1009
MOST_LATER: Final = 100
"""Frames that wait for a join."""


@dataclass(slots=True)
class Joining:
    """A join that is being decided, and what its client said meanwhile."""

    task: asyncio.Task[None]
    later: list[Frame] = field(default_factory=list)


class Socket:
    """Reads until its client is gone.

    join, keep: what the switchboard does of a join, and of another token for a channel.
    """

    def __init__(
        self,
        websocket: WebSocket,
        outbox: SocketOutbox,
        conversation: Conversation,
        clock: Callable[[], float],
        *,
        join: Callable[[JoinAsked], Awaitable[None]],
        keep: Callable[[TokenGiven], Awaitable[None]],
    ) -> None:
        self.outbox, self.conversation = outbox, conversation
        self._websocket, self._clock, self._join, self._keep = websocket, clock, join, keep
        self._joining: dict[str, Joining] = {}
        self._keeping: set[asyncio.Task[None]] = set()
        self._frames = Bucket(FRAMES_A_SECOND, FRAMES_AT_ONCE, clock())
        self._heard_at = clock()
        self.unreadable = 0

    async def run(self) -> None:
        """Until the client is gone, or was cut off."""
        self.outbox.of_task(asyncio.current_task())
        writing = asyncio.create_task(self.outbox.write())
        try:
            await self._read()
        except GONE:
            pass
        except asyncio.CancelledError:
            if not self.outbox.dropped:
                raise
        finally:
            for task in (writing, *self._keeping, *(each.task for each in self._joining.values())):
                task.cancel()
            self.conversation.end()

    def look_after(self, now_s: float) -> None:
        """Ends a socket whose client is gone without a word, or takes nothing."""
        if self.outbox.is_stuck(now_s):
            self.outbox.drop()
        elif now_s - self._heard_at > IDLE_S:
            self.outbox.close(TOO_MUCH)

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            self._heard_at = self._clock()
            found = message.get("text") or message.get("bytes") or ""
            if len(found) > MOST_FRAME_BYTES:
                self.outbox.close(TOO_LARGE)
            elif self._frames.take(self._heard_at):
                self.outbox.close(TOO_MUCH)
            else:
                self._take(found)

    def _take(self, found: str | bytes) -> None:
        try:
            frame = (
                read_text(self.outbox.version, found)
                if isinstance(found, str)
                else read_binary(found)
            )
        except UnreadableFrame:
            self.unreadable += 1
            return
        if frame.topic == PHOENIX and frame.event == "heartbeat":
            self.outbox.offer(reply(self.outbox.version, frame, {}), first=True)
        else:
            self._hear(frame)

    def _hear(self, frame: Frame) -> None:
        joining = self._joining.get(frame.topic)
        if joining is not None and frame.event in ("phx_join", "phx_leave"):
            joining.task.cancel()  # the client has thought better of it
            del self._joining[frame.topic]
        elif joining is not None:
            if len(joining.later) < MOST_LATER:
                joining.later.append(frame)
            return
        asked = self.conversation.take(frame, self._clock())
        if isinstance(asked, JoinAsked):
            self._begin_join(asked)
        elif isinstance(asked, TokenGiven):
            task = asyncio.create_task(_done(self._keep(asked)))
            self._keeping.add(task)
            task.add_done_callback(self._keeping.discard)

    def _begin_join(self, asked: JoinAsked) -> None:
        topic = asked.frame.topic
        if len(self._joining) + len(self.conversation.channels) >= MOST_CHANNELS and (
            topic not in self.conversation.channels
        ):
            said = "ChannelRateLimitReached: Too many channels"
            self.outbox.offer(refused(self.outbox.version, asked.frame, said))
            return
        self._joining[topic] = Joining(asyncio.create_task(self._finish_join(asked)))

    async def _finish_join(self, asked: JoinAsked) -> None:
        try:
            await self._join(asked)
        except Exception:
            logger.exception("a join could not be decided")
            self.conversation.refuse_join(asked, "UnknownErrorOnChannel: try again")
        for frame in self._joining.pop(asked.frame.topic).later:
            self._hear(frame)


async def _done(waited_for: Awaitable[Any]) -> None:
    await waited_for
