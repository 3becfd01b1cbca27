"""Real Redis for the tests: one server, and a cluster of three, each for the whole run.

redis_server     the port of a server on loopback that keeps nothing on disk
redis_cluster    the port of one of three masters that share the slots
"""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import pytest

SECONDS = 30.0


def programs() -> tuple[str, str]:
    """redis-server and redis-cli; the test is skipped where they are not installed."""
    found = shutil.which("redis-server"), shutil.which("redis-cli")
    if found[0] is None or found[1] is None:
        pytest.skip("Redis is not installed; `make system-packages` installs it")
    return found[0], found[1]


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


def answers(port: int, question: bytes, answer: bytes) -> bool:
    """Whether the server on that port gives this answer, somewhere in what it says first."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as asking:
            asking.sendall(question + b"\r\n")
            return answer in asking.recv(4096)
    except OSError:
        return False


def wait_for(port: int, question: bytes, answer: bytes, server: "subprocess.Popen[bytes]") -> bool:
    """Until the server says so; False when it ends before."""
    until = monotonic() + SECONDS
    while not answers(port, question, answer):
        try:
            server.wait(0.02)
        except subprocess.TimeoutExpired:
            if monotonic() > until:
                raise AssertionError(f"redis-server did not answer {question!r}") from None
        else:
            return False
    return True


@contextmanager
def server_in(folder: Path, *options: str) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """A server on a free port; another port when somebody else was quicker."""
    program, _ = programs()
    for _ in range(5):
        port = free_port()
        place = folder / str(port)
        place.mkdir()
        chosen = ["--cluster-port", str(free_port())] if "--cluster-enabled" in options else []
        server = subprocess.Popen(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(place), "--save", "",
             "--appendonly", "no", *options, *chosen],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            if wait_for(port, b"PING", b"+PONG", server):
                yield port, server
                return
        finally:
            server.kill()
            server.wait()
    raise AssertionError("redis-server found no free port")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with server_in(tmp_path_factory.mktemp("redis")) as (port, _):
        yield port


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    _, client = programs()
    folder = tmp_path_factory.mktemp("redis_cluster")
    with ExitStack() as stack:
        servers = [
            stack.enter_context(server_in(folder, "--cluster-enabled", "yes")) for _ in range(3)
        ]
        places = [f"127.0.0.1:{port}" for port, _ in servers]
        subprocess.run(
            [client, "--cluster", "create", *places, "--cluster-yes"],
            check=True, capture_output=True, timeout=SECONDS,
        )  # fmt: skip
        for port, server in servers:
            assert wait_for(port, b"CLUSTER INFO", b"cluster_state:ok", server)
        yield servers[0][0]
