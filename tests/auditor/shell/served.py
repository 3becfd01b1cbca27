"""`cache-auditor serve` as a real process, and proxies between it and who calls it."""

from __future__ import annotations

import json
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.auditor.shell.forked import Forked
from tests.auditor.shell.tool import started

PATIENCE_S = 60.0
TOKEN = "a-token-that-may-deliver"
STRANGER = "a-token-of-somebody-else"


@dataclass
class Served:
    """A running server. stderr: complete once it has ended."""

    url: str
    process: Forked
    ended: dict[str, str] = field(default_factory=dict)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(number)
        _, self.ended["stderr"] = self.process.communicate(timeout=PATIENCE_S)
        return self.process.wait()


@contextmanager
def serving(dsn: str, *words: str, **variables: str) -> Iterator[Served]:
    """A server on a free port that knows TOKEN; it is killed at the end if it still runs."""
    environment = {"CACHE_AUDITOR_INGEST_TOKENS": TOKEN} | variables
    process = started("serve", "--port", "0", "--json", *words, dsn=dsn, **environment)
    try:
        line = process.stdout.readline()
        assert line, process.communicate(timeout=PATIENCE_S)[1]
        yield Served(json.loads(line)["listening"], process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=PATIENCE_S)


class Proxy:
    """Passes bytes on to a server, and does to the answers what it is told to.

    on_answer(n): of the n-th answer from 1 on, whether it is passed on; False cuts the connection.
    """

    def __init__(self, port: int, on_answer: Callable[[int], bool] = lambda number: True) -> None:
        self._port = port
        self._on_answer = on_answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets = [self._listener]
        self._threads: list[threading.Thread] = []
        self.answers = 0
        self.connections = 0
        self._start(self._accept)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """No more connections, and an end to those that are open."""
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        for each in self._sockets:
            each.close()

    def greet(self, client: socket.socket) -> None:
        """What is said to a client before its bytes are passed on: nothing."""

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._sockets.append(client)
                self.connections += 1
                self.greet(client)
                server = socket.create_connection(("127.0.0.1", self._port))
                self._sockets.append(server)
                self._start(self._pass, client, server, False)
                self._start(self._pass, server, client, True)

    def _pass(self, one: socket.socket, other: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while piece := one.recv(65_536):
                self.answers += answers
                if answers and not self._on_answer(self.answers):
                    break
                other.sendall(piece)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class Tunnel(Proxy):
    """An HTTP proxy: a tunnel to one port, whatever host is asked for. heads: what it was asked."""

    def __init__(self, port: int) -> None:
        self.heads: list[str] = []
        super().__init__(port)

    def greet(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        self.heads.append(head.decode())
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")


def port_of(url: str) -> int:
    """Of http://127.0.0.1:PORT."""
    return int(url.rpartition(":")[2])


CERTIFICATE = Path(__file__).with_name("loopback_certificate.pem")
KEY = Path(__file__).with_name("loopback_key.pem")
