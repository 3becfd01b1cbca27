"""The soak's own PostgreSQL, which it kills as a power cut would, and starts again."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import psycopg

from auditor.postgres.embedded import EmbeddedPostgres
from auditor.schema.migrations import migrate

DEATH_TIMEOUT_S = 30.0


class SoakServer:
    """An embedded server in a folder; migrated at its first start."""

    def __init__(self, folder: Path) -> None:
        self._embedded = EmbeddedPostgres(folder)
        self.dsn = ""

    def __enter__(self) -> SoakServer:
        self.start()
        try:
            with psycopg.connect(self.dsn, autocommit=True) as connection:
                migrate(connection)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._embedded.__exit__(None, None, None)

    def start(self) -> None:
        """Start it again after a kill."""
        self.dsn = self._embedded.__enter__()

    def kill(self) -> None:
        """kill -9 of the postmaster and all its children; returns when they are dead."""
        pid = self._embedded.postmaster.pid()
        if pid is not None:
            postmaster = psutil.Process(pid)
            postmaster.suspend()  # so that it starts nothing while its children are counted
            processes = [postmaster, *postmaster.children(recursive=True)]
            for process in processes:
                process.kill()
            _wait_for_death(processes)
        self._embedded.__exit__(None, None, None)


def _wait_for_death(processes: list[psutil.Process]) -> None:
    deadline = time.monotonic() + DEATH_TIMEOUT_S
    while any(_is_alive(process) for process in processes):
        if time.monotonic() > deadline:
            raise TimeoutError("the server survived a kill -9")
        time.sleep(0.01)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
