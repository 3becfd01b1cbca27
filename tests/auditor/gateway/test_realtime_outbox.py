"""What waits for one socket: in its order, within bounds, and behind what must not wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from auditor.gateway.realtime import outbox as outbox_module
from auditor.gateway.realtime.outbox import SocketOutbox


class PlayedSocket:
    """Takes what it is sent while it is open. gone: sending raises, as after a disconnect."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {}
        self.open = asyncio.Event()
        self.open.set()
        self.gone = False
        self.sent: list[str | bytes | int] = []

    async def send_text(self, text: str) -> None:
        await self._take(text)

    async def send_bytes(self, content: bytes) -> None:
        await self._take(content)

    async def close(self, code: int) -> None:
        await self._take(code)

    async def _take(self, what: str | bytes | int) -> None:
        await self.open.wait()
        if self.gone:
            raise WebSocketDisconnect(1006)
        self.sent.append(what)


Scene = Callable[[SocketOutbox, PlayedSocket, list[float]], Awaitable[None]]


def played(scene: Scene) -> int:
    """A scene with an outbox that is written; gives how often a client was cut off."""
    dropped = 0

    async def play() -> None:
        def count() -> None:
            nonlocal dropped
            dropped += 1

        socket, now_s = PlayedSocket(), [0.0]
        outbox = SocketOutbox(socket, 1, lambda: now_s[0], count)  # type: ignore[arg-type]
        writing = asyncio.create_task(outbox.write())
        try:
            async with asyncio.timeout(20):
                await scene(outbox, socket, now_s)
        finally:
            writing.cancel()

    asyncio.run(play())
    return dropped


def test_a_heartbeat_s_answer_does_not_wait_behind_the_queue() -> None:
    """It overtakes all but what is being sent."""

    async def scene(outbox: SocketOutbox, socket: PlayedSocket, now_s: list[float]) -> None:
        socket.open.clear()
        for frame in ("a", "b", b"c"):
            outbox.offer(frame)
        await asyncio.sleep(0)
        outbox.offer("beat", first=True)
        socket.open.set()
        while len(socket.sent) < 4:
            await asyncio.sleep(0)
        assert socket.sent == ["a", "beat", "b", b"c"]

    assert played(scene) == 0


@pytest.mark.parametrize("bound", ["QUEUED_FRAMES", "QUEUED_BYTES"])
def test_too_much_that_waits_cuts_the_client_off_once(
    monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    """What waited is thrown away, and nothing more is taken."""
    monkeypatch.setattr(outbox_module, bound, 3)

    async def scene(outbox: SocketOutbox, socket: PlayedSocket, now_s: list[float]) -> None:
        aborted: list[bool] = []
        socket.scope["extensions"] = {outbox_module.ABORT: {"call": lambda: aborted.append(True)}}
        socket.open.clear()
        for _ in range(3):
            outbox.offer("x")
        assert not outbox.dropped
        for _ in range(3):
            outbox.offer("x")
        assert (outbox.dropped, aborted) == (True, [True])
        socket.open.set()
        await asyncio.sleep(0)
        assert socket.sent == []

    assert played(scene) == 1


def test_a_client_is_stuck_when_it_takes_nothing() -> None:
    """Not when there is nothing to take, and not while it takes."""

    async def scene(outbox: SocketOutbox, socket: PlayedSocket, now_s: list[float]) -> None:
        now_s[0] = 1_000.0
        assert not outbox.is_stuck(now_s[0])
        socket.open.clear()
        outbox.offer("a")
        await asyncio.sleep(0)
        assert not outbox.is_stuck(now_s[0] + outbox_module.STUCK_S)
        assert outbox.is_stuck(now_s[0] + outbox_module.STUCK_S + 1)
        socket.open.set()
        while not socket.sent:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not outbox.is_stuck(now_s[0] + 10_000)

    assert played(scene) == 0


def test_a_socket_that_is_gone_ends_the_writing_quietly() -> None:
    async def scene(outbox: SocketOutbox, socket: PlayedSocket, now_s: list[float]) -> None:
        socket.gone = True
        outbox.offer("a")
        await outbox.write()
        assert socket.sent == []

    assert played(scene) == 0


def test_a_close_that_is_not_taken_cuts_the_client_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said once, however often it is asked for."""
    monkeypatch.setattr(outbox_module, "CLOSING_S", 0.01)

    async def scene(outbox: SocketOutbox, socket: PlayedSocket, now_s: list[float]) -> None:
        aborted = asyncio.Event()
        socket.scope["extensions"] = {outbox_module.ABORT: {"call": aborted.set}}
        socket.open.clear()
        outbox.close(1008)
        outbox.close(1012)
        await aborted.wait()
        socket.open.set()
        await asyncio.sleep(0)
        assert socket.sent == []

    assert played(scene) == 0
