"""Which migrations a database has, by its ledger, and which of those shipped it lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row, scalar_row

from auditor.schema.errors import EditedMigration, ForeignTables, MigrationsPending, NewerDatabase
from sql import Migration, migrations, queries


@dataclass(frozen=True, slots=True)
class Landed:
    """A migration that this database has."""

    version: int
    name: str
    sha256: str
    applied_at: datetime
    applied_by: str
    app_version: str


@dataclass(frozen=True, slots=True)
class Status:
    """What a database has, and what it lacks, oldest first."""

    landed: tuple[Landed, ...]
    pending: tuple[Migration, ...]


def judge(landed: Sequence[Landed], shipped: Sequence[Migration]) -> tuple[Migration, ...]:
    """Which migrations are still to be applied, oldest first.

    Raises NewerDatabase when the database has one that is not shipped, EditedMigration when one
    that landed differs from the one shipped.
    """
    by_version = {step.version: step for step in shipped}
    known = max(by_version, default=0)
    newest = max(landed, key=lambda row: row.version, default=None)
    if newest is not None and newest.version > known:
        raise NewerDatabase(newest.version, known, newest.app_version)
    for row in landed:
        step = by_version[row.version]
        if row.sha256 != step.sha256:
            raise EditedMigration(row.version, (row.name, row.sha256), (step.name, step.sha256))
    have = {row.version for row in landed}
    return tuple(step for step in shipped if step.version not in have)


def status(conn: psycopg.Connection, shipped: Sequence[Migration] | None = None) -> Status:
    """What the database has and lacks; changes nothing.

    Raises ForeignTables when others made tables of the contract's names, and what `judge` does.
    """
    landed = read_landed(conn)
    if not landed and (tables := _tables_of_others(conn)):
        raise ForeignTables(tables)
    return Status(landed, judge(landed, migrations() if shipped is None else shipped))


def require_current(conn: psycopg.Connection) -> None:
    """Raises MigrationsPending unless every migration has landed, and what `status` raises."""
    pending = status(conn).pending
    if pending:
        raise MigrationsPending([step.version for step in pending])


def read_landed(conn: psycopg.Connection) -> tuple[Landed, ...]:
    """The ledger's rows, oldest first; none when there is no ledger."""
    if conn.execute(queries("migrations")["read_ledger_exists"]).fetchone() != (True,):
        return ()
    with conn.cursor(row_factory=class_row(Landed)) as cursor:
        return tuple(cursor.execute(queries("migrations")["read_landed"]).fetchall())


def _tables_of_others(conn: psycopg.Connection) -> list[str]:
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(queries("migrations")["read_tables_of_others"]).fetchall()
