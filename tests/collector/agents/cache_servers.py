"""Real Redis and memcached for the tests, each on a free port in a folder of its own."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE_S = 20.0


def program(name: str) -> str:
    """Its path; the test is skipped where it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed; `make system-packages` installs it")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class CacheServer:
    """A server's process; it can be killed and started again on the same port."""

    def __init__(self, command: list[str], port: int, folder: Path) -> None:
        self.port = port
        self.url = f"127.0.0.1:{port}"
        self._command = command
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
                return
            except OSError:
                assert self._process.poll() is None, f"{self._command} ended at once"
                assert time.monotonic() < until, f"{self._command} does not listen"
                time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def say(self, request: bytes, end: bytes = b"\r\n") -> bytes:
        """What it answers, on a connection of its own."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as connection:
            connection.sendall(request)
            answer = b""
            while not answer.endswith(end):
                piece = connection.recv(65536)
                assert piece, answer
                answer += piece
            return answer


@contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[CacheServer]:
    port = free_port()
    own = ["--port", str(port), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]
    server = CacheServer([program("redis-server"), *own, *options], port, folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def memcached_server(folder: Path, *options: str) -> Iterator[CacheServer]:
    port = free_port()
    own = ["-p", str(port), "-U", "0", "-l", "127.0.0.1", "-u", getpass.getuser(), "-m", "8"]
    server = CacheServer([program("memcached"), *own, *options], port, folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def answering(answer: bytes | None) -> Iterator[int]:
    """A port where everything is accepted and answered with this; None: never answered."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                held.append(connection)
                if answer is not None:
                    connection.recv(65536)
                    connection.sendall(answer)
                    connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    for connection in held:
        connection.close()


def certificates(folder: Path) -> dict[str, str]:
    """A certificate authority, and a server's key and certificate for 127.0.0.1, as files."""
    openssl = program("openssl")

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True, timeout=60)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=tests",
        "-addext", "keyUsage=critical,keyCertSign,digitalSignature")  # fmt: skip
    run(
        "req", "-new", *key[:5], "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=cache"
    )
    (folder / "names").write_text(
        "subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
    )
    run("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
        "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.pem")  # fmt: skip
    return {"ca": str(folder / "ca.pem"), "cert": str(folder / "server.pem"),
            "key": str(folder / "server.key")}  # fmt: skip
