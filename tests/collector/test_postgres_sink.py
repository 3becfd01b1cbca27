"""The sink against real PostgreSQL: once, whole, and around what the server refuses."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from auditor.schema.migrations import migrate
from collector import Collector
from collector.batch import Batch, Beat
from collector.errors import CollectorError, SchemaMismatch, SinkUnavailable, UnreadableDsn
from collector.events import DAY_NS
from collector.sinks.postgres import PostgresSink
from collector.weights import aggregate
from tests.collector.made import NOW, batch, row, settings
from tests.collector.test_collector import wait_until
from tests.postgres_clusters import Database, PrivateCluster


@pytest.fixture
def sink(database: Database) -> PostgresSink:
    return PostgresSink(database.dsn)


@pytest.fixture(autouse=True)
def _closed(sink: PostgresSink):  # type: ignore[no-untyped-def]  # a fixture of two halves
    yield
    sink.close()


def one(conn: psycopg.Connection, query: str) -> object:
    found = conn.execute(query).fetchone()  # type: ignore[arg-type]  # a test's own text
    assert found is not None
    return found[0] if len(found) == 1 else found


def test_every_column_arrives_as_it_was(database: Database, sink: PostgresSink) -> None:
    """Instants to the microsecond, fractions of a ms, JSON, bigints, nothing rounded."""
    full = row(
        1,
        response_time_ms=0.1 + 0.2,
        cache_size=2**40,
        value_bytes=0,
        error_type="T",
        error_message="naïve — 世界",
        metadata='{"similarity":0.93}',
        is_sample=True,
    )
    sink.deliver(Batch(batch(1).collector_id, 1, (full,), (), "host-a"))
    found = (
        database.connect()
        .execute(
            "select cache_name, implementation_type, node, cache_key, operation_type, "
            "response_time_ms, cache_size, value_bytes, error_type, error_message, metadata, "
            'is_sample, (extract(epoch from "timestamp") * 1e6)::bigint, batch_id '
            "from monitoring.cache_metrics"
        )
        .fetchone()
    )
    assert found is not None
    assert found[:12] == (
        "pages", "new", "host-a", full.cache_key, "hit", 0.1 + 0.2, 2**40, 0, "T",
        "naïve — 世界", {"similarity": 0.93}, True,
    )  # fmt: skip
    assert found[12] == full.timestamp_ns // 1000
    assert found[13] > 0


def test_weights_arrive_with_their_histogram(database: Database, sink: PostgresSink) -> None:
    """Arrays and sums as the aggregator made them."""
    weights = aggregate([row(n, response_time_ms=1.0 + n) for n in range(5)], "host-a")
    sink.deliver(Batch(batch(1).collector_id, 1, (), weights))
    found = (
        database.connect()
        .execute(
            "select node, n, latency_sum_ns, latency_max_ms, bins, counts, value_bytes, failed "
            "from monitoring.cache_metric_weights order by second"
        )
        .fetchall()
    )
    assert [tuple(line) for line in found] == [
        ("host-a", w.n, w.latency_sum_ns, w.latency_max_ms, list(w.bins), list(w.counts),
         w.value_bytes, False)
        for w in weights
    ]  # fmt: skip
    assert sum(line[1] for line in found) == 5


def test_twice_is_once(database: Database, sink: PostgresSink) -> None:
    """The same id again changes nothing and says so, on another connection as well."""
    assert not sink.deliver(batch(1)).duplicate
    assert sink.deliver(batch(1)).duplicate
    other = PostgresSink(database.dsn)
    assert other.deliver(batch(1)).duplicate
    assert other.stored(batch(1).collector_id, 1)
    assert not other.stored(batch(1).collector_id, 2)
    other.close()
    assert one(database.connect(), "select count(*) from monitoring.cache_metrics") == 10


def test_the_ledger_has_counts_and_minutes(database: Database, sink: PostgresSink) -> None:
    """Every minute that a row falls into, so that its window is made again."""
    rows = (row(1), row(1, timestamp_ns=NOW - 3 * 60 * 10**9))
    sink.deliver(Batch(batch(1).collector_id, 1, rows))
    found = one(
        database.connect(),
        "select events, weights, refused, cardinality(minutes), minutes[2] - minutes[1], "
        f"minutes[2] = date_trunc('minute', to_timestamp({NOW + 1000} / 1e9)) "
        "from monitoring.cache_metric_batches",
    )
    assert [str(value) for value in found] == ["2", "0", "0", "2", "0:03:00", "True"]  # type: ignore[attr-defined]


def test_fault_8_a_batch_refused_for_its_content_loses_only_its_bad_rows(
    database: Database, sink: PostgresSink
) -> None:
    """Bisected: three bad rows of a thousand and a bad weight are named, the rest is stored."""
    rows = list(batch(1, 1000).rows)
    rows[3] = rows[3]._replace(error_type="a\0b")
    rows[500] = rows[500]._replace(cache_size=2**70)
    rows[999] = rows[999]._replace(response_time_ms=-1.0)
    (weight,) = aggregate([row(1)])
    weights = (weight, weight._replace(failed=True, n=-5))
    receipt = sink.deliver(Batch(batch(1).collector_id, 1, tuple(rows), weights))
    assert [bad.item for bad in receipt.refused] == [rows[3], rows[500], rows[999], weights[1]]
    assert "0x00" in receipt.refused[0].reason
    conn = database.connect()
    assert one(conn, "select count(*) from monitoring.cache_metrics") == 997
    ledger = "select events, weights, refused from monitoring.cache_metric_batches"
    assert one(conn, ledger) == (997, 1, 4)
    assert sink.deliver(Batch(batch(1).collector_id, 1, tuple(rows), weights)).duplicate


def test_days_outside_the_window_are_refused_with_the_reason(
    database: Database, sink: PostgresSink
) -> None:
    """They are counted as too late; `load`'s sink takes them."""
    old = row(2, timestamp_ns=NOW - 30 * DAY_NS)
    mixed = Batch(batch(1).collector_id, 1, (row(1), old))
    receipt = sink.deliver(mixed)
    assert [bad.item for bad in receipt.refused] == [old]
    assert "outside" in receipt.refused[0].reason
    conn = database.connect()
    ledger = "select events, refused, too_late from monitoring.cache_metric_batches"
    assert one(conn, ledger) == (1, 0, 1)
    loader = PostgresSink(database.dsn, any_day=True)
    assert loader.deliver(Batch(batch(1).collector_id, 2, (old,))).refused == ()
    loader.close()


def test_a_partition_that_went_away_is_made_again(database: Database, sink: PostgresSink) -> None:
    """The sink remembers days; when retention or a person removes one, nothing is refused."""
    old = row(1, timestamp_ns=NOW - 3 * DAY_NS)
    sink.deliver(Batch(batch(1).collector_id, 1, (old,)))
    conn = database.connect()
    day = datetime.fromtimestamp(old.timestamp_ns // 10**9, UTC)
    name = f"cache_metrics_p{day:%Y%m%d}"
    conn.execute(f"drop table monitoring.{name}")  # type: ignore[arg-type]  # a test's own text
    assert sink.deliver(Batch(batch(1).collector_id, 2, (old,))).refused == ()


def test_the_beat_rides_in_the_batchs_transaction(database: Database, sink: PostgresSink) -> None:
    """Watermark and counts; a watermark never moves back."""
    who = batch(1).collector_id
    for sequence, watermark in ((1, NOW), (2, NOW - 10**9), (3, None)):
        beat = Beat(who, "host", 7, "1.0", NOW - 10**10, watermark, recorded=sequence)
        sink.deliver(Batch(who, sequence, (row(sequence),), (), "host", beat))
    found = one(
        database.connect(),
        "select node, pid, version, recorded, (extract(epoch from watermark) * 1e6)::bigint, "
        "goodbye_at from monitoring.cache_collectors",
    )
    assert found == ("host", 7, "1.0", 3, NOW // 1000, None)


def test_a_cut_connection_is_unavailable_and_made_anew(
    database: Database, sink: PostgresSink
) -> None:
    """The server ends the session in the middle; the next call connects again."""
    sink.deliver(batch(1))
    database.connect().execute(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where application_name = 'cache-auditor collector' and datname = current_database()"
    )
    with pytest.raises(SinkUnavailable):
        sink.deliver(batch(2))
    assert sink.deliver(batch(2)).events == 10


def test_a_missing_schema_says_what_to_run(empty_database: Database) -> None:
    """An unmigrated database is a SchemaMismatch, not a lost batch."""
    sink = PostgresSink(empty_database.dsn)
    with pytest.raises(SchemaMismatch):
        sink.deliver(batch(1))
    with pytest.raises(SchemaMismatch):
        sink.key_secret()
    sink.close()


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    """Unavailable, within the connection's timeout."""
    with pytest.raises(SinkUnavailable):
        PostgresSink(f"host={tmp_path} dbname=x").deliver(batch(1))


def test_the_destination_names_no_user_and_no_password() -> None:
    """Whoever connects to the same database shares its spool."""
    one_way = PostgresSink("postgresql://a:geheim@db.example:6543/shop")
    other = PostgresSink("host=db.example port=6543 dbname=shop user=b")
    assert one_way.destination == other.destination == "host=db.example port=6543 dbname=shop"
    with pytest.raises(CollectorError) as caught:
        PostgresSink("postgresql://a:geheim%zz@db.example/shop")
    assert "geheim" not in str(caught.value)


def test_the_writers_role_is_enough(database: Database) -> None:
    """A login with nothing but cache_auditor_writer delivers, beats and knows the secret."""
    admin = database.connect()
    login = f"writer_{database.name}"
    admin.execute(f"create role {login} login in role cache_auditor_writer")  # type: ignore[arg-type]  # own text
    try:
        sink = PostgresSink(make_conninfo(database.dsn, user=login))
        bad = batch(1, 3).rows[0]._replace(error_type="\0")
        made = Batch(batch(1).collector_id, 1, (*batch(1).rows, bad), aggregate([row(1)]))
        assert len(sink.deliver(made).refused) == 1
        assert sink.deliver(made).duplicate
        sink.beat(Beat(made.collector_id, watermark_ns=NOW))
        assert len(sink.key_secret()) >= 16
        sink.close()
    finally:
        admin.execute(f"drop owned by {login}")  # type: ignore[arg-type]  # own text
        admin.execute(f"drop role {login}")  # type: ignore[arg-type]  # own text


def test_refused_rows_are_set_aside_for_a_person(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """From record to the dead-letter file: reason and row, readable by this user alone."""
    database.connect().execute(
        "alter table monitoring.cache_metrics add constraint odd check (cache_name <> 'odd')"
    )
    collector = Collector(settings(tmp_path, dsn=database.dsn))
    collector.record("hit", "a", cache_name="odd")
    collector.record("hit", "b", cache_name="even")
    assert collector.stop()
    assert one(database.connect(), "select count(*) from monitoring.cache_metrics") == 1
    found = "select delivered, refused from monitoring.cache_collectors"
    assert one(database.connect(), found) == (1, 1)
    (path,) = tmp_path.glob("*/dead_letters.jsonl")
    assert path.stat().st_mode & 0o777 == 0o600
    assert '"odd"' in path.read_text()
    assert "violates check constraint" in path.read_text()


def test_a_server_killed_and_started_again_costs_nothing(
    private_cluster: PrivateCluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """kill -9 of the server while events come in: each is stored once when it is back."""
    with psycopg.connect(private_cluster.dsn, autocommit=True) as conn:
        migrate(conn)
    collector = Collector(settings(tmp_path, dsn=private_cluster.dsn))
    for number in range(300):
        collector.record("hit", f"{number}")
        if number == 100:
            assert collector.flush()
            private_cluster.kill()
        if number == 200:
            assert collector.flush()
    private_cluster.start()
    assert collector.flush()
    wait_until(lambda: collector.tally is not None and collector.tally.delivered == 300, 60)
    assert collector.stop()
    found = "select count(*), count(distinct cache_key) from monitoring.cache_metrics"
    assert one(private_cluster.connect(), found) == (300, 300)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://a:ge@heim@db.example/shop",
        "postgresql://a:geheim@@db.example/shop",
        "postgresql://a:1/geheim@db.example/shop",
        "postgresql://a:x?ge@heim@db.example/shop",
    ],
)
def test_a_raw_separator_in_the_password_shows_no_part_of_it(
    dsn: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """libpq would take the rest of the password for the host, and name it in its errors."""
    with pytest.raises(UnreadableDsn) as caught:
        PostgresSink(dsn)
    assert "heim" not in str(caught.value)
    assert "%40" in str(caught.value)
    collector = Collector(settings(tmp_path, dsn=dsn))
    collector.record("hit", "k")
    wait_until(lambda: "cannot be delivered" in caplog.text)
    collector.stop()
    assert "heim" not in caplog.text


@pytest.mark.parametrize(
    ("dsn", "destination"),
    [
        ("postgresql://a:ge%40heim@db/shop", "host=db dbname=shop"),
        ("postgresql://a@%2Ftmp%2Fa%40b/shop", "host=/tmp/a@b dbname=shop"),
        ("postgresql:///shop?host=/tmp/a@b", "host=/tmp/a@b dbname=shop"),
        ("host=db user=a password=ge@heim dbname=shop", "host=db dbname=shop"),
        ("postgresql://a:x@h1:1,h2:2/shop", "host=h1,h2 port=1,2 dbname=shop"),
    ],
)
def test_a_written_out_separator_is_read_as_meant(dsn: str, destination: str) -> None:
    """Escaped, or where an @ may stand."""
    assert PostgresSink(dsn).destination == destination


@pytest.mark.parametrize(
    ("newer", "mended"),
    [
        (
            "alter table monitoring.cache_metrics add column region text not null",
            "alter table monitoring.cache_metrics drop column region",
        ),
        (
            "alter table monitoring.cache_metrics rename column node to host",
            "alter table monitoring.cache_metrics rename column host to node",
        ),
    ],
)
def test_a_newer_schema_spools_says_so_once_and_blames_no_row(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture, newer: str, mended: str
) -> None:
    """A column that this version does not know of is nobody's content: no dead letter."""
    conn = database.connect()
    conn.execute(newer.encode())
    collector = Collector(settings(tmp_path, dsn=database.dsn))
    for _ in range(3):
        collector.record("hit", "k")
        assert collector.flush()
    assert one(conn, "select count(*) from monitoring.cache_metrics") == 0
    assert list(tmp_path.glob("*/dead_letters.jsonl")) == []
    conn.execute(mended.encode())
    wait_until(lambda: collector.tally is not None and collector.tally.delivered == 3, 60)
    assert collector.stop()
    assert len([r for r in caplog.records if "cache-auditor migrate" in r.getMessage()]) == 1
