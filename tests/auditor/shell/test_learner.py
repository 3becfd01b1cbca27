"""What is learned from, and that learning again from the same gives the same, kept by version."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
import psycopg
import pytest

from auditor.daemon.learner import Refreshed, refresh, refresh_is_due
from auditor.refreshing import due
from auditor.refreshing.groups import groups_of
from auditor.refreshing.problems import Problem, unlearnable
from auditor.stores.learned import InForce, read_in_force
from auditor.stores.observations import acknowledge
from auditor.windows.minutes import epoch_minute, floor_minute
from auditor.windows.rollup import roll_up
from auditor.windows.state import write_state
from auditor.windows.watermarks import Grace
from baselines.baseline import Baseline
from baselines.profile_rows import to_rows
from baselines.series import SeriesKey, Windows
from baselines.store import list_baselines, read_windows
from collector.batch import Batch
from collector.events import Row
from collector.sinks.postgres import PostgresSink
from tests.auditor.shell.past import CACHE, LEGACY, NEW, learned_past, start_of_story
from tests.postgres_clusters import Database

START = start_of_story()
KEYS = (SeriesKey(CACHE, LEGACY), SeriesKey(CACHE, NEW))
DAY = timedelta(days=1)
FIRST_TRY = timedelta(minutes=due.FIRST_TRY)


# What is not learned -----------------------------------------------------------------------------


def block(minutes: int = 10) -> Windows:
    return Windows(epoch_minute(START), KEYS, {"total_operations": np.ones((minutes, 2))})


def problem(first: int, last: int | None, reason: str | None = None, of: str = NEW) -> Problem:
    """A problem of minutes [first, last) of the block; last None: it is not over."""
    start = epoch_minute(START)
    until = None if last is None else start + last
    return Problem(SeriesKey(CACHE, of), start + first, until, reason)


def left_out(*problems: Problem) -> list[int]:
    """Minutes of `new` that are not learned; those of `legacy` all are."""
    found = unlearnable(block(), problems)
    assert found.shape == (10, 2)
    assert not found[:, 0].any()
    return [int(minute) for minute in np.flatnonzero(found[:, 1])]


@pytest.mark.parametrize("reason", [None, "fixed", "expected"])
def test_inside_a_problem_nothing_is_learned(reason: str | None) -> None:
    """Half-open, and clipped to the block; two problems add up."""
    assert left_out(problem(3, 6, reason)) == [3, 4, 5]
    assert left_out(problem(-5, 2, reason), problem(8, 99, reason)) == [0, 1, 8, 9]
    assert left_out(problem(-5, -2, reason)) == []


def test_a_problem_that_lasts_is_not_learned_to_the_end() -> None:
    assert left_out(problem(7, None)) == [7, 8, 9]


def test_a_false_alarm_is_learned() -> None:
    assert left_out(problem(3, 6, "false-alarm")) == []


def test_a_new_normal_is_learned_from_its_start_and_nothing_before() -> None:
    assert left_out(problem(4, None, "new-normal")) == [0, 1, 2, 3]
    assert left_out(problem(4, 6, "new-normal"), problem(7, 8)) == [0, 1, 2, 3, 7]
    assert left_out(problem(-4, None, "new-normal")) == []


def test_a_problem_of_a_series_that_is_not_there_changes_nothing() -> None:
    assert left_out(problem(0, None, of="canary")) == []


# The refresh -------------------------------------------------------------------------------------


@pytest.fixture
def connection(learned_database: Database) -> psycopg.Connection:
    return learned_database.connect()


def refreshed(connection: psycopg.Connection, days: float = 2) -> Refreshed:
    done = refresh(connection, START, span=days * DAY, time_zone="UTC")
    assert done.learned is not None
    return done


def bits(baseline: Baseline) -> list[tuple[str, int, bytes]]:
    """Every number of a baseline, as its bits; NaN is as good as any."""
    return [
        (row.metric, row.slot, np.array(row[2:], dtype=np.float64).tobytes())
        for row in to_rows(baseline)
    ]


def numbers(baselines: Mapping[SeriesKey, Baseline]) -> dict[SeriesKey, object]:
    return {
        key: (bits(each), each.start, each.end, each.sample_size, each.time_zone)
        for key, each in baselines.items()
    }


def assert_same(one: InForce, other: InForce) -> None:
    """The same numbers to the bit, whatever their ids and versions."""
    assert numbers(one.learned.baselines) == numbers(other.learned.baselines)
    assert one.learned.calibrations == other.learned.calibrations
    first, second = one.learned.forest, other.learned.forest
    assert first is not None
    assert second is not None
    assert (first.metrics, first.seed) == (second.metrics, second.seed)
    assert first.matrix.tobytes() == second.matrix.tobytes()


def test_learning_again_counts_versions_up_and_gives_the_same_bits(
    connection: psycopg.Connection,
) -> None:
    """One active a series, the older ones kept; read back from the store, equal to the last bit."""
    done = refreshed(connection)
    assert done.learned is not None
    first = read_in_force(connection)
    assert numbers(first.learned.baselines) == numbers(done.learned.baselines)
    assert first.learned.calibrations == done.learned.calibrations
    refreshed(connection)
    second = read_in_force(connection)
    assert_same(first, second)
    assert all(new > old for old, new in zip(first.versions, second.versions, strict=True))
    rows = list_baselines(connection, every=True)
    found = [(row.implementation_type, row.version, row.is_active) for row in rows]
    assert found == [(n, v, v == 3) for n, v in product((LEGACY, NEW), (3, 2, 1))]
    for table in ("cache_calibrations", "cache_forests"):
        kept = connection.execute(
            f"select count(*), count(*) filter (where is_active) from monitoring.{table}"  # type: ignore[arg-type]
        ).fetchone()
        assert kept == ((6, 2) if table == "cache_calibrations" else (3, 1))


def learned_from(connection: psycopg.Connection) -> list[int]:
    """Windows that legacy and new were learned from."""
    return [row.sample_size for row in list_baselines(connection)]


def test_what_people_say_decides_what_is_learned(connection: psycopg.Connection) -> None:
    """An hour's problem is left out; signed as a false alarm it is learned; as the new normal of
    another, only what came after that began."""
    connection.execute(
        "insert into monitoring.cache_auditor_observations (id, cache_name, implementation_type,"
        " severity, category, title, description, first_window, state, resolved_at)"
        " values (%(id)s, %(cache)s, %(new)s, 'warning', 'performance', 't', 'd',"
        " %(t)s - interval '5 hours', 'resolved', %(t)s - interval '4 hours')",
        {"id": uuid.UUID(int=1), "cache": CACHE, "new": NEW, "t": START},
    )
    refreshed(connection)
    assert learned_from(connection) == [2880, 2820]
    signed = {"by": "ada", "note": ""}
    acknowledge(connection, uuid.UUID(int=1), reason="false-alarm", **signed)
    connection.execute(
        "insert into monitoring.cache_auditor_observations (id, cache_name, implementation_type,"
        " severity, category, title, description, first_window)"
        " values (%(id)s, %(cache)s, %(new)s, 'warning', 'performance', 't', 'd',"
        " %(t)s - interval '30 hours')",
        {"id": uuid.UUID(int=2), "cache": CACHE, "new": NEW, "t": START},
    )
    acknowledge(connection, uuid.UUID(int=2), reason="new-normal", **signed)
    refreshed(connection)
    assert learned_from(connection) == [2880, 1800]


def test_a_refresh_is_due_after_its_time_and_sooner_while_nothing_is_in_force(
    database: Database,
) -> None:
    connection, hour = database.connect(), timedelta(hours=1)
    assert not refresh_is_due(connection, START, hour)  # nothing has been rolled up yet
    write_state(connection, "settled_until", START)
    assert refresh_is_due(connection, START, hour)
    refresh(connection, START, span=DAY, time_zone="UTC")
    assert not refresh_is_due(connection, START + FIRST_TRY - timedelta(seconds=1), hour)
    assert refresh_is_due(connection, START + FIRST_TRY, hour)
    learned_past(connection, START)
    assert not refresh_is_due(connection, START + FIRST_TRY, hour)
    assert refresh_is_due(connection, START + hour, hour)


def test_a_newcomer_is_learned_within_the_hour(connection: psycopg.Connection) -> None:
    """A series with a day behind it and nothing in force does not wait for the daily refresh."""
    day = timedelta(days=1)
    soon = START + timedelta(hours=2)
    assert not refresh_is_due(connection, soon, day)
    connection.execute(
        "insert into monitoring.cache_series values ('fresh', 'new', '', %s, %s)",
        [START - timedelta(hours=25), START],
    )
    assert refresh_is_due(connection, soon, day)
    assert not refresh_is_due(connection, START + timedelta(minutes=59), day)


def test_caches_are_grouped_and_never_divided() -> None:
    counts = [("a", 2), ("b", 1), ("c", 5), ("d", 1), ("e", 1), ("f", 1)]
    assert groups_of(counts, 3) == [["a", "b"], ["c"], ["d", "e", "f"]]
    assert groups_of([], 3) == []


def test_learning_in_groups_gives_the_same_baselines(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded by the group; what is ordinary for a cache does not depend on it."""
    connection.execute(
        "insert into monitoring.cache_metrics_1min select (jsonb_populate_record(w,"
        " jsonb_build_object('cache_name', 'other'))).* from monitoring.cache_metrics_1min as w"
    )
    connection.execute(
        "insert into monitoring.cache_series select 'other', implementation_type, node,"
        " first_minute, last_minute from monitoring.cache_series"
    )
    span = timedelta(days=3)
    whole = refresh(connection, START, span=span, time_zone="UTC").learned
    monkeypatch.setattr("auditor.daemon.learner.MOST_SERIES", 2)
    grouped = refresh(connection, START, span=span, time_zone="UTC")
    assert whole is not None
    assert grouped.learned is not None
    assert len(whole.baselines) == 4
    assert repr(grouped.learned.baselines) == repr(whole.baselines)
    assert grouped.learned.calibrations.keys() == whole.calibrations.keys()
    assert grouped.learned.forest is not None
    assert grouped.windows == 4 * 3 * 1440


# Windows of several nodes ------------------------------------------------------------------------


@pytest.fixture
def sink(database: Database) -> Iterator[PostgresSink]:
    made = PostgresSink(database.dsn, any_day=True)
    yield made
    made.close()


def events(minute: datetime, operation: str, times_ms: np.ndarray[tuple[int], np.dtype[np.float64]]
           ) -> tuple[Row, ...]:  # fmt: skip
    at = int(minute.timestamp()) * 10**9
    return tuple(
        Row(at + number, operation, CACHE, NEW, f"{number % 7}", float(ms), None, None, None, None,
            None, False)
        for number, ms in enumerate(times_ms)
    )  # fmt: skip


def test_a_series_sums_its_nodes_and_merges_their_histograms(
    database: Database, sink: PostgresSink
) -> None:
    """Counts and sums exactly; each quantile within the histogram's 1 % of that of all events."""
    random = np.random.default_rng(5)
    minute = floor_minute(datetime(2024, 3, 3, 12, 0, tzinfo=UTC))
    hits = [random.lognormal(0, 1.0, n) for n in (300, 40, 500)]
    misses = [random.lognormal(3, 0.5, n) for n in (30, 90, 11)]
    for number, (fast, slow) in enumerate(zip(hits, misses, strict=True)):
        rows = (*events(minute, "hit", fast), *events(minute, "miss", slow))
        sink.deliver(Batch(str(uuid.UUID(int=number)), 0, rows, node=f"host-{number}"))
    single = events(minute + timedelta(minutes=1), "hit", hits[0])
    sink.deliver(Batch(str(uuid.UUID(int=9)), 0, single, node="host-0"))
    connection = database.connect()
    roll_up(connection, minute + timedelta(minutes=10), Grace())
    found = read_windows(connection, epoch_minute(minute), epoch_minute(minute) + 2)
    assert found.keys == (SeriesKey(CACHE, NEW),)

    def value(name: str, row: int = 0) -> float:
        return float(found.column(name)[row, 0])

    every_hit, every_miss = np.concatenate(hits), np.concatenate(misses)
    gets = np.concatenate([every_hit, every_miss])
    counts = ("gets", "hits", "misses", "total_operations")
    assert [value(name) for name in counts] == [971, 840, 131, 971]
    assert value("hit_latency_sum_ms") == pytest.approx(every_hit.sum(), rel=1e-6)
    assert value("latency_sum_ms") == pytest.approx(gets.sum(), rel=1e-6)
    for name, times, q in (
        ("p50_response_time_ms", gets, 0.50),
        ("p95_response_time_ms", gets, 0.95),
        ("p99_response_time_ms", gets, 0.99),
        ("hit_p50_ms", every_hit, 0.50),
        ("hit_p95_ms", every_hit, 0.95),
        ("miss_p50_ms", every_miss, 0.50),
        ("miss_p95_ms", every_miss, 0.95),
    ):
        assert value(name) == pytest.approx(np.quantile(times, q), rel=0.01), name
    assert np.isnan(value("distinct_keys"))  # they do not add
    assert value("hits", 1) == 300
    assert value("hit_p95_ms", 1) == pytest.approx(np.quantile(hits[0], 0.95), rel=0.01)
    assert value("distinct_keys", 1) == 7
