"""For the tests of the schema: a connection whose work is undone, and logins.

connection    to a migrated database that many tests share; what a test does is rolled back
make_login    a function that makes a login; roles are the cluster's, so it is dropped afterwards
"""

import itertools
import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from tests.postgres_clusters import Cluster, Database

NUMBERS = itertools.count(1)

MakeLogin = Callable[..., str]


@pytest.fixture(scope="session")
def shared_database(cluster: Cluster) -> Iterator[Database]:
    """One for the tests that only look, or undo what they do: making one takes half a second."""
    with cluster.migrated_database() as made:
        yield made


@pytest.fixture
def connection(shared_database: Database) -> Iterator[psycopg.Connection]:
    """In a transaction that is rolled back; a statement that is to fail needs a savepoint."""
    with (
        psycopg.connect(shared_database.dsn, autocommit=True) as made,
        made.transaction(force_rollback=True),
    ):
        yield made


@pytest.fixture
def make_login(cluster: Cluster) -> Iterator[MakeLogin]:
    """A function that makes a login, a member of the roles that it is given; dropped afterwards.

    A test names it before its database, so that the database is gone when the login is dropped.
    """
    made: list[str] = []

    def make(*roles: str) -> str:
        name = f"login_{os.getpid()}_{next(NUMBERS)}"
        run(sql.SQL("create role {} login").format(sql.Identifier(name)))
        made.append(name)
        for role in roles:
            run(sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(name)))
        return name

    def run(statement: sql.Composed) -> None:
        with psycopg.connect(cluster.dsn, autocommit=True) as connection:
            connection.execute(statement)

    yield make
    for name in made:
        run(sql.SQL("drop role {}").format(sql.Identifier(name)))
