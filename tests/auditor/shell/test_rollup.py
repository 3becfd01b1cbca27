"""Windows are exactly what was recorded, whatever order, repetition and company it comes in."""

from __future__ import annotations

import itertools
import math
import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from auditor.windows.minutes import floor_minute
from auditor.windows.rollup import roll_hours, roll_up
from auditor.windows.watermarks import Grace
from collector.batch import Batch, Beat
from collector.events import Row
from collector.sinks.postgres import PostgresSink
from collector.weights import Aggregator
from tests.postgres_clusters import Database

NOW = datetime.now(UTC)
FIRST = floor_minute(NOW) - timedelta(minutes=30)
GRACE = Grace()
NAMES = itertools.count()


def row(
    cache: str,
    second: float,
    operation: str = "hit",
    ms: float | None = 1.0,
    key: str = "k",
    *,
    failed: bool = False,
    implementation: str = "new",
    is_sample: bool = False,
) -> Row:
    """An event so many seconds after FIRST."""
    when = int(FIRST.timestamp() * 1e9) + int(second * 1e9)
    error = "load_error" if failed else None
    return Row(
        when, operation, cache, implementation, key, ms, None, None, error, None, None, is_sample
    )


def collector_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def sink(database: Database) -> Iterator[PostgresSink]:
    made = PostgresSink(database.dsn)
    yield made
    made.close()


def windows(connection: psycopg.Connection, cache: str) -> list[dict[str, object]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select * from monitoring.cache_metrics_1min where cache_name = %s"
            " order by minute_window, implementation_type, node",
            [cache],
        ).fetchall()


# What a window holds, worked out the slow way -------------------------------------------------


@dataclass(frozen=True)
class Slow:
    """The counts of one window as a plain loop finds them."""

    counts: Counter[str]
    gets_ms: list[float]
    keys: set[str]


def slowly(rows: list[Row]) -> dict[tuple[str, datetime], Slow]:
    found: dict[tuple[str, datetime], Slow] = defaultdict(lambda: Slow(Counter(), [], set()))
    for event in rows:
        # whole numbers: a float of nanoseconds would round 59.9999999 s into the next minute
        minute = datetime.fromtimestamp(event.timestamp_ns // (60 * 10**9) * 60, UTC)
        slow = found[event.implementation_type, minute]
        failed = event.error_type is not None
        slow.counts["total_operations"] += event.operation_type not in ("evict", "expire")
        name = {"hit": "hits", "miss": "misses", "set": "sets", "delete": "deletes",
                "evict": "evictions", "expire": "expirations", "error": "get_errors"}[
            event.operation_type
        ]  # fmt: skip
        if event.operation_type == "set" and failed:
            name = "set_errors"
        slow.counts[name] += 1
        slow.counts["errors"] += failed or event.operation_type == "error"
        slow.counts["load_errors"] += event.operation_type == "miss" and failed
        if event.operation_type in ("hit", "miss", "error") and event.response_time_ms is not None:
            slow.gets_ms.append(event.response_time_ms)
        if event.operation_type not in ("evict", "expire"):
            slow.keys.add(event.cache_key)
    return found


COUNTS = ("total_operations", "hits", "misses", "sets", "deletes", "evictions", "expirations",
          "errors", "get_errors", "load_errors", "set_errors")  # fmt: skip


def assert_same(connection: psycopg.Connection, cache: str, rows: list[Row]) -> None:
    """Every window equals the slow twin; there is no other window."""
    expected = slowly(rows)
    found = {(w["implementation_type"], w["minute_window"]): w for w in windows(connection, cache)}
    assert found.keys() == expected.keys()
    for key, slow in expected.items():
        window = found[key]
        assert {name: window[name] for name in COUNTS} == {n: slow.counts[n] for n in COUNTS}
        in_ns = sum(round(ms * 1e6) for ms in slow.gets_ms)
        assert window["latency_sum_ms"] == pytest.approx(in_ns / 1e6, rel=1e-12)
        if slow.gets_ms:
            assert window["max_response_time_ms"] == max(slow.gets_ms)
            for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
                exact = float(np.quantile(slow.gets_ms, q))
                assert math.isclose(window[f"{name}_response_time_ms"], exact, rel_tol=0.01), name
        assert window["distinct_keys"] == (len(slow.keys) or None)


SESSIONS: dict[str, psycopg.Connection] = {}


def session(database: Database) -> psycopg.Connection:
    """One connection for all examples of a test, so that a failing one leaves none behind."""
    if database.name not in SESSIONS:
        SESSIONS[database.name] = database.connect()
    return SESSIONS[database.name]


# Any interleaving -----------------------------------------------------------------------------

EVENTS = st.tuples(
    st.floats(0, 240),  # seconds after FIRST: four minutes
    st.sampled_from(["hit", "miss", "set", "delete", "evict", "expire", "error"]),
    st.one_of(st.none(), st.floats(0.002, 5000)),
    st.sampled_from(["a", "b", "c"]),
    st.booleans(),
    st.sampled_from(["legacy", "new"]),
)
BATCHES = st.lists(st.lists(EVENTS, min_size=1, max_size=8), min_size=1, max_size=6)
# after each delivery: nothing, the same batch again, a rollup, two rollups at once
STEPS = st.lists(st.sampled_from(["", "again", "roll", "race"]), min_size=6, max_size=6)


def race(database: Database) -> None:
    """Two auditors roll up at the same moment."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with psycopg.connect(database.dsn, autocommit=True) as connection:
                roll_up(connection, NOW, GRACE)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@settings(
    max_examples=40, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(batches=BATCHES, steps=STEPS, order=st.randoms(use_true_random=False))
def test_window_sums_equal_event_sums_under_any_interleaving(
    database: Database, sink: PostgresSink, batches: list, steps: list, order: object
) -> None:
    """Batches of several collectors, repeated, late, rolled up in between and by two at once."""
    cache = f"cache{next(NAMES)}"
    collectors = [collector_id() for _ in range(3)]
    made = [
        Batch(
            collectors[number % 3],
            number,
            tuple(
                row(
                    cache,
                    at,
                    what,
                    ms,
                    key,
                    failed=failed and what in ("miss", "set"),
                    implementation=i,
                )
                for at, what, ms, key, failed, i in events
            ),
        )
        for number, events in enumerate(batches)
    ]
    order.shuffle(made)  # type: ignore[attr-defined]
    connection = session(database)
    for batch, step in zip(made, steps, strict=False):
        assert not sink.deliver(batch).duplicate
        if step == "again":
            assert sink.deliver(batch).duplicate
        elif step == "roll":
            roll_up(connection, NOW, GRACE)
        elif step == "race":
            race(database)
    race(database)
    roll_up(connection, NOW, GRACE)
    assert_same(connection, cache, [event for batch in made for event in batch.rows])


@settings(
    max_examples=15, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(events=st.lists(EVENTS, min_size=1, max_size=40), cut=st.integers(0, 40))
def test_weights_and_events_give_the_same_windows(
    database: Database, sink: PostgresSink, events: list, cut: int
) -> None:
    """What is counted before it is shipped adds up as if it had come event by event."""
    both, alone = f"cache{next(NAMES)}", f"cache{next(NAMES)}"

    def rows(cache: str) -> list[Row]:
        return [row(cache, at, what, ms, key, failed=failed and what in ("miss", "set"))
                for at, what, ms, key, failed, _ in events]  # fmt: skip

    aggregator = Aggregator()
    for event in rows(both)[:cut]:
        aggregator.add(event)
    sink.deliver(Batch(collector_id(), 0, tuple(rows(both)[cut:]), tuple(aggregator.take())))
    sink.deliver(Batch(collector_id(), 0, tuple(rows(alone))))
    connection = session(database)
    roll_up(connection, NOW, GRACE)
    leave = {"cache_name", "distinct_keys", "created_at", "updated_at"}
    found = [
        [{k: v for k, v in w.items() if k not in leave} for w in windows(connection, cache)]
        for cache in (both, alone)
    ]
    assert found[0] == found[1]


# One behaviour each ---------------------------------------------------------------------------


def test_fault_1_a_batch_never_overwrites_the_minute(
    database: Database, sink: PostgresSink
) -> None:
    """Three batches of 100 in one minute are 300 operations, filed under the events' minute."""
    collector = collector_id()
    for number in range(3):
        sink.deliver(
            Batch(collector, number, tuple(row("c", 5 + number, key=str(k)) for k in range(100)))
        )
        roll_up(database.connect(), NOW, GRACE)
    (window,) = windows(database.connect(), "c")
    assert window["hits"] == 300
    assert window["minute_window"] == FIRST


def test_fault_3_quantiles_are_filled_and_fractional(
    database: Database, sink: PostgresSink
) -> None:
    """An in-process cache answers in microseconds, and every quantile says so."""
    sink.deliver(Batch(collector_id(), 0, tuple(row("c", 1, ms=0.001 * k) for k in range(1, 101))))
    roll_up(database.connect(), NOW, GRACE)
    (window,) = windows(database.connect(), "c")
    for name, exact in (("p50", 0.0505), ("p95", 0.09505), ("p99", 0.09901), ("max", 0.1)):
        assert window[f"{name}_response_time_ms"] == pytest.approx(exact, rel=0.01)


def test_fault_9_a_batch_delivered_twice_is_counted_once(
    database: Database, sink: PostgresSink
) -> None:
    """Its answer was lost, it comes again: the ledger knows it."""
    batch = Batch(collector_id(), 7, (row("c", 1), row("c", 2)))
    assert not sink.deliver(batch).duplicate
    assert sink.deliver(batch).duplicate
    roll_up(database.connect(), NOW, GRACE)
    assert windows(database.connect(), "c")[0]["hits"] == 2


def test_one_absurd_row_is_set_aside_and_stops_nothing(
    database: Database, sink: PostgresSink
) -> None:
    """Nanoseconds given as milliseconds, or an impossible size: refused, and the rest goes on."""
    absurd = row("c", 1, ms=1.7e18), row("c", 1)._replace(value_bytes=2**62)
    receipt = sink.deliver(Batch(collector_id(), 0, (row("c", 1), *absurd, row("c", 2))))
    assert len(receipt.refused) == 2
    roll_up(database.connect(), NOW, GRACE)
    assert windows(database.connect(), "c")[0]["hits"] == 2


def test_a_clock_that_lags_moves_nothing_back(database: Database, sink: PostgresSink) -> None:
    """An auditor whose clock is behind settles nothing again."""
    connection = database.connect()
    sink.deliver(Batch(collector_id(), 0, (row("c", 1),)))
    settled = roll_up(connection, FIRST + timedelta(minutes=5), GRACE).settled_until
    behind = roll_up(connection, FIRST + timedelta(minutes=2), GRACE).settled_until
    assert settled == behind == FIRST + timedelta(minutes=3)
    state = connection.execute(
        "select value from monitoring.cache_auditor_state where name = 'settled_until'"
    )
    assert state.fetchone() == (settled,)


def test_samples_are_shown_and_never_summed(database: Database, sink: PostgresSink) -> None:
    """A raw row that is an example of a weight counts as sampled, not as an operation."""
    aggregator = Aggregator()
    for _ in range(10):
        aggregator.add(row("c", 1))
    events = (row("c", 1, is_sample=True),)
    sink.deliver(Batch(collector_id(), 0, events, tuple(aggregator.take())))
    roll_up(database.connect(), NOW, GRACE)
    (window,) = windows(database.connect(), "c")
    assert (window["hits"], window["sampled"]) == (10, 1)


def test_the_open_minute_is_provisional_until_it_is_scorable(
    database: Database, sink: PostgresSink
) -> None:
    """Its row is there at once, marked as open, and closes without a new event."""
    sink.deliver(Batch(collector_id(), 0, (row("c", 1),)))
    connection = database.connect()
    during = FIRST + timedelta(seconds=20)
    roll_up(connection, during, GRACE)
    assert windows(connection, "c")[0]["provisional"] is True
    roll_up(connection, FIRST + timedelta(seconds=60 + 74), GRACE)
    assert windows(connection, "c")[0]["provisional"] is True
    roll_up(connection, FIRST + timedelta(seconds=60 + 75), GRACE)
    assert windows(connection, "c")[0]["provisional"] is False


def beat(collector: str, watermark: datetime) -> Beat:
    return Beat(
        collector,
        started_ns=int((FIRST - timedelta(minutes=5)).timestamp() * 1e9),
        watermark_ns=int(watermark.timestamp() * 1e9),
    )


def test_watermarks_make_a_window_scorable_at_once(database: Database, sink: PostgresSink) -> None:
    """When every expected collector has passed its end, a window does not wait for the grace."""
    one, other = collector_id(), collector_id()
    end = FIRST + timedelta(minutes=1)
    sink.deliver(Batch(one, 0, (row("c", 1),)))
    sink.beat(beat(one, end))
    sink.beat(beat(other, end - timedelta(seconds=1)))
    connection = database.connect()
    rolled = roll_up(connection, end + timedelta(seconds=1), GRACE)
    assert rolled.settled_until == FIRST
    sink.beat(beat(other, end))
    rolled = roll_up(connection, end + timedelta(seconds=1), GRACE)
    assert rolled.settled_until == end
    assert windows(connection, "c")[0]["completeness"] == 1.0


def test_a_collector_that_stays_behind_costs_the_grace_and_shows(
    database: Database, sink: PostgresSink
) -> None:
    """After 10 s the window is settled without it, with a completeness below 1."""
    one, other = collector_id(), collector_id()
    end = FIRST + timedelta(minutes=1)
    sink.deliver(Batch(one, 0, (row("c", 1),)))
    sink.beat(beat(one, end))
    sink.beat(beat(other, FIRST))
    connection = database.connect()
    assert roll_up(connection, end + timedelta(seconds=9), GRACE).settled_until == FIRST
    assert roll_up(connection, end + timedelta(seconds=10), GRACE).settled_until == end
    assert windows(connection, "c")[0]["completeness"] == 0.5


def test_silence_is_zero_and_absence_is_no_row(database: Database, sink: PostgresSink) -> None:
    """With complete watermarks a known series without events has zeros; without, nothing."""
    collector = collector_id()
    sink.deliver(Batch(collector, 0, (row("c", 1),)))
    connection = database.connect()
    second = FIRST + timedelta(minutes=2)
    sink.beat(beat(collector, second))
    roll_up(connection, second, GRACE)
    assert [w["total_operations"] for w in windows(connection, "c")] == [1, 0]
    third = FIRST + timedelta(minutes=3)
    roll_up(connection, third + timedelta(seconds=10), GRACE)
    assert len(windows(connection, "c")) == 2


def test_late_events_remake_the_window_and_ask_for_a_new_score(
    database: Database, sink: PostgresSink
) -> None:
    """A scored minute that changes is remembered; one that does not change is not."""
    connection = database.connect()
    sink.deliver(Batch(collector_id(), 0, (row("c", 1), row("c", 61))))
    roll_up(connection, NOW, GRACE)
    connection.execute(
        "insert into monitoring.cache_auditor_state values ('scored_until', %s)", [NOW]
    )
    connection.execute(
        "insert into monitoring.cache_window_scores"
        " (cache_name, implementation_type, minute_window, run_id)"
        " select 'c', 'new', unnest(%s), 0",
        [[FIRST, FIRST + timedelta(minutes=1)]],
    )
    sink.deliver(Batch(collector_id(), 0, (row("c", 2),)))
    roll_up(connection, NOW, GRACE)
    late = connection.execute("select minute_window from monitoring.cache_windows_to_rescore")
    assert late.fetchall() == [(FIRST,)]
    assert [w["hits"] for w in windows(connection, "c")] == [2, 1]


def test_rows_of_a_trimmed_day_are_refused_and_counted(
    database: Database, sink: PostgresSink
) -> None:
    """Finished windows stay right: weights that come after the trim never replace them."""
    connection = database.connect()
    sink.deliver(Batch(collector_id(), 0, (row("c", 1), row("c", 2))))
    roll_up(connection, NOW, GRACE)
    connection.execute("insert into monitoring.cache_trimmed_days values (%s)", [FIRST.date()])
    aggregator = Aggregator()
    aggregator.add(row("c", 3))
    sink.deliver(Batch(collector_id(), 1, weights=tuple(aggregator.take())))
    roll_up(connection, NOW, GRACE)
    assert windows(connection, "c")[0]["hits"] == 2
    counted = connection.execute("select sum(too_late) from monitoring.cache_metric_batches")
    assert counted.fetchone() == (1,)


def test_of_a_batch_over_two_days_only_the_late_rows_are_too_late(
    database: Database, sink: PostgresSink
) -> None:
    """Its rows of a day that is not trimmed are in their windows, and counted once."""
    connection = database.connect()
    gone = FIRST - timedelta(days=2)
    connection.execute("insert into monitoring.cache_trimmed_days values (%s)", [gone.date()])
    aggregator = Aggregator()
    aggregator.add(row("c", 3))
    aggregator.add(row("c", -2 * 86_400))
    aggregator.add(row("c", -2 * 86_400 + 1))
    sink.deliver(
        Batch(collector_id(), 1, (row("c", 1), row("c", 2)), weights=tuple(aggregator.take()))
    )
    roll_up(connection, NOW, GRACE)
    assert [w["hits"] for w in windows(connection, "c")] == [3]
    counted = connection.execute("select too_late from monitoring.cache_metric_batches")
    assert counted.fetchone() == (2,)


def test_one_notice_a_statement_and_none_when_nothing_changed(
    database: Database, sink: PostgresSink
) -> None:
    """A rollup that inserts and updates wakes once; one that changes nothing wakes nobody."""
    listener, connection = database.connect(), database.connect()
    listener.execute("listen cache_auditor")
    sink.deliver(Batch(collector_id(), 0, (row("c", 1),)))
    roll_up(connection, NOW, GRACE)
    assert len(list(listener.notifies(timeout=0.5))) == 1
    sink.deliver(Batch(collector_id(), 0, (row("c", 2), row("c", 62))))
    roll_up(connection, NOW, GRACE)
    assert len(list(listener.notifies(timeout=0.5))) == 1
    roll_up(connection, NOW, GRACE)
    assert list(listener.notifies(timeout=0.5)) == []


def test_an_hour_is_its_minutes_and_its_quantiles_those_of_its_events(
    database: Database, sink: PostgresSink
) -> None:
    """Sums add up; a p99 of the hour is no mean of p99s."""
    generator = np.random.default_rng(5)
    slow = [float(ms) for ms in generator.lognormal(0, 1, 400)]
    rows = [row("c", 9 * at, ms=ms, key=str(at)) for at, ms in enumerate(slow[:200])]
    rows += [row("c", 30, ms=ms, key="hot") for ms in slow[200:]]
    sink.deliver(Batch(collector_id(), 0, tuple(rows)))
    connection = database.connect()
    roll_up(connection, NOW, GRACE)
    assert roll_hours(connection, NOW + timedelta(hours=2)) >= 1
    with connection.cursor(row_factory=dict_row) as cursor:
        hours = cursor.execute(
            "select * from monitoring.cache_metrics_1hour order by hour_window"
        ).fetchall()
    assert sum(hour["hits"] for hour in hours) == 400
    for hour in hours:
        inside = [
            r
            for r in rows
            if floor_minute(datetime.fromtimestamp(r.timestamp_ns / 1e9, UTC)).replace(minute=0)
            == hour["hour_window"]
        ]
        exact = np.quantile([r.response_time_ms for r in inside], 0.99)
        assert hour["p99_response_time_ms"] == pytest.approx(exact, rel=0.01)
        assert hour["distinct_keys"] == len({r.cache_key for r in inside})
    assert roll_hours(connection, NOW + timedelta(hours=2)) == 0
