"""Slow clients, too many of them, and the end: on real connections, over a small application."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect

from auditor.gateway.guarding import connections
from auditor.gateway.guarding.connections import BoundedHttp
from auditor.gateway.guarding.traffic import Traffic
from auditor.gateway.server import Server

LARGE = bytes(32 * 2**20)
DEADLINE_S = 20.0


class Application:
    """/ says hello, /large a lot, /stream never ends before `ended`; sockets stay open."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.closed_with: list[int] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            self.closed_with.append((await receive())["code"])
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/stream":
            await send({"type": "http.response.body", "body": b"first\n", "more_body": True})
            await self.ended.wait()
        body = LARGE if scope["path"] == "/large" else b"last\n"
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def served(app: Application, traffic: Traffic, most: int = 50) -> AsyncIterator[Any]:
    """A server on a free port; yields it and the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_level="critical", lifespan="off", ws="websockets-sansio",
        http=partial(BoundedHttp, most=most, traffic=traffic),  # type: ignore[arg-type]
        timeout_graceful_shutdown=10,
    )  # fmt: skip
    server = Server(config, app.ended.set)
    running = asyncio.create_task(server._serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server, listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(DEADLINE_S):
            await test()

    asyncio.run(within())


async def opened(port: int, said: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    await writer.drain()
    return reader, writer


GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def answered(reader: asyncio.StreamReader) -> bytes:
    """The status line, once the answer is there to its end."""
    head = await reader.readuntil(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        await reader.readuntil(b"\r\n0\r\n\r\n")
    return head.split(b"\r\n")[0]


def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing at all, half a head, a trickle of it, half of a second one: each is closed."""
    monkeypatch.setattr(connections, "HEAD_S", 0.3)

    async def asked() -> None:
        async with served(Application(), Traffic()) as (_, port):
            for said in (b"", GET[:9]):
                reader, writer = await opened(port, said)
                assert await reader.read() == b""
                writer.close()
            reader, writer = await opened(port)
            for byte in GET * 99:  # a byte at a time does not begin the wait anew
                writer.write(bytes([byte])[:1] if byte != 10 else b"x")
                await asyncio.sleep(0.02)
                if reader.at_eof():
                    break
            assert reader.at_eof()
            writer.close()
            reader, writer = await opened(port, GET)
            assert await answered(reader) == b"HTTP/1.1 200 OK"
            writer.write(GET[:9])
            assert await reader.read() == b""
            writer.close()
            reader, writer = await opened(port, GET)
            assert await answered(reader) == b"HTTP/1.1 200 OK"
            await asyncio.sleep(0.5)  # idle between two requests is no slow head
            writer.write(GET)
            assert await answered(reader) == b"HTTP/1.1 200 OK"
            writer.close()

    run(asked)


def test_who_takes_nothing_is_cut_off_and_who_is_slow_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 32 MiB: one takes none of it, one takes it in small bites and gets it whole."""
    monkeypatch.setattr(connections, "STALLED_S", 0.3)
    traffic = Traffic()

    async def asked() -> None:
        async with served(Application(), traffic) as (server, port):
            _, stuck = await opened(port, b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            stuck.transport.pause_reading()  # type: ignore[attr-defined]
            reader, writer = await opened(port, b"GET /large HTTP/1.0\r\nHost: x\r\n\r\n")
            taken = 0
            while piece := await reader.read(2**20):
                taken += len(piece)
                await asyncio.sleep(0.02)
            assert taken > len(LARGE)
            while traffic.stalled == 0:
                await asyncio.sleep(0.01)
            while server.server_state.connections:
                await asyncio.sleep(0.01)
            writer.close()
            stuck.transport.abort()
        assert traffic.stalled == 1

    run(asked)


def test_a_connection_too_many_takes_the_place_of_the_idlest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who is being answered keeps its own; where nobody is idle, the new one hears 503."""
    traffic = Traffic()
    stream = b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"

    async def asked() -> None:
        app = Application()
        async with served(app, traffic, most=3) as (server, port):
            oldest, first = await opened(port, GET)
            await answered(oldest)
            held = []
            for _ in range(2):
                reader, writer = await opened(port, stream)
                await reader.readuntil(b"first\n")
                held.append((reader, writer))
            reader, writer = await opened(port, GET)
            assert await answered(reader) == b"HTTP/1.1 200 OK"
            assert await oldest.read() == b""
            assert traffic.crowded == 0
            writer.close()
            await reader.read()
            while len(server.server_state.connections) > 2:
                await asyncio.sleep(0.01)
            held.append(await opened(port, stream))
            await held[-1][0].readuntil(b"first\n")
            reader, writer = await opened(port)
            said = await reader.read()
            assert said.startswith(b"HTTP/1.1 503 ")
            assert b"Retry-After: 5" in said
            assert traffic.crowded == 1
            app.ended.set()
            for each, _ in held:  # none of them noticed
                await each.readuntil(b"last\n")
            for closing in (first, writer, *(theirs for _, theirs in held)):
                closing.close()

    run(asked)


def test_at_the_end_sockets_hear_1012_and_streams_end() -> None:
    """Clients of Supabase come back after 1012, and some of them only then."""

    async def asked() -> None:
        app = Application()
        async with (
            served(app, Traffic()) as (server, port),
            connect(f"ws://127.0.0.1:{port}/", proxy=None) as open_socket,
        ):
            reader, writer = await opened(port, b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"first\n")
            server.handle_exit(signal.SIGTERM, None)
            await open_socket.wait_closed()
            assert open_socket.close_code == 1012
            await reader.readuntil(b"last\n")
            writer.close()
        assert app.closed_with == [1012]

    run(asked)
