"""The Realtime routes under a real server, with a hub and tokens that a test plays."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect

from auditor.gateway.app import Refusal, answer_refusal
from auditor.gateway.callers import Caller
from auditor.gateway.live.listener import Listener
from auditor.gateway.live.messages import Liveness, Message, WindowsChanged
from auditor.gateway.realtime import routes
from auditor.gateway.realtime.limits import MOST_FRAME_BYTES
from auditor.gateway.realtime.switchboard import Switchboard
from auditor.gateway.realtime.transport import AbortableSocket
from collector.errors import SinkUnavailable

PATIENCE_S = 20.0
MINUTE = datetime(2026, 3, 2, 12, tzinfo=UTC)


class PlayedHub:
    """Tells what it is told to. live: whether notices arrive."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self.live = asyncio.Event()
        self.live.set()

    def listen(self, capacity: int = 1000, rows: bool = False) -> Listener:
        self.listeners.append(Listener(capacity, rows))
        return self.listeners[-1]

    async def until_live(self, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self.live.wait()
        except TimeoutError:
            return False
        return True

    def tell(self, message: Message) -> None:
        self.listeners[-1].offer(message)

    def tell_windows(self, payload: str = '{"rows": []}') -> None:
        self.tell(WindowsChanged(MINUTE, payload, ()))

    def tell_liveness(self) -> None:
        self.tell(Liveness(True, MINUTE))


class PlayedCallers:
    """Tokens and what each may; `away` makes the table of tokens so."""

    def __init__(self, reading_needs_token: bool) -> None:
        self.reading_needs_token = reading_needs_token
        self.away = False
        self.known: dict[str, tuple[Any, ...]] = {
            "a-reader": ("read",), "a-signer": ("ack",), "a-collector": ("ingest",),
        }  # fmt: skip

    async def of(self, token: str | None) -> Caller | None:
        if self.away:
            raise SinkUnavailable("away")
        scopes = self.known.get(token or "")
        return None if scopes is None else Caller(str(token), frozenset(scopes), b"")


class NoReaders:
    """The database is away."""

    def taken(self) -> Any:
        raise Refusal(503, "the database is away")


class Stage:
    """What a scene has to play with."""

    def __init__(self, port: int, app: FastAPI, server: uvicorn.Server) -> None:
        self.port, self.server = port, server
        self.hub: PlayedHub = app.state.gate.hub
        self.callers: PlayedCallers = app.state.gate.callers
        self.board: Switchboard = app.state.switchboard

    def connect(
        self, vsn: str | None = "1.0.0", path: str = "/realtime/v1/websocket", **how: Any
    ) -> AbstractAsyncContextManager[ClientConnection]:
        """A client's socket. key: its apikey; headers: more of its handshake."""
        query = {"apikey": how.pop("key", "any"), "vsn": vsn}
        written = "&".join(f"{name}={text}" for name, text in query.items() if text is not None)
        return connect(
            f"ws://127.0.0.1:{self.port}{path}?{written}",
            additional_headers=how.pop("headers", {}), max_size=None, **how,
        )  # fmt: skip


Scene = Callable[[Stage], Awaitable[None]]


def played(scene: Scene, *, needs_token: bool = False) -> None:
    """A scene before a server that ends with it."""

    async def play() -> None:
        app = FastAPI()
        app.state.gate = SimpleNamespace(
            hub=PlayedHub(), callers=PlayedCallers(needs_token), readers=NoReaders()
        )
        app.include_router(routes.router)
        app.add_exception_handler(Refusal, answer_refusal)
        config = uvicorn.Config(
            app, ws=AbortableSocket, ws_max_size=MOST_FRAME_BYTES, log_level="warning",
            ws_per_message_deflate=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = uvicorn.Server(config)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serving = asyncio.create_task(server.serve([listener]))
            try:
                async with asyncio.timeout(PATIENCE_S):
                    while not server.started:
                        await asyncio.sleep(0.01)
                    await scene(Stage(listener.getsockname()[1], app, server))
            finally:
                server.should_exit = True
                await serving

    asyncio.run(play())


async def say(
    client: ClientConnection, topic: str, event: str, payload: Any = None, ref: str | None = "1"
) -> None:
    """A frame of 1.0.0."""
    words = {"topic": topic, "event": event, "payload": payload or {}, "ref": ref, "join_ref": "1"}
    await client.send(json.dumps(words))


async def hear(client: ClientConnection) -> dict[str, Any]:
    """The next frame of 1.0.0."""
    found: dict[str, Any] = json.loads(await client.recv())
    return found


async def join(client: ClientConnection, topic: str = "realtime:room", **config: Any) -> Any:
    """Joins; gives the answer's status, and its reason."""
    await say(client, topic, "phx_join", {"config": config})
    payload = (await hear(client))["payload"]
    return payload["status"], payload["response"].get("reason", "")


async def until(true: Callable[[], bool]) -> None:
    """Waits for it; the scene's own deadline ends that."""
    while not true():
        await asyncio.sleep(0.01)
