"""Retention takes what is older than it is kept, whole, once, and nothing else."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import psycopg
import pytest

from auditor.daemon.duties import RETENTION_EVERY, retain_when_due
from auditor.settings import Settings
from auditor.windows import retention
from auditor.windows.retention import Keep, Retained, retain
from auditor.windows.rollup import roll_up
from auditor.windows.watermarks import Grace
from collector.batch import Batch
from collector.events import Row
from collector.sinks.postgres import PostgresSink
from collector.weights import aggregate
from tests.auditor.shell.tool import document, tool
from tests.postgres_clusters import Database

NOW = datetime(2024, 3, 10, 12, 0, tzinfo=UTC)
OLD, KEPT = date(2024, 3, 2), date(2024, 3, 3)
"""The last day whose every instant is older than 7 days, and the day after it."""
KEEP = Keep()


@dataclass(frozen=True)
class Table:
    """A table that is trimmed by age: how a row of an instant comes in, and how long it stays."""

    name: str
    instant: str
    keep: timedelta
    columns: str
    values: str
    step: timedelta = timedelta(minutes=1)


TABLES = (
    Table("cache_metrics_1min", "minute_window", KEEP.minutes,
          "cache_name, implementation_type", "'c', 'new'"),
    Table("cache_histograms_1min", "minute_window", KEEP.minutes,
          "cache_name, implementation_type, operation_type, bins, counts",
          "'c', 'new', 'hit', '{1}', '{1}'"),
    Table("cache_window_scores", "minute_window", KEEP.minutes,
          "cache_name, implementation_type, run_id", "'c', 'new', 0"),
    Table("cache_score_runs", "until", KEEP.minutes, "since, made_with", "'-infinity', '{}'"),
    Table("cache_metrics_1hour", "hour_window", KEEP.hours,
          "cache_name, implementation_type", "'c', 'new'", timedelta(hours=1)),
    Table("cache_histograms_1hour", "hour_window", KEEP.hours,
          "cache_name, implementation_type, operation_type, bins, counts",
          "'c', 'new', 'hit', '{1}', '{1}'", timedelta(hours=1)),
    Table("cache_observation_changes", "changed_at", KEEP.changes,
          "observation_id, kind, observation", "gen_random_uuid(), 'opened', '{}'"),
    Table("cache_metric_batches", "received_at", KEEP.ledger,
          "collector_id, sequence, rolled_at", "gen_random_uuid(), 1, now()"),
    Table("cache_collectors", "last_seen_at", KEEP.minutes, "collector_id", "gen_random_uuid()"),
    Table("cache_servers", "said_at", KEEP.minutes,
          "cache_name, implementation_type, node, kind, place, collector_id",
          "'c', 'new', gen_random_uuid()::text, 'redis', 'p', gen_random_uuid()"),
    Table("cache_baseline_metrics", "created_at", KEEP.hours,
          "implementation_type, baseline_period_start, baseline_period_end, is_active",
          "'new', '2020-01-01', '2020-01-02', false"),
    Table("cache_calibrations", "fitted_at", KEEP.hours,
          "cache_name, implementation_type, fitted_since, fitted_until, tails, is_active",
          "'c', 'new', '2020-01-01', '2020-01-02', '{}', false"),
    Table("cache_forests", "fitted_at", KEEP.minutes,
          "fitted_since, fitted_until, seed, features, n_rows, training, is_active",
          "'2020-01-01', '2020-01-02', 0, '{}', 0, '', false"),
    Table("cache_notifications", "asked_at", KEEP.minutes, "route, target, observation_id",
          "'r', 't', gen_random_uuid()"),
)  # fmt: skip


def plant(connection: psycopg.Connection, table: Table, instant: datetime) -> None:
    connection.execute(
        f"insert into monitoring.{table.name} ({table.instant}, {table.columns})"  # type: ignore[arg-type]
        f" values (%s, {table.values})",
        [instant],
    )


def instants(connection: psycopg.Connection, table: Table) -> list[datetime]:
    rows = connection.execute(
        f"select {table.instant} from monitoring.{table.name} order by 1"  # type: ignore[arg-type]
    )
    return [row[0] for row in rows]


def event(day: date, hour: int = 10) -> Row:
    when = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    return Row(int(when.timestamp()) * 10**9, "hit", "c", "new", "k", 1.0, None, None, None, None,
               None, False)  # fmt: skip


@pytest.fixture
def sink(database: Database) -> Iterator[PostgresSink]:
    made = PostgresSink(database.dsn, any_day=True)
    yield made
    made.close()


def delivered(sink: PostgresSink, *days: date) -> None:
    """An event and a weight of each day, in one batch."""
    rows = tuple(event(day) for day in days)
    sink.deliver(Batch(str(uuid.uuid4()), 0, rows, aggregate(rows)))


def days_of(connection: psycopg.Connection, table: str, instant: str) -> set[date]:
    rows = connection.execute(
        f"select ({instant} at time zone 'UTC')::date from monitoring.{table}"  # type: ignore[arg-type]
    )
    return {row[0] for row in rows}


def raw_days(connection: psycopg.Connection) -> set[date]:
    return days_of(connection, "cache_metrics", '"timestamp"')


def weight_days(connection: psycopg.Connection) -> set[date]:
    return days_of(connection, "cache_metric_weights", "second")


def trimmed_days(connection: psycopg.Connection) -> set[date]:
    return {row[0] for row in connection.execute("select day from monitoring.cache_trimmed_days")}


def retained(connection: psycopg.Connection, now: datetime = NOW, keep: Keep = KEEP) -> Retained:
    done = retain(connection, now, keep)
    assert done is not None
    return done


def rolled(connection: psycopg.Connection) -> None:
    roll_up(connection, NOW, Grace())


# What goes, and when -----------------------------------------------------------------------------


def test_each_table_is_trimmed_at_its_horizon_and_not_a_minute_earlier(database: Database) -> None:
    """The row that is exactly as old as rows are kept stays, the one before it goes."""
    connection = database.connect()
    for table in TABLES:
        for instant in (NOW, NOW - table.keep, NOW - table.keep - table.step):
            plant(connection, table, instant)
    done = retained(connection)
    for table in TABLES:
        assert instants(connection, table) == [NOW - table.keep, NOW], table.name
    assert {name: n for name, n in done.removed.items() if n} == {
        f"trim_{short}": 1
        for short in (
            "windows_1min", "histograms_1min", "window_scores", "score_runs", "windows_1hour",
            "histograms_1hour", "changes", "ledger", "collectors", "servers", "baselines",
            "calibrations", "forests", "notifications",
        )
    }  # fmt: skip
    assert retained(connection).rows == 0


def test_every_statement_of_retention_has_its_table_here() -> None:
    """A table that is trimmed by age and not tested would be found."""
    horizons = [before for _, before in retention.trims(NOW, KEEP)]
    assert sorted(horizons) == sorted(NOW - table.keep for table in TABLES)


def test_raw_days_go_whole_when_their_last_instant_is_old_enough(
    database: Database, sink: PostgresSink
) -> None:
    """Partition and weights together; the day that reaches into the last seven stays entire."""
    connection = database.connect()
    delivered(sink, OLD, KEPT)
    rolled(connection)
    done = retained(connection)
    assert (done.removed["days"], done.removed["trim_weights"]) == (1, 1)
    assert raw_days(connection) == weight_days(connection) == {KEPT}
    assert trimmed_days(connection) == {OLD}
    rest = retained(connection, NOW + timedelta(hours=11, minutes=59))
    assert rest.removed["days"] == 0
    midnight = retained(connection, NOW + timedelta(hours=12))
    assert midnight.removed["days"] == 1
    assert raw_days(connection) == weight_days(connection) == set()
    windows = connection.execute("select sum(hits) from monitoring.cache_metrics_1min").fetchone()
    assert windows == (4,)  # an event and a weight a day, rolled up before they went


def test_a_day_of_weights_alone_goes_as_well(database: Database, sink: PostgresSink) -> None:
    """There is no partition to drop; the day is closed all the same."""
    connection = database.connect()
    sink.deliver(Batch(str(uuid.uuid4()), 0, weights=aggregate([event(OLD)])))
    rolled(connection)
    done = retained(connection)
    assert (done.removed["days"], done.removed["trim_weights"]) == (0, 1)
    assert weight_days(connection) == set()
    assert trimmed_days(connection) == {OLD}


def test_settings_say_how_long(database: Database) -> None:
    """Two days of minutes instead of thirty."""
    connection = database.connect()
    (minutes,) = (table for table in TABLES if table.name == "cache_metrics_1min")
    for hours in (47, 48, 49):
        plant(connection, minutes, NOW - timedelta(hours=hours))
    retained(connection, keep=Keep(minutes=timedelta(days=2)))
    assert instants(connection, minutes) == [NOW - timedelta(hours=48), NOW - timedelta(hours=47)]


# What stays --------------------------------------------------------------------------------------


def test_what_is_in_force_and_what_no_rollup_has_seen_stays(database: Database) -> None:
    """Whatever its age: the active baseline, calibration and forest, the ledger's open rows."""
    connection = database.connect()
    for table in TABLES:
        if "is_active" in table.columns:
            plant(connection, table, datetime(2020, 1, 1, tzinfo=UTC))
            connection.execute(f"update monitoring.{table.name} set is_active = true")  # type: ignore[arg-type]
    connection.execute(
        "insert into monitoring.cache_metric_batches (collector_id, sequence, received_at)"
        " values (gen_random_uuid(), 1, '2020-01-01')"
    )
    assert retained(connection).rows == 0


def test_a_pinned_span_stays(database: Database, sink: PostgresSink) -> None:
    """Raw rows by the day that it touches; windows and histograms exactly within it."""
    connection = database.connect()
    since = datetime(2024, 1, 5, 10, tzinfo=UTC)
    until = since + timedelta(minutes=2)
    delivered(sink, since.date(), OLD)
    rolled(connection)
    connection.execute("delete from monitoring.cache_metrics_1min")
    connection.execute("delete from monitoring.cache_histograms_1min")
    sink.pin(since, until, "load --keep day.csv")
    pinned = [table for table in TABLES if table.name.endswith("_1min")]
    for table in pinned:
        for offset in range(-1, 3):
            plant(connection, table, since + timedelta(minutes=offset))
    done = retained(connection)
    assert done.removed["days"] == 1
    assert raw_days(connection) == weight_days(connection) == {since.date()}
    for table in pinned:
        assert instants(connection, table) == [since, since + timedelta(minutes=1)]


def test_hours_of_a_pinned_span_stay(database: Database, sink: PostgresSink) -> None:
    """Half-open: the hour that begins where the pin ends is not of it."""
    connection = database.connect()
    since = datetime(2022, 1, 5, 10, tzinfo=UTC)
    sink.pin(since, since + timedelta(hours=2), "load --keep day.csv")
    pinned = [table for table in TABLES if table.name.endswith("_1hour")]
    for table in pinned:
        for offset in range(-1, 3):
            plant(connection, table, since + timedelta(hours=offset))
    retained(connection)
    for table in pinned:
        assert instants(connection, table) == [since, since + timedelta(hours=1)]


def test_a_day_with_deliveries_that_no_rollup_has_seen_waits(
    database: Database, sink: PostgresSink
) -> None:
    """It is told, and goes the next time, when its windows hold everything."""
    connection = database.connect()
    delivered(sink, OLD)
    before = OLD - timedelta(days=1)
    rolled(connection)
    delivered(sink, before)
    done = retained(connection)
    assert done.unrolled == (before,)
    assert list(done.left()) == [
        "the raw rows of 2024-03-01 stay until the next retention:"
        " the day has deliveries that no rollup has seen"
    ]
    assert raw_days(connection) == weight_days(connection) == {before}
    assert trimmed_days(connection) == {OLD}
    rolled(connection)
    assert retained(connection).unrolled == ()
    assert raw_days(connection) == weight_days(connection) == set()
    total = connection.execute("select sum(hits) from monitoring.cache_metrics_1min").fetchone()
    assert total == (4,)


def test_what_is_delivered_while_a_day_is_dropped_takes_the_drop_back(database: Database) -> None:
    """The drop waits for the writer that it did not see; then the day has an unrolled delivery."""
    connection, writer, witness = (database.connect() for _ in range(3))
    connection.execute("select monitoring.create_metric_partition(%s)", [OLD])
    with ThreadPoolExecutor(1) as pool:
        with writer.transaction():
            writer.execute(
                'insert into monitoring.cache_metrics (implementation_type, "timestamp",'
                " operation_type) values ('new', %s, 'hit')",
                [datetime(2024, 3, 2, 10, tzinfo=UTC)],
            )
            writer.execute(
                "insert into monitoring.cache_metric_batches (collector_id, sequence, minutes)"
                " values (gen_random_uuid(), 1, array[timestamptz '2024-03-02 10:00Z'])"
            )
            running = pool.submit(retain, connection, NOW, KEEP)
            waits = "select from pg_locks where mode = 'AccessExclusiveLock' and not granted"
            while witness.execute(waits).rowcount == 0 and not running.done():
                pass
        done = running.result()
    assert done is not None
    # locked: the machine was so slow that the drop gave up before the writer had committed
    assert OLD in (*done.unrolled, *done.locked)
    assert raw_days(connection) == {OLD}
    assert trimmed_days(connection) == set()


@contextmanager
def reading(database: Database) -> Iterator[None]:
    """Somebody who reads raw events in one long transaction."""
    reader = database.connect()
    with reader.transaction():
        reader.execute("select count(*) from monitoring.cache_metrics").fetchall()
        yield


def test_a_day_that_is_being_read_is_left_for_the_next_time(
    database: Database, sink: PostgresSink
) -> None:
    """It gives up waiting, does the rest, says so, and holds nobody up."""
    connection = database.connect()
    delivered(sink, OLD)
    rolled(connection)
    minutes = TABLES[0]
    plant(connection, minutes, NOW - timedelta(days=40))
    with reading(database):
        done = retained(connection)
        assert done.locked == (OLD,)
        assert done.removed["trim_windows_1min"] == 1
        delivered(sink, KEPT)
    assert raw_days(connection) == weight_days(connection) == {OLD, KEPT}
    assert trimmed_days(connection) == set()
    assert list(done.left()) == [
        "the raw rows of 2024-03-02 stay until the next retention: the day is being read"
    ]
    assert retained(connection).removed["days"] == 1


# How ---------------------------------------------------------------------------------------------


def test_it_goes_in_chunks(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each chunk is a transaction of its own, so that a kill repeats little."""
    connection = database.connect()
    minutes = TABLES[0]
    for number in range(10):
        plant(connection, minutes, NOW - timedelta(days=40, minutes=number))
    connection.execute("create table chunks (xid xid8, n bigint)")
    connection.execute(
        "create function note_chunk() returns trigger language plpgsql as $$ begin"
        " insert into public.chunks select pg_current_xact_id(), count(*) from gone;"
        " return null; end $$"
    )
    connection.execute(
        "create trigger note_chunk after delete on monitoring.cache_metrics_1min"
        " referencing old table as gone for each statement execute function note_chunk()"
    )
    monkeypatch.setattr(retention, "CHUNK", 3)
    assert retained(connection).removed["trim_windows_1min"] == 10
    chunks = connection.execute("select xid::text::bigint, n from chunks order by 1").fetchall()
    assert [n for _, n in chunks] == [3, 3, 3, 1]
    assert all(one < other for (one, _), (other, _) in pairwise(chunks))


def test_two_at_once_remove_each_row_once(database: Database, sink: PostgresSink) -> None:
    """Cron beside a daemon: nobody fails, and what is counted is what was there."""
    connection = database.connect()
    days = [OLD - timedelta(days=back) for back in range(4)]
    delivered(sink, *days)
    rolled(connection)
    for number in range(200):
        plant(connection, TABLES[0], NOW - timedelta(days=40, minutes=number))
    barrier = threading.Barrier(2)

    def trim(own: psycopg.Connection) -> Retained | None:
        barrier.wait()
        return retain(own, NOW, KEEP)

    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(trim, database.connect()) for _ in range(2)]
        done = [each.result() for each in running]
    worked = [each for each in done if each is not None]
    assert worked
    if len(worked) == 2 and any(each.locked for each in worked):
        worked.append(retained(connection))
    assert sum(each.removed["days"] for each in worked) == 4
    assert sum(each.removed["trim_windows_1min"] for each in worked) == 200
    assert sum(each.removed["trim_weights"] for each in worked) == 4


def test_rows_that_come_after_the_trim_are_refused_and_counted(
    database: Database, sink: PostgresSink
) -> None:
    """Events at the door, weights by the rollup; the windows stay as they were."""
    connection = database.connect()
    delivered(sink, OLD)
    rolled(connection)
    retained(connection)
    late = event(OLD, hour=11)
    receipt = sink.deliver(Batch(str(uuid.uuid4()), 7, (late, late), aggregate([late])))
    assert receipt.events == 0
    assert len(receipt.refused) == 2
    assert "have been trimmed" in receipt.refused[0].reason
    rolled(connection)
    counted = connection.execute(
        "select refused + too_late from monitoring.cache_metric_batches where sequence = 7"
    ).fetchone()
    assert counted == (3,)
    windows = connection.execute("select sum(hits) from monitoring.cache_metrics_1min").fetchone()
    assert windows == (2,)


def test_the_duty_comes_once_a_day(database: Database) -> None:
    connection = database.connect()
    settings = Settings()
    assert retain_when_due(connection, NOW, settings) is not None
    almost = NOW + RETENTION_EVERY - timedelta(minutes=1)
    assert retain_when_due(connection, almost, settings) is None
    assert retain_when_due(connection, NOW + RETENTION_EVERY, settings) is not None
    assert timedelta(days=1) == RETENTION_EVERY


# The command -------------------------------------------------------------------------------------


def test_the_command_says_what_it_removed(database: Database, sink: PostgresSink) -> None:
    connection = database.connect()
    delivered(sink, OLD)
    rolled(connection)
    done = tool("retention", dsn=database.dsn)
    assert done.returncode == 0, done.stderr
    said = [line.split() for line in done.stdout.splitlines()]
    assert said[0] == ["what", "removed"]
    assert ["days", "1"] in said
    assert ["windows", "1min", "1"] in said
    again = tool("retention", dsn=database.dsn)
    assert (again.returncode, again.stdout) == (0, "nothing is older than it is kept\n")


def test_the_command_says_what_it_left(database: Database, sink: PostgresSink) -> None:
    """As JSON with the days, for people in a sentence on stderr."""
    delivered(sink, OLD)
    found = document("retention", dsn=database.dsn)
    assert found["removed"]["days"] == 0
    assert (found["unrolled"], found["locked"]) == (["2024-03-02"], [])
    rolled(database.connect())
    with reading(database):
        done = tool("retention", dsn=database.dsn)
    assert done.returncode == 0
    assert "2024-03-02 stay until the next retention: the day is being read" in done.stderr
    assert "nothing is older" not in done.stdout


def test_the_command_leaves_a_busy_database_alone(database: Database) -> None:
    """Exit code 6, and nothing on stdout that a program could take for a result."""
    other = database.connect()
    with other.transaction():
        other.execute("select pg_advisory_xact_lock(hashtextextended('retention', 0))")
        done = tool("retention", "--json", dsn=database.dsn)
    assert (done.returncode, done.stdout) == (6, "")
    assert "another auditor is trimming" in done.stderr


def test_the_commands_json_names_every_statement(database: Database) -> None:
    found = document("retention", dsn=database.dsn)
    assert set(found) == {"removed", "unrolled", "locked"}
    assert set(found["removed"]) == {
        "days", "trim_weights", "trim_gauges", *(name for name, _ in retention.trims(NOW, KEEP))
    }  # fmt: skip
    assert json.dumps(found["removed"]).count(": 0") == len(found["removed"])
