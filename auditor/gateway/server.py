"""Serving an application by uvicorn until a signal, which lets what is under way finish."""

from __future__ import annotations

import asyncio
import errno
import resource
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, cast

import uvicorn
from fastapi import FastAPI

from auditor.errors import Busy, SettingsInvalid
from auditor.gateway.gate import Gate
from auditor.gateway.guarding.connections import BoundedHttp
from auditor.gateway.realtime.limits import MOST_FRAME_BYTES
from auditor.gateway.realtime.transport import AbortableSocket
from auditor.settings_serving import is_loopback

GRACEFUL_S: Final = 10
OTHER_DESCRIPTORS: Final = 256
KEPT_OPEN_S: Final = 75
"""Longer than the minute within which each collector is heard of."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen; port 0 takes a free one. certificate and key: PEM files, both or neither."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether nobody but this machine's own users can reach it."""
        return is_loopback(self.host)

    def url(self, port: int) -> str:
        """Where it is reached."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.certificate else ''}://{host}:{port}"


class Server(uvicorn.Server):
    """uvicorn's, which ends what would never end by itself. on_stop: told when it is to stop."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Sockets are closed with 1012; streams end after what they were sent."""
        self._on_stop()
        await super().shutdown(sockets)


def serve(app: FastAPI, place: Place, on_listening: Callable[[str], None]) -> None:
    """Until SIGTERM or SIGINT. on_listening: told the URL once connections are accepted.

    Raises Busy when the port is taken, SettingsInvalid for a place or a certificate that is none.
    """
    gate: Gate = app.state.gate
    _make_descriptors(gate.limits.connections + OTHER_DESCRIPTORS)
    listener = _listener(place)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        http=cast(
            type[asyncio.Protocol],
            partial(BoundedHttp, most=gate.limits.connections, traffic=gate.traffic),
        ),
        ws=AbortableSocket,
        ws_max_size=MOST_FRAME_BYTES,
        # a message to many is written once; each socket would pack it again
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=GRACEFUL_S,
        timeout_keep_alive=KEPT_OPEN_S,
        ssl_certfile=place.certificate,
        ssl_keyfile=place.key,
    )
    try:
        config.load()
    except OSError as exc:
        raise SettingsInvalid((f"the certificate or its key cannot be used: {exc}",)) from exc
    # uvicorn raises the signal again when it is done; by then there is nothing left to do
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    on_listening(place.url(listener.getsockname()[1]))
    Server(config, gate.hub.close).run(sockets=[listener])


def _make_descriptors(wanted: int) -> None:
    """As many open files as connections need, where the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _listener(place: Place) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    try:
        return socket.create_server((place.host, place.port), family=family, backlog=512)
    except PermissionError as exc:
        raise SettingsInvalid((f"port {place.port} is not for this account",)) from exc
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            raise Busy(f"{place.host}:{place.port} is taken; name another with --port") from exc
        said = exc.strerror or str(exc)
        raise SettingsInvalid((f"cannot listen on {place.host}:{place.port}: {said}",)) from exc
