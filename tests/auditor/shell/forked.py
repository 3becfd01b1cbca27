"""A process of `cache-auditor`, forked from one that is ready (see `forking`)."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Self

from tests.auditor.shell import forking

ROOT = Path(__file__).parents[3]
START_S = 120.0


class Forked:
    """What subprocess.Popen gives of a process, with both outputs as pipes of text.

    typed: all that comes from its standard input.
    """

    def __init__(
        self,
        words: Sequence[str],
        environment: dict[str, str],
        folder: Path | None = None,
        typed: bytes = b"",
    ) -> None:
        self.args = list(words)
        asked = {
            "words": self.args,
            "folder": str(folder or Path.cwd()),
            "environment": environment,
        }
        (out, to_out), (error, to_error), (reply, to_reply) = os.pipe(), os.pipe(), os.pipe()
        into = os.memfd_create("typed")
        os.pwrite(into, typed, 0)
        theirs = [into, to_out, to_error, to_reply]
        try:
            socket.send_fds(forking_process(), [json.dumps(asked).encode()], theirs)
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        self.stdout: IO[str] = os.fdopen(out, encoding="utf-8", newline="")
        self.stderr: IO[str] = os.fdopen(error, encoding="utf-8", newline="")
        self._reply = os.fdopen(reply, "rb", buffering=0)
        self.returncode: int | None = None
        self.pid = self._told(START_S)

    def _told(self, timeout: float | None) -> int:
        """The next number that is told of it: its id, then its exit code."""
        if not select.select([self._reply], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        line = self._reply.readline()
        assert line, f"the process that forks ended, with {self.args}"
        return int(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()
        self.stderr.close()
        self.wait()

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, waited for. Raises TimeoutExpired."""
        if self.returncode is None:
            self.returncode = self._told(timeout)
            self._reply.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """All that it says until it ends. Raises TimeoutExpired."""
        said = {"out": "", "error": ""}

        def read(name: str, stream: IO[str]) -> None:
            if not stream.closed:
                said[name] = stream.read()
                stream.close()

        readers = [
            threading.Thread(target=read, args=each, daemon=True)
            for each in (("out", self.stdout), ("error", self.stderr))
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(timeout)
            if reader.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        self.wait(timeout)
        return said["out"], said["error"]


@cache
def forking_process() -> socket.socket:
    """Where requests go. The process ends when this end is closed."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, forking.LONGEST_REQUEST)
    command = [sys.executable, "-m", forking.__name__, str(there.fileno())]
    process = subprocess.Popen(
        command, pass_fds=[there.fileno()], cwd=ROOT, stdin=subprocess.DEVNULL
    )
    there.close()

    def end() -> None:
        here.close()
        process.wait()

    atexit.register(end)
    return here
