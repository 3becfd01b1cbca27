"""Wake-ups for windows: one a statement, with the span it touched, none when nothing changed."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import errors

from tests.postgres_clusters import Database
from tests.sql.hearing import heard, listening

pytestmark = pytest.mark.every_postgres

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)

UPSERT = """
    insert into monitoring.cache_metrics_1min as w
        (cache_name, implementation_type, minute_window, hits)
    select 'cache ' || n %% 8, 'new', %(start)s + (n / 8) * interval '1 minute', %(hits)s
    from generate_series(%(first)s::int, %(last)s::int) as n
    on conflict (cache_name, implementation_type, node, minute_window) do update
    set hits = excluded.hits where w.hits is distinct from excluded.hits
"""


def upsert(connection: psycopg.Connection, first: int, last: int, hits: int = 1) -> int:
    """Eight caches a minute, numbered from the first of START on; returns the rows written."""
    values = {"start": START, "first": first, "last": last, "hits": hits}
    return connection.execute(UPSERT, values).rowcount


def windows(first: int, last: int) -> dict[str, object]:
    """The notice of windows in minutes first to last after START, both included."""

    def written(minute: int) -> str:
        return f"{START + timedelta(minutes=minute):%Y-%m-%dT%H:%MZ}"

    count = last - first + 1
    return {
        "kind": "windows",
        "since": written(first),
        "until": written(last + 1),
        "minutes": count,
    }


def test_an_upsert_of_ten_thousand_rows_is_one_notice(database: Database) -> None:
    """Part inserted and part updated: both triggers fire, and speak with one voice."""
    listener, connection = listening(database.connect()), database.connect()
    assert upsert(connection, 0, 4_999) == 5_000
    assert heard(listener, connection) == [windows(0, 624)]
    assert upsert(connection, 0, 9_999, hits=2) == 10_000
    assert heard(listener, connection) == [windows(0, 1249)]


def test_a_statement_that_changes_nothing_is_not_heard(database: Database) -> None:
    """The same upsert again, an empty one, an update that finds no row."""
    listener, connection = listening(database.connect()), database.connect()
    upsert(connection, 0, 99)
    heard(listener, connection)
    assert upsert(connection, 0, 99) == 0
    assert upsert(connection, 1, 0) == 0
    connection.execute("update monitoring.cache_metrics_1min set hits = 5 where hits < 0")
    assert heard(listener, connection) == []


def test_an_upsert_that_only_updates_tells_only_what_it_updated(database: Database) -> None:
    """The rows that are as they were are not in the span."""
    listener, connection = listening(database.connect()), database.connect()
    upsert(connection, 0, 799)
    upsert(connection, 160, 239, hits=2)
    heard(listener, connection)
    assert upsert(connection, 80, 319, hits=2) == 160
    assert heard(listener, connection) == [windows(10, 39) | {"minutes": 20}]


def test_a_plain_update_is_one_notice_also_after_an_insert(database: Database) -> None:
    """In one transaction too: what an insert began it has ended."""
    listener, connection = listening(database.connect()), database.connect()
    with connection.transaction():
        upsert(connection, 0, 79)
        connection.execute(
            "update monitoring.cache_metrics_1min set hits = 7 where minute_window >= %s",
            [START + timedelta(minutes=5)],
        )
    assert heard(listener, connection) == [windows(0, 9), windows(5, 9)]


def test_a_failed_insert_does_not_confuse_the_next_statement(database: Database) -> None:
    """Under a savepoint: what it had set for itself is undone with it."""
    listener, connection = listening(database.connect()), database.connect()
    upsert(connection, 0, 79)
    heard(listener, connection)
    insert = (
        "insert into monitoring.cache_metrics_1min (cache_name, implementation_type, minute_window)"
        " values ('cache 0', 'new', %s)"
    )
    with connection.transaction():
        with pytest.raises(errors.UniqueViolation), connection.transaction():
            connection.execute(insert, [START])
        connection.execute("update monitoring.cache_metrics_1min set hits = 9")
        with pytest.raises(errors.UniqueViolation), connection.transaction():
            connection.execute(insert, [START])
        upsert(connection, 40, 119, hits=3)
    assert heard(listener, connection) == [windows(0, 9), windows(5, 14)]


@pytest.mark.parametrize("style", ["SQL, DMY", "Postgres, MDY", "German"])
def test_the_span_is_right_whatever_the_session_prints(database: Database, style: str) -> None:
    """The hour that a time zone has twice is two hours apart in UTC."""
    listener, connection = listening(database.connect()), database.connect()
    connection.execute("select set_config('datestyle', %s, false)", [style])
    connection.execute("set timezone = 'Europe/Zurich'")
    doubled = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    values = {"start": doubled, "first": 0, "last": 8 * 90 - 1, "hits": 1}
    connection.execute(UPSERT, values)
    connection.execute(UPSERT, values | {"hits": 2})
    notice = {
        "kind": "windows", "minutes": 90,
        "since": "2026-10-25T00:30Z", "until": "2026-10-25T02:00Z",
    }  # fmt: skip
    assert heard(listener, connection) == [notice, notice]


def test_raw_events_wake_nobody(database: Database) -> None:
    """A notice takes a lock that is the whole cluster's; deliveries must not queue for it."""
    listener, connection = listening(database.connect()), database.connect()
    connection.execute("select monitoring.ensure_metric_partition(current_date)")
    connection.execute(
        "insert into monitoring.cache_metrics (implementation_type, operation_type)"
        " values ('new', 'hit')"
    )
    assert heard(listener, connection) == []
