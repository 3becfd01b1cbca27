"""A connection to a database whose schema is this version's: what most commands begin with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from auditor.schema.ledger import require_current

if TYPE_CHECKING:
    import psycopg

    from auditor.invocation import Invocation
    from auditor.settings import Settings


def make_ready(connection: psycopg.Connection, settings: Settings) -> None:
    """Migrates the embedded database, which is ours alone; of any other, asks that it be done.

    Raises MigrationsPending when a server that was named is not at this version's schema.
    """
    if settings.dsn is not None:
        require_current(connection)
        return
    from auditor.schema.migrations import migrate

    migrate(connection)


@contextmanager
def ready(invocation: Invocation) -> Iterator[psycopg.Connection]:
    """The command's connection, its schema looked at. Raises as `make_ready` and `connect` do."""
    with invocation.connect() as connection:
        make_ready(connection, invocation.settings())
        yield connection
