"""The server process of one cluster, as its file postmaster.pid tells of it.

The file outlives a power cut, and after a reboot its number may be anybody's. So a number counts
only if that process works in the cluster's own folder, as every PostgreSQL process does.
"""

import os
import time
from pathlib import Path

import psutil
import psycopg

from auditor.errors import EmbeddedUnavailable

SUPERUSER = "postgres"
PORT = 5432  # part of the socket's name; no network port is opened
POLL_S = 0.02
ORPHANS_TIMEOUT_S = 30.0
PID_LINE, SOCKET_LINE = 0, 4


class Postmaster:
    """What runs in a cluster's folder."""

    def __init__(self, cluster: Path) -> None:
        self._cluster = cluster
        self._file = cluster / "postmaster.pid"

    def pid(self) -> int | None:
        """The process id of the running server; None when none runs."""
        number = _number(self._file)
        return number if number is not None and self._works_here(number) else None

    def socket_folder(self) -> str:
        """Where the running server listens.

        Raises EmbeddedUnavailable when it does not say so.
        """
        lines = _lines(self._file)
        if len(lines) <= SOCKET_LINE or not lines[SOCKET_LINE]:
            raise EmbeddedUnavailable(f"{self._file} names no socket; restart the server.")
        return lines[SOCKET_LINE]

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Wait until the server answers. False when it ends instead, or takes too long."""
        deadline = time.monotonic() + timeout_s
        while self.pid() is not None and time.monotonic() < deadline:
            if self.answers():
                return True
            time.sleep(POLL_S)
        return False

    def forget_strangers(self, sockets: Path) -> None:
        """Remove lock files that name another program's process, which would bar every start.

        PostgreSQL itself deals with the number of a process that is gone.
        sockets: where the server is to listen; a lock file of the same kind is left there.
        Raises EmbeddedUnavailable when processes of a former server are still at work here.
        """
        for file in (self._file, sockets / f".s.PGSQL.{PORT}.lock"):
            number = _number(file)
            if number is None or not psutil.pid_exists(number) or self._works_here(number):
                continue
            self._wait_for_orphans()
            file.unlink()

    def _wait_for_orphans(self) -> None:
        deadline = time.monotonic() + ORPHANS_TIMEOUT_S
        while orphans := [pid for pid in psutil.pids() if self._works_here(pid)]:
            if time.monotonic() > deadline:
                raise EmbeddedUnavailable(
                    f"a former server of {self._cluster} has left processes {orphans} behind; "
                    "end them, and retry."
                )
            time.sleep(POLL_S)

    def answers(self, database: str = "postgres") -> bool:
        """Whether the server lets us into this database now."""
        try:
            psycopg.connect(
                host=self.socket_folder(),
                port=PORT,
                user=SUPERUSER,
                dbname=database,
                connect_timeout=5,
            ).close()
        except (psycopg.OperationalError, EmbeddedUnavailable):
            return False
        return True

    def _works_here(self, pid: int) -> bool:
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return process.name().startswith("postgres") and os.path.samefile(
                process.cwd(), self._cluster
            )
        except (psutil.Error, OSError):
            return False


def _number(file: Path) -> int | None:
    """The process id in a lock file; None when there is none to read."""
    lines = _lines(file)
    try:
        return abs(int(lines[PID_LINE]))
    except (IndexError, ValueError):
        return None


def _lines(file: Path) -> list[str]:
    try:
        return [line.strip() for line in file.read_text().splitlines()]
    except (FileNotFoundError, NotADirectoryError):
        return []
