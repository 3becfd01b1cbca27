"""Bringing a database to this version's schema, forward only.

Each migration runs in a transaction of its own, which takes the database's lock, writes the
ledger's row first and then runs the text: whoever comes second sees the row and goes on to the
next. Roles are the cluster's and not the database's, so two databases of one cluster may still get
into each other's way; PostgreSQL then reports a conflict, and the transaction is tried again.
"""

import time
from collections.abc import Callable, Sequence
from importlib.metadata import version as distribution_version
from typing import Final, TypeVar

import psycopg
from psycopg import errors

from auditor.errors import Busy
from auditor.schema.errors import MigrationFailed
from auditor.schema.ledger import judge, read_landed, status
from sql import Migration, migrations, queries

ATTEMPTS: Final = 8
FIRST_PAUSE_S: Final = 0.05
CONFLICTS: Final = (errors.DeadlockDetected, errors.SerializationFailure)

T = TypeVar("T")


def migrate(
    conn: psycopg.Connection,
    progress: Callable[[Migration], None] = lambda step: None,
    *,
    warn: Callable[[str], None] = lambda text: None,
    shipped: Sequence[Migration] | None = None,
) -> list[Migration]:
    """Apply what is missing, and grant again what the roles should have.

    conn: in autocommit mode. progress: called after each migration. warn: called with each warning
    of the server, such as a role that it was not allowed to make.
    Returns what this call applied; the rest had landed before.
    Raises what `status` does; MigrationFailed when one fails, after those before it were kept; Busy
    when another migration holds the lock for more than five minutes.
    """
    steps = migrations() if shipped is None else shipped

    def tell(diagnostic: errors.Diagnostic) -> None:
        hint = f" {diagnostic.message_hint}" if diagnostic.message_hint else ""
        warn(f"{diagnostic.message_primary}{hint}")

    conn.add_notice_handler(tell)
    try:
        _transaction(conn, "making the ledger", lambda: _prepare(conn, steps))
        applied = []
        while step := _transaction(conn, "migrating", lambda: _apply_next(conn, steps)):
            applied.append(step)
            progress(step)
        _transaction(conn, "granting rights", lambda: _grant(conn))
    finally:
        conn.remove_notice_handler(tell)
    return applied


def _prepare(conn: psycopg.Connection, steps: Sequence[Migration]) -> None:
    status(conn, steps)
    conn.execute(queries("migrations")["make_ledger"])


def _apply_next(conn: psycopg.Connection, steps: Sequence[Migration]) -> Migration | None:
    pending = judge(read_landed(conn), steps)
    if not pending:
        return None
    step = pending[0]
    row = {"version": step.version, "name": step.name, "sha256": step.sha256}
    row["app_version"] = distribution_version("cache-auditor")
    conn.execute(queries("migrations")["write_landed"], row)
    try:
        conn.execute(step.text)
    except psycopg.Error as exc:
        if _may_pass(exc) or isinstance(exc, errors.LockNotAvailable):
            raise
        raise _failure(f"migration {step.version} ({step.name})", exc) from exc
    return step


def _grant(conn: psycopg.Connection) -> None:
    if conn.execute(queries("migrations")["read_grants_exist"]).fetchone() == (True,):
        conn.execute(queries("migrations")["apply_grants"])


def _transaction(conn: psycopg.Connection, what: str, work: Callable[[], T]) -> T:
    """Do the work in a transaction that holds the lock; again when the server reports a conflict.

    Raises MigrationFailed when the server refuses, Busy when the lock is not free in time.
    """
    attempt = 0
    while True:
        attempt += 1
        try:
            with conn.transaction():
                conn.execute(queries("migrations")["lock_migrations"])
                return work()
        except errors.LockNotAvailable as exc:
            raise Busy(f"{what}: a lock was not free within 5 minutes. Retry later.") from exc
        except psycopg.Error as exc:
            if not _may_pass(exc) or attempt == ATTEMPTS:
                raise _failure(what, exc) from exc
        time.sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))


def _may_pass(error: psycopg.Error) -> bool:
    """Whether another transaction was in the way, and the same may succeed in a moment."""
    return isinstance(error, CONFLICTS) or (
        isinstance(error, errors.InternalError_) and "tuple concurrently" in str(error)
    )


def _failure(what: str, error: psycopg.Error) -> MigrationFailed:
    said = f"{error.diag.message_primary or error} (SQLSTATE {error.sqlstate})"
    advice = ""
    if isinstance(error, errors.InsufficientPrivilege):
        advice = (
            ".\nThis user may not change the schema. Migrate as the database's owner, or let the "
            "owner run: grant create on database <database> to <user>"
        )
    return MigrationFailed(what, said, advice)
