"""A partition a UTC day: made when it is needed, within bounds, and by anybody at any time."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from psycopg import errors

from tests.postgres_clusters import Database


def today(connection: psycopg.Connection) -> date:
    """The server's UTC day."""
    found = connection.execute("select (now() at time zone 'UTC')::date").fetchone()
    assert found is not None
    return found[0]  # type: ignore[no-any-return]


def ensure(connection: psycopg.Connection, day: date, function: str = "ensure") -> bool:
    found = connection.execute(
        f"select monitoring.{function}_metric_partition(%s)", [day]
    ).fetchone()
    assert found is not None
    return bool(found[0])


def insert(connection: psycopg.Connection, day: date, hour: int = 12) -> None:
    when = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    connection.execute(
        'insert into monitoring.cache_metrics (implementation_type, operation_type, "timestamp")'
        " values ('new', 'hit', %s)",
        [when],
    )


def partitions(connection: psycopg.Connection) -> list[str]:
    return [
        name
        for (name,) in connection.execute(
            "select inhrelid::regclass::text from pg_inherits"
            " where inhparent = 'monitoring.cache_metrics'::regclass order by 1"
        )
    ]


@pytest.mark.every_postgres
def test_a_day_within_the_last_eight_and_the_next_can_be_made(database: Database) -> None:
    """Once; asking again says that nothing was made. An hour at either end of it fits."""
    connection = database.connect()
    now = today(connection)
    for shift in (-8, 0, 1):
        day = now + timedelta(days=shift)
        assert ensure(connection, day)
        assert not ensure(connection, day)
        insert(connection, day, hour=0)
        insert(connection, day, hour=23)
    assert len(partitions(connection)) == 3


@pytest.mark.parametrize("shift", [-9, 2, -4000, 4000])
def test_a_day_outside_is_refused_with_the_days_that_are_taken(
    database: Database, shift: int
) -> None:
    """The reason names the day and the bounds; nothing is made."""
    connection = database.connect()
    now = today(connection)
    with pytest.raises(errors.CheckViolation) as refused:
        ensure(connection, now + timedelta(days=shift))
    said = refused.value.diag.message_primary or ""
    for day in (now + timedelta(days=shift), now - timedelta(days=8), now + timedelta(days=1)):
        assert str(day) in said
    assert "load" in (refused.value.diag.message_hint or "")
    assert partitions(connection) == []


def test_recorded_history_may_be_of_any_day(database: Database) -> None:
    """`load` uses its own function."""
    connection = database.connect()
    for day in (date(1999, 12, 31), date(2000, 2, 29), date(2038, 1, 19)):
        assert ensure(connection, day, "create")
        insert(connection, day)
    assert partitions(connection) == [
        "monitoring.cache_metrics_p19991231",
        "monitoring.cache_metrics_p20000229",
        "monitoring.cache_metrics_p20380119",
    ]


@pytest.mark.parametrize("function", ["ensure", "create"])
def test_a_trimmed_day_is_final(database: Database, function: str) -> None:
    """Its windows would be made again from the late rows alone."""
    connection = database.connect()
    day = today(connection) - timedelta(days=8)
    ensure(connection, day)
    insert(connection, day)
    dropped = connection.execute("select monitoring.drop_metric_partition(%s)", [day]).fetchone()
    assert dropped == (True,)
    assert partitions(connection) == []
    with pytest.raises(errors.CheckViolation, match=f"{day} have been trimmed"):
        ensure(connection, day, function)


def test_yesterday_and_later_cannot_be_trimmed(database: Database) -> None:
    """Whatever retention was told."""
    connection = database.connect()
    day = today(connection) - timedelta(days=1)
    ensure(connection, day)
    with pytest.raises(errors.CheckViolation, match="too recent"):
        connection.execute("select monitoring.drop_metric_partition(%s)", [day])


def test_there_is_no_default_partition(database: Database) -> None:
    """A row of a day that was never made is refused instead of lying where no one looks."""
    connection = database.connect()
    day = today(connection)
    ensure(connection, day)
    with pytest.raises(errors.CheckViolation, match="no partition"):
        insert(connection, day + timedelta(days=1))
    found = connection.execute(
        "select partdefid from pg_partitioned_table"
        " where partrelid = 'monitoring.cache_metrics'::regclass"
    ).fetchall()
    assert found == [(0,)]


@pytest.mark.every_postgres
def test_many_may_make_the_same_day_at_once(database: Database) -> None:
    """One makes it, the others wait for that one and find it there; nobody fails."""
    day = today(database.connect())
    connections = [database.connect() for _ in range(6)]
    start = threading.Barrier(len(connections))
    made: list[bool] = []
    trouble: list[BaseException] = []

    def make(connection: psycopg.Connection) -> None:
        start.wait()
        try:
            made.append(ensure(connection, day))
        except BaseException as error:
            trouble.append(error)

    in_threads([lambda c=c: make(c) for c in connections])  # type: ignore[misc]
    assert trouble == []
    assert sorted(made) == [False] * 5 + [True]
    assert len(partitions(database.connect())) == 1


def in_threads(calls: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.every_postgres
def test_making_a_day_waits_for_no_writer_and_no_writer_for_it(database: Database) -> None:
    """ATTACH takes a lock that inserts do not mind; PARTITION OF would have blocked both ways."""
    writer, maker = database.connect(), database.connect()
    day = today(writer)
    ensure(writer, day)
    for connection in (writer, maker):
        connection.execute("set lock_timeout = '200ms'")
    with writer.transaction():
        insert(writer, day)
        assert ensure(maker, day + timedelta(days=1))
    with maker.transaction():
        assert ensure(maker, day - timedelta(days=1))
        insert(writer, day)
    assert len(partitions(writer)) == 3
