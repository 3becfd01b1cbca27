"""Clusters and databases as the tests see them."""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from auditor.postgres.embedded import EmbeddedPostgres
from auditor.postgres.lease import guard
from auditor.postgres.programs import Programs
from auditor.schema.migrations import migrate

TEMPLATE = "migrated_template"
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """One test's own database; its connections are closed and it is dropped after the test."""

    name: str
    dsn: str
    version: int
    _stack: ExitStack = field(repr=False)

    def connect(self, **parameters: str) -> psycopg.Connection:
        """A new connection in autocommit mode, as superuser unless `user` says otherwise."""
        conn = psycopg.connect(make_conninfo(self.dsn, **parameters), autocommit=True)
        self._stack.callback(conn.close)
        return conn


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL, shared by all workers of the run."""

    version: int
    dsn: str
    lock: Path

    def dsn_of(self, name: str) -> str:
        return make_conninfo(self.dsn, dbname=name)

    @contextmanager
    def migrated_database(self) -> Iterator[Database]:
        self._make_template(TEMPLATE, "template0", migrate)
        with self._database(TEMPLATE) as made:
            yield made

    @contextmanager
    def filled_database(
        self, name: str, fill: Callable[[psycopg.Connection], object]
    ) -> Iterator[Database]:
        """A migrated one that was filled; that is done once for the whole run, by its name."""
        self._make_template(TEMPLATE, "template0", migrate)
        self._make_template(name, TEMPLATE, fill)
        with self._database(name) as made:
            yield made

    @contextmanager
    def empty_database(self) -> Iterator[Database]:
        with self._database("template0") as made:
            yield made

    @contextmanager
    def _database(self, template: str) -> Iterator[Database]:
        name = f"test_{os.getpid()}_{next(NUMBERS)}"
        self._run(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        try:
            with ExitStack() as stack:
                yield Database(name, self.dsn_of(name), self.version, stack)
        finally:
            self._run(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def _make_template(
        self, template: str, like: str, fill: Callable[[psycopg.Connection], object]
    ) -> None:
        """Fill one database for the whole run; it is a template only when it is whole."""
        with guard(self.lock), psycopg.connect(self.dsn, autocommit=True) as conn:
            found = conn.execute(
                "select datistemplate from pg_database where datname = %s", [template]
            ).fetchone()
            if found == (True,):
                return
            name, source = sql.Identifier(template), sql.Identifier(like)
            conn.execute(sql.SQL("drop database if exists {} with (force)").format(name))
            conn.execute(sql.SQL("create database {} template {}").format(name, source))
            with psycopg.connect(self.dsn_of(template), autocommit=True) as fresh:
                fill(fresh)
            conn.execute(
                sql.SQL("alter database {} is_template true allow_connections false").format(name)
            )

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            conn.execute(statement)


def kill_server(pid: int | None) -> None:
    """kill -9 of a server and all its processes; returns when they are dead."""
    assert pid is not None, "no server runs"
    postmaster = psutil.Process(pid)
    postmaster.suspend()  # so that it starts nothing while its children are counted
    processes = [postmaster, *postmaster.children(recursive=True)]
    for process in processes:
        process.kill()
    deadline = time.monotonic() + 30
    while any(is_alive(process) for process in processes):
        assert time.monotonic() < deadline, "the server survived a kill -9"
        time.sleep(0.01)


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still does anything; a dead one may be listed until it is reaped."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


class PrivateCluster:
    """A cluster that a test may kill, as a power cut would, and start again."""

    def __init__(self, folder: Path, version: int, programs: Programs) -> None:
        self.folder = folder
        self.dsn = ""
        self._server = EmbeddedPostgres(folder, version=version, durable=False, programs=programs)
        self._connections = ExitStack()

    def __enter__(self) -> "PrivateCluster":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._connections.close()
        self.stop()

    def start(self) -> None:
        """Start the server, and take part in its lease."""
        self.dsn = self._server.__enter__()

    def stop(self) -> None:
        """Stop the server in an orderly way. Harmless when it does not run."""
        self._server.__exit__(None, None, None)

    def kill(self) -> None:
        """Kill every process of the server at once, and wait until they are gone."""
        kill_server(self._server.postmaster.pid())
        self._server.__exit__(None, None, None)

    def connect(self, **parameters: str) -> psycopg.Connection:
        """A new connection in autocommit mode; closed after the test."""
        conn = psycopg.connect(make_conninfo(self.dsn, **parameters), autocommit=True)
        self._connections.callback(conn.close)
        return conn
