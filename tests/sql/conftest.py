"""Logins for the tests of rights. Roles are the cluster's, so each test makes its own and drops it."""

import itertools
import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from tests.postgres_clusters import Cluster

NUMBERS = itertools.count(1)

MakeLogin = Callable[..., str]


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
