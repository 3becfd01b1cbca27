"""A network between the collectors and PostgreSQL that cuts, delays, and swallows answers.

It listens on a port of the loopback and passes bytes on, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

# PostgreSQL's answer to a commit: CommandComplete, of 11 bytes, with its tag.
COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"
CHUNK_BYTES = 2**16


class SoakProxy:
    """Passes on what comes until it is told otherwise; a context.

    away: connections end at once. delay_s: each piece waits for so long. swallow: so many answers
    to a commit are not passed on, and their connections cut. swallowed: how many were, in all.
    """

    def __init__(self, server_dsn: Callable[[], str]) -> None:
        self._server_dsn = server_dsn
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.away = False
        self.delay_s = 0.0
        self.swallow = self.swallowed = 0
        self.dsn = ""

    def __enter__(self) -> SoakProxy:
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        port = self._server.sockets[0].getsockname()[1]
        self.dsn = make_conninfo(self._server_dsn(), host="127.0.0.1", port=port)
        return self

    def __exit__(self, *error: object) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """End every connection, in the middle of whatever it does."""
        self._call(self._cut())

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.away:
            writer.transport.abort()
            return
        try:
            server_reader, server_writer = await self._connect()
        except OSError:  # the server is dead at the moment
            writer.transport.abort()
            return
        for source, target, answers in (
            (reader, server_writer, False),
            (server_reader, writer, True),
        ):
            task = self._loop.create_task(self._pass_on(source, target, answers))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            self._open.add(target)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        found = conninfo_to_dict(self._server_dsn())
        host, port = str(found["host"]), str(found.get("port") or 5432)
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, int(port))

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, answers: bool
    ) -> None:
        try:
            while piece := await source.read(CHUNK_BYTES):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if answers and self.swallow and COMMITTED in piece:
                    self.swallow -= 1
                    self.swallowed += 1
                    break
                target.write(piece)
                await target.drain()
        except OSError:
            pass
        finally:
            target.transport.abort()
            self._open.discard(target)
