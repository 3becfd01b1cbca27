"""The gateway's way to read: a few connections that requests take turns with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from auditor.gateway.refusals import Refusal, busy
from auditor.postgres.database import PARAMETERS
from sql import queries

READERS: Final = 6
LONGEST_WAIT_S: Final = 5.0
LONGEST_QUERY_MS: Final = 10_000


class Readers:
    """Connections of one database, opened when first needed; for several threads."""

    def __init__(self, dsn: str, count: int = READERS) -> None:
        given = conninfo_to_dict(dsn)
        parameters = {name: number for name, number in PARAMETERS.items() if name not in given}
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            make_conninfo(dsn, **parameters, application_name="cache-auditor pages"),
            min_size=0,
            max_size=count,
            open=False,
            timeout=LONGEST_WAIT_S,
            max_waiting=8 * count,
            reconnect_timeout=LONGEST_WAIT_S,
            kwargs={"autocommit": True, "prepare_threshold": None},
            configure=_open_session,
            check=ConnectionPool.check_connection,
        )

    @contextmanager
    def taken(self) -> Iterator[Connection]:
        """One of them, in autocommit mode and in UTC, with a limit on each statement.

        Raises Refusal (503) when the database is away, when all are in use for a while, and when a
        statement takes too long.
        """
        self._pool.open()
        try:
            with self._pool.connection() as connection:
                yield connection
        except PoolTimeout as exc:
            raise busy("the database is away, or busy with what others asked") from exc
        except psycopg.errors.QueryCanceled as exc:
            raise busy(f"it takes more than {LONGEST_QUERY_MS // 1000} s; ask for less") from exc
        except psycopg.errors.InsufficientPrivilege as exc:
            raise Refusal(
                503, "the gateway's login may not read that", advice="run `cache-auditor doctor`"
            ) from exc
        except psycopg.OperationalError as exc:
            raise busy("the database is away") from exc

    def close(self) -> None:
        """Ends the connections that are free, and the others when they come back."""
        self._pool.close(timeout=LONGEST_WAIT_S)


def _open_session(connection: Connection) -> None:
    connection.execute(queries("connection")["open_session"])
    connection.execute(queries("gateway")["limit_statements"], {"ms": f"{LONGEST_QUERY_MS}"})
