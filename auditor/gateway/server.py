"""Serving an application by uvicorn until a signal, which lets what is under way finish."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI

from auditor.errors import Busy, SettingsInvalid
from auditor.gateway.realtime.limits import MOST_FRAME_BYTES, MOST_SOCKETS
from auditor.gateway.realtime.transport import AbortableSocket

GRACEFUL_S: Final = 10
MOST_CONNECTIONS: Final = 200 + MOST_SOCKETS
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
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"

    def url(self, port: int) -> str:
        """Where it is reached."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.certificate else ''}://{host}:{port}"


def serve(app: FastAPI, place: Place, on_listening: Callable[[str], None]) -> None:
    """Until SIGTERM or SIGINT. on_listening: told the URL once connections are accepted.

    Raises Busy when the port is taken, SettingsInvalid for a place or a certificate that is none.
    """
    listener = _listener(place)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws=AbortableSocket,
        ws_max_size=MOST_FRAME_BYTES,
        # a message to many is written once; each socket would pack it again
        ws_per_message_deflate=False,
        limit_concurrency=MOST_CONNECTIONS,
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
    uvicorn.Server(config).run(sockets=[listener])


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
