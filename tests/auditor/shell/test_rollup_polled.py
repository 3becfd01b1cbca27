"""Windows of polled series: levels, the share that was measured, and no zeros of a server away."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg.rows import dict_row

from auditor.windows.minutes import floor_minute
from auditor.windows.retention import Keep, retain
from auditor.windows.rollup import roll_hours, roll_up
from auditor.windows.watermarks import Grace
from baselines.store import read_windows
from collector.batch import Batch, Beat
from collector.events import Row
from collector.polled import Gauge, ServerState
from collector.sinks.postgres import PostgresSink
from collector.weights import Weight
from tests.postgres_clusters import Database

NOW = datetime.now(UTC)
FIRST = floor_minute(NOW) - timedelta(minutes=30)
START = int(FIRST.timestamp())
GRACE = Grace()
SEQUENCES = itertools.count(1)
AGENT, OTHER = str(uuid.uuid4()), str(uuid.uuid4())
SERIES = ("pages", "new", "cache-1")


def gauge(second: int, measured_s: float = 10, entries: int | None = 100, **more: int) -> Gauge:
    """One so many seconds after FIRST."""
    levels: dict[str, Any] = {"memory_bytes": 4000, "memory_limit_bytes": 8000, "clients": 3}
    return Gauge(*SERIES, START + second, int(measured_s * 1000), entries, **(levels | more))


def weight(second: int, operation: str, n: int) -> Weight:
    return Weight(*SERIES, START + second, operation, False, n, 0, None, (), (), 0)


def beat(collector: str, minute: int | None) -> Beat:
    """Counted up to so many minutes after FIRST; started well before."""
    until_ns = None if minute is None else (START + 60 * minute) * 10**9
    return Beat(collector, started_ns=(START - 3600) * 10**9, watermark_ns=until_ns)


@pytest.fixture
def sink(database: Database) -> Iterator[PostgresSink]:
    made = PostgresSink(database.dsn)
    yield made
    made.close()


@pytest.fixture
def connection(database: Database) -> psycopg.Connection:
    return database.connect()


def ship(sink: PostgresSink, *items: Gauge | Weight, until: int | None = None) -> None:
    gauges = tuple(item for item in items if isinstance(item, Gauge))
    weights = tuple(item for item in items if isinstance(item, Weight))
    said = beat(AGENT, until)
    sink.deliver(Batch(AGENT, next(SEQUENCES), (), weights, "", said, gauges=gauges))


def windows(connection: psycopg.Connection, of: str = "minute") -> list[dict[str, Any]]:
    """Rows of the polled cache, oldest first; `at` in minutes after FIRST."""
    table = "cache_metrics_1min" if of == "minute" else "cache_metrics_1hour"
    statement = (
        f"select *, extract(epoch from {of}_window - %s)::integer / 60 as at "
        f"from monitoring.{table} where cache_name = 'pages' order by {of}_window"
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, [FIRST]).fetchall()  # type: ignore[call-overload,no-any-return]


def test_a_minute_of_polls_is_one_window(
    sink: PostgresSink, connection: psycopg.Connection
) -> None:
    """Six polls: counts added up, levels averaged, all of the minute measured."""
    for poll in range(6):
        ship(sink, weight(10 * poll + 9, "hit", 5), weight(10 * poll + 9, "miss", poll),
             gauge(10 * poll + 9, entries=100 + poll, memory_bytes=1000 * poll, clients=poll),
             until=1)  # fmt: skip
    roll_up(connection, NOW, GRACE)
    (window,) = windows(connection)
    assert (window["hits"], window["misses"], window["total_operations"]) == (30, 15, 45)
    assert (window["avg_cache_size"], window["max_cache_size"]) == (102.5, 105)
    assert (window["avg_memory_bytes"], window["memory_limit_bytes"]) == (2500, 8000)
    assert (window["avg_clients"], window["polled"], window["completeness"]) == (2.5, 1, 1)
    assert window["distinct_keys"] is None


def test_polls_that_counted_nothing_are_a_window_of_zeros(
    sink: PostgresSink, connection: psycopg.Connection
) -> None:
    """An idle server is not one that is away."""
    ship(sink, *(gauge(10 * poll + 9) for poll in range(6)), until=1)
    roll_up(connection, NOW, GRACE)
    (window,) = windows(connection)
    assert (window["total_operations"], window["polled"], window["avg_cache_size"]) == (0, 1, 100)


def test_what_was_not_measured_is_missing_from_completeness(
    sink: PostgresSink, connection: psycopg.Connection
) -> None:
    """40 s of 60, and an estimate for the rest; and what a replay brings later completes it."""
    ship(sink, *(gauge(10 * poll + 9) for poll in range(4)), gauge(59, 0, None), until=1)
    roll_up(connection, NOW, GRACE)
    (window,) = windows(connection)
    assert (window["polled"], window["completeness"]) == (
        pytest.approx(2 / 3),
        pytest.approx(2 / 3),
    )
    ship(sink, gauge(49), gauge(58))
    roll_up(connection, NOW, GRACE)
    (window,) = windows(connection)
    assert (window["polled"], window["completeness"]) == (1, pytest.approx(1))


def test_an_absurd_level_is_refused_alone(
    sink: PostgresSink, connection: psycopg.Connection
) -> None:
    """Its reason is in the receipt; counts and the other levels are stored, once."""
    bad = gauge(19, entries=2**60)
    batch = Batch(AGENT, next(SEQUENCES), (), (weight(9, "hit", 3),), gauges=(gauge(9), bad))
    receipt = sink.deliver(batch)
    assert [refused.item for refused in receipt.refused] == [bad]
    assert "believable" in receipt.refused[0].reason
    assert sink.deliver(batch).duplicate
    roll_up(connection, NOW, GRACE)
    (window,) = windows(connection)
    assert (window["hits"], window["polled"]) == (3, pytest.approx(1 / 6))


def test_a_server_that_is_away_has_no_windows_while_others_have_zeros(
    sink: PostgresSink, connection: psycopg.Connection
) -> None:
    """Both are known series and all collectors complete: only what no agent polls was silent."""
    hit = Row(START * 10**9, "hit", "users", "new", "k", 1.0, *[None] * 5, False)  # type: ignore[arg-type]
    sink.deliver(Batch(OTHER, 1, (hit,), beat=beat(OTHER, 5)))
    ship(sink, gauge(59, 60), weight(59, "hit", 7), until=5)
    roll_up(connection, NOW, GRACE)
    assert [(w["at"], w["hits"]) for w in windows(connection)] == [(0, 7)]
    silent = connection.execute(
        "select count(*) from monitoring.cache_metrics_1min "
        "where cache_name = 'users' and total_operations = 0"
    ).fetchone()
    assert silent == (4,)


def test_a_series_that_is_instrumented_after_it_was_polled_has_zeros_again(
    sink: PostgresSink, connection: psycopg.Connection
) -> None:
    """From its first event after the last poll on."""
    ship(sink, gauge(59, 60), until=6)
    when = (START + 180) * 10**9
    hit = Row(when, "hit", "pages", "new", "k", 1.0, *[None] * 5, False)  # type: ignore[arg-type]
    sink.deliver(Batch(OTHER, 1, (hit,), node="cache-1", beat=beat(OTHER, 6)))
    roll_up(connection, NOW, GRACE)
    found = [(w["at"], w["total_operations"]) for w in windows(connection)]
    assert found[0] == (0, 0)
    assert (3, 1) in found
    assert (5, 0) in found


def test_an_hour_holds_its_minutes_levels(
    sink: PostgresSink, connection: psycopg.Connection
) -> None:
    """Means of the minutes', and the share of the hour that was measured."""
    hour = START // 3600 * 3600 - START - 3600
    for minute in (0, 1):
        ship(
            sink, gauge(hour + 60 * minute + 59, 60, memory_bytes=1000 + minute, clients=4 * minute)
        )
    roll_up(connection, NOW, GRACE)
    roll_hours(connection, NOW)
    (window,) = windows(connection, "hour")
    assert (window["avg_memory_bytes"], window["memory_limit_bytes"]) == (1000.5, 8000)
    assert (window["avg_clients"], window["polled"]) == (2, pytest.approx(2 / 60))


def test_gauges_are_kept_as_long_as_raw_rows(
    sink: PostgresSink, connection: psycopg.Connection
) -> None:
    """Those of an old day go, and their windows stay."""
    ship(sink, gauge(-9 * 86_400), gauge(59))
    roll_up(connection, NOW, GRACE)
    done = retain(connection, NOW, Keep())
    assert done is not None
    assert done.removed["trim_gauges"] == 1
    assert len(windows(connection)) == 2


def test_times_that_no_agent_can_measure_read_as_missing(
    sink: PostgresSink, connection: psycopg.Connection
) -> None:
    """Not as 0 ms: a load of 0 ms would make every miss free, and no loss of hits worth a word."""
    timed = weight(9, "hit", 4)._replace(latency_sum_ns=8_000_000, bins=(380,), counts=(4,))
    ship(sink, gauge(9), timed, weight(9, "miss", 5))
    ship(sink, gauge(69), weight(69, "hit", 4))
    ship(sink, gauge(129))
    roll_up(connection, NOW, GRACE)
    found = read_windows(connection, START // 60, START // 60 + 3)
    columns = ("latency_sum_ms", "hit_latency_sum_ms", "miss_latency_sum_ms")
    nan = float("nan")
    expected = [[nan, 8.0, nan], [nan, nan, 0.0], [0.0, 0.0, 0.0]]
    read = np.column_stack([found.column(name)[:, 0] for name in columns])
    np.testing.assert_array_equal(read, expected)


# Servers -----------------------------------------------------------------------------------------


def state(because: str = "", place: str = "cache-1:6379", **more: int) -> ServerState:
    return ServerState(*SERIES, "redis", place, START * 10**9, more.get("away_since_ns"), because)


def servers(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select place, because, extract(epoch from away_since)::bigint, collector_id::text, "
        "said_at from monitoring.cache_servers"
    ).fetchall()


def test_a_beat_says_how_the_servers_stand(
    sink: PostgresSink, connection: psycopg.Connection
) -> None:
    """The last word counts; the same word again within the minute writes nothing."""
    said = Beat(AGENT, servers=(state(),))
    sink.beat(said)
    (first,) = servers(connection)
    assert first[:4] == ("cache-1:6379", "", None, AGENT)
    sink.beat(said)
    assert servers(connection) == [first]
    sink.beat(Beat(OTHER, servers=(state("gone", away_since_ns=(START + 5) * 10**9),)))
    (now,) = servers(connection)
    assert now[:4] == ("cache-1:6379", "gone", START + 5, OTHER)
    sink.beat(Beat(OTHER, goodbye=True))
    assert len(servers(connection)) == 1


def test_a_beat_with_a_server_without_a_name_is_a_beat_all_the_same(
    connection: psycopg.Connection,
) -> None:
    """What a stranger sends never costs a batch."""
    for said in ('{"servers": [{}, {"cache_name": "a"}]}', '{"servers": 5}', '{"servers": null}'):
        connection.execute(
            "select monitoring.collector_heartbeat(%s, null, %s::jsonb)", [AGENT, said]
        )
    assert servers(connection) == []
    assert connection.execute("select count(*) from monitoring.cache_collectors").fetchone() == (1,)
