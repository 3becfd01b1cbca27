"""Between the hub and the sockets: one listener hears, every room is told."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from fastapi.concurrency import run_in_threadpool
from starlette.websockets import WebSocket

from auditor.gateway.bucket import Bucket
from auditor.gateway.gate import Gate
from auditor.gateway.live.listener import Listener
from auditor.gateway.live.messages import (
    OBSERVATIONS,
    WINDOWS,
    Liveness,
    Message,
    WindowsChanged,
)
from auditor.gateway.realtime.changes import Columns
from auditor.gateway.realtime.conversation import (
    OUR_TOPIC,
    Conversation,
    JoinAsked,
    TokenGiven,
)
from auditor.gateway.realtime.envelopes import broadcast
from auditor.gateway.realtime.limits import (
    ALLOWED_EVERY_S,
    JOIN_WAIT_S,
    LOOKED_AFTER_EVERY_S,
    SPOKEN_A_SECOND,
    SPOKEN_AT_ONCE,
)
from auditor.gateway.realtime.outbox import SocketOutbox
from auditor.gateway.realtime.permission import AWAY, Admitted, why_not_listen
from auditor.gateway.realtime.rooms import Message as Spoken
from auditor.gateway.realtime.rooms import Rooms
from auditor.gateway.realtime.socket import TOO_MUCH, Socket
from auditor.gateway.refusals import Refusal
from sql import queries

logger = logging.getLogger("auditor.gateway")

HEARD: Final = 10_000
"""Messages of the hub that may wait; they are passed on as they come."""
GOING_AWAY: Final = 1012
"""Clients come back after it; older Python ones never do after 1000 or 1001."""
NOT_LIVE: Final = "InitializingProjectConnection: the gateway hears no notices now; try again"
PUBLIC: Final = False


class Switchboard:
    """All sockets of the gateway. Only for the event loop's own thread.

    dropped_sockets: how many were cut off because they did not read. unreadable_frames: how many
    frames were none.
    """

    def __init__(self, gate: Gate, clock: Callable[[], float] = time.monotonic) -> None:
        self.rooms = Rooms()
        self.dropped_sockets = self.unreadable_frames = 0
        self._gate, self._clock = gate, clock
        self._sockets: dict[Socket, Admitted] = {}
        self._columns: Columns = {}
        self._columns_are_known = False
        self._listener: Listener | None = None
        self._spoken = Bucket(SPOKEN_A_SECOND, SPOKEN_AT_ONCE, clock())

    @property
    def sockets(self) -> int:
        """How many there are now."""
        return len(self._sockets)

    @property
    def channels(self) -> int:
        """How many all sockets have joined."""
        return len(self.rooms)

    async def run(self) -> None:
        """Until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._relay())
            tasks.create_task(self._look_after())

    async def serve(self, websocket: WebSocket, admitted: Admitted) -> None:
        """A socket, from its acceptance to its end."""
        outbox = SocketOutbox(websocket, admitted.version, self._clock, self._count_dropped)
        conversation = Conversation(outbox, self.rooms)

        async def join(asked: JoinAsked) -> None:
            await self._join(conversation, admitted, asked)

        async def keep(given: TokenGiven) -> None:
            await self._keep(conversation, admitted, given)

        socket = Socket(websocket, outbox, conversation, self._clock, join=join, keep=keep)
        self._sockets[socket] = admitted
        try:
            await websocket.accept()
            await socket.run()
        finally:
            del self._sockets[socket]
            self.unreadable_frames += socket.unreadable
            self._ask_for_rows()

    def speak(self, messages: Sequence[tuple[bool, Spoken]]) -> None:
        """Broadcasts that came over HTTP: each with whether it is private.

        Raises Refusal (429) when too many come.
        """
        wait_s = max((self._spoken.take(self._clock()) for _ in messages), default=0.0)
        if wait_s:
            said = "too many broadcasts come at once"
            raise Refusal(429, said, {"Retry-After": f"{1 + int(wait_s)}"})
        for private, message in messages:
            self.rooms.say((private, message.topic), message)

    # Joins ---------------------------------------------------------------------------------------

    async def _join(self, conversation: Conversation, admitted: Admitted, asked: JoinAsked) -> None:
        reason = await self._why_not(admitted, asked)
        if reason:
            conversation.refuse_join(asked, reason)
        else:
            conversation.join(asked, self._columns)
            self._ask_for_rows()

    async def _why_not(self, admitted: Admitted, asked: JoinAsked) -> str:
        """The last question is whether notices arrive: nothing comes between it and the answer."""
        tokens = (asked.config.token, admitted.key)
        reason = await why_not_listen(self._gate.callers, tokens, asked.config.private)
        if reason:
            return reason
        if asked.config.changes and not self._columns_are_known:
            try:
                self._columns = await run_in_threadpool(self._read_columns)
            except Refusal:
                return AWAY
            self._columns_are_known = True
        return "" if await self._gate.hub.until_live(JOIN_WAIT_S) else NOT_LIVE

    async def _keep(
        self, conversation: Conversation, admitted: Admitted, given: TokenGiven
    ) -> None:
        """A channel with another token; it ends where that may not listen."""
        tokens, private = (given.token, admitted.key), given.channel.config.private
        reason = await why_not_listen(self._gate.callers, tokens, private)
        if reason and reason != AWAY:
            conversation.end_channel(given.channel, reason)
        elif not reason:
            given.channel.token = given.token

    def _read_columns(self) -> Columns:
        found: dict[str, list[tuple[str, str]]] = {}
        with self._gate.readers.taken() as connection:
            asked = {"tables": [OBSERVATIONS, WINDOWS]}
            for table, column, type_name in connection.execute(
                queries("realtime")["read_published_columns"], asked
            ):
                found.setdefault(table, []).append((column, type_name))
        return {table: tuple(columns) for table, columns in found.items()}

    # What is told --------------------------------------------------------------------------------

    async def _relay(self) -> None:
        while True:
            with self._gate.hub.listen(HEARD) as listener:
                self._listener = listener
                self._ask_for_rows()
                async for message in listener:
                    try:
                        await self._tell(message)
                    except Exception:
                        logger.exception("a message could not be passed on")
            if not listener.overflowed:
                return  # the hub has closed
            for socket in self._sockets:  # what they missed nobody knows
                socket.outbox.close(GOING_AWAY)

    async def _tell(self, message: Message) -> None:
        """Pauses between rows, so that sockets are written while many are told."""
        if isinstance(message, Liveness):
            self._columns_are_known = False  # a migration may have come between
            return
        if isinstance(message, WindowsChanged):
            event, rows = WINDOWS, message.rows
        else:
            event, rows = OBSERVATIONS, (message.row,)
        self.rooms.say((PUBLIC, OUR_TOPIC), broadcast(OUR_TOPIC, event, message.payload))
        for row in rows:
            await asyncio.sleep(0)
            self.rooms.say_change(row, self._columns)
        await asyncio.sleep(0)

    def _ask_for_rows(self) -> None:
        if self._listener is not None:
            self._listener.rows = self.rooms.wants_rows

    # Looking after -------------------------------------------------------------------------------

    async def _look_after(self) -> None:
        asked_at = self._clock()
        while True:
            await asyncio.sleep(LOOKED_AFTER_EVERY_S)
            now_s = self._clock()
            for socket in tuple(self._sockets):
                socket.look_after(now_s)
            if now_s - asked_at >= ALLOWED_EVERY_S:
                asked_at = now_s
                await self._check_tokens()

    async def _check_tokens(self) -> None:
        """A token that was revoked listens no longer, however long its socket has been open."""
        for socket, admitted in tuple(self._sockets.items()):
            reason = await why_not_listen(self._gate.callers, (admitted.key,), private=False)
            if reason and reason != AWAY:
                socket.outbox.close(TOO_MUCH)
                continue
            for channel in tuple(socket.conversation.channels.values()):
                given = TokenGiven(channel, channel.token)
                await self._keep(socket.conversation, admitted, given)

    def _count_dropped(self) -> None:
        self.dropped_sockets += 1
