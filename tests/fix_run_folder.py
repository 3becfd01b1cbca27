"""One folder for each run of the tests, shared by its workers, gone at its end.

It lies where an account other than root may enter, since PostgreSQL does not run as root. A run
that was killed leaves its folder and its servers; the next run stops and removes them.
"""

import fcntl
import os
import shutil
import tempfile
import uuid
from pathlib import Path

import pytest

from auditor.postgres.embedded import EmbeddedPostgres
from auditor.postgres.lease import locked

RUNS = Path(tempfile.gettempdir()) / f"cache-auditor-tests-{os.geteuid()}"
VARIABLE = "CACHE_AUDITOR_TEST_RUN"
LOCK = "run.lock"


def run_folder() -> Path:
    """The folder of the run that this process belongs to."""
    return RUNS / os.environ[VARIABLE]


class Run:
    """The run of the process that started it; its workers only read the variable."""

    def __init__(self) -> None:
        RUNS.mkdir(mode=0o755, exist_ok=True)
        if RUNS.lstat().st_uid != os.geteuid():
            raise PermissionError(f"{RUNS} belongs to somebody else; set TMPDIR to another folder")
        remove_abandoned()
        os.environ[VARIABLE] = uuid.uuid4().hex[:8]
        run_folder().mkdir(mode=0o755)
        self._lock = os.open(run_folder() / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def end(self) -> None:
        clear(run_folder())
        os.close(self._lock)
        del os.environ[VARIABLE]


def remove_abandoned() -> None:
    """Stop and remove what runs that did not come to their end have left."""
    for folder in RUNS.iterdir():
        try:
            lock = os.open(folder / LOCK, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            if locked(lock):
                clear(folder)
        finally:
            os.close(lock)


def clear(folder: Path) -> None:
    """Stop and remove a run's servers, but for those that a worker of it still uses."""
    servers = [path for path in folder.iterdir() if path.is_dir()]
    stopped = [EmbeddedPostgres(path).stop_if_unused() for path in servers]
    if all(stopped):
        shutil.rmtree(folder, ignore_errors=True)


class RunPlugin:
    def __init__(self) -> None:
        self._run = Run()

    def pytest_unconfigure(self) -> None:
        self._run.end()


def pytest_configure(config: pytest.Config) -> None:
    if VARIABLE not in os.environ:
        config.pluginmanager.register(RunPlugin(), "cache-auditor-run")
