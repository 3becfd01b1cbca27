"""What clients of the reference deployment name, call and run by hand is there, as they know it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from psycopg import errors

pytestmark = pytest.mark.every_postgres

REAL, COUNT, TEXT, WHEN, BOOL = "float8", "int8", "text", "timestamptz", "bool"

EVENT = {
    "cache_key": TEXT, "operation_type": TEXT, "implementation_type": TEXT,
    "response_time_ms": REAL, "cache_size": COUNT, "error_type": TEXT, "error_message": TEXT,
    "metadata": "jsonb", "timestamp": WHEN,
}  # fmt: skip
WINDOW = {
    "implementation_type": TEXT, "total_operations": COUNT, "hits": COUNT, "misses": COUNT,
    "sets": COUNT, "evictions": COUNT, "errors": COUNT, "avg_response_time_ms": REAL,
    "p50_response_time_ms": REAL, "p95_response_time_ms": REAL, "p99_response_time_ms": REAL,
    "max_response_time_ms": REAL, "avg_cache_size": REAL, "max_cache_size": COUNT,
    "hit_rate": "numeric", "created_at": WHEN,
}  # fmt: skip
TABLES = {
    "cache_metrics": EVENT,
    "cache_metrics_1min": {"minute_window": WHEN} | WINDOW,
    "cache_metrics_1hour": {"hour_window": WHEN} | WINDOW,
    "cache_baseline_metrics": {
        "implementation_type": TEXT, "baseline_period_start": WHEN, "baseline_period_end": WHEN,
        "baseline_hit_rate": REAL, "baseline_avg_response_time_ms": REAL,
        "baseline_p95_response_time_ms": REAL, "baseline_error_rate": REAL,
        "hit_rate_stddev": REAL, "response_time_stddev": REAL, "sample_size": COUNT,
        "is_active": BOOL,
    },
    "cache_auditor_observations": {
        "severity": TEXT, "category": TEXT, "title": TEXT, "description": TEXT,
        "recommendation": TEXT, "implementation_type": TEXT, "metric_name": TEXT,
        "metric_value": REAL, "baseline_value": REAL, "deviation_percentage": REAL,
        "metadata": "jsonb", "timestamp": WHEN, "acknowledged": BOOL, "acknowledged_at": WHEN,
        "acknowledged_by": TEXT,
    },
}  # fmt: skip

# Table, key columns in order, whether unique, and what the index leaves out.
INDEXES = [
    ("cache_metrics", ["timestamp"], False, None),
    ("cache_metrics", ["operation_type", "timestamp"], False, None),
    ("cache_metrics", ["implementation_type", "timestamp"], False, None),
    ("cache_metrics", ["timestamp"], False, "(error_type IS NOT NULL)"),
    ("cache_metrics_1min", ["minute_window"], False, None),
    ("cache_metrics_1min", ["implementation_type", "minute_window"], False, None),
    ("cache_metrics_1hour", ["hour_window"], False, None),
    ("cache_metrics_1hour", ["implementation_type", "hour_window"], False, None),
    ("cache_baseline_metrics", ["cache_name", "implementation_type"], True, "is_active"),
    ("cache_auditor_observations", ["timestamp"], False, None),
    ("cache_auditor_observations", ["severity", "timestamp"], False, None),
    ("cache_auditor_observations", ["timestamp"], False, "(NOT acknowledged)"),
]
WINDOW_KEYS = [
    ("cache_metrics_1min", ["cache_name", "implementation_type", "node", "minute_window"]),
    ("cache_metrics_1hour", ["cache_name", "implementation_type", "node", "hour_window"]),
]
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def write_window(
    connection: psycopg.Connection, minute: datetime, implementation: str, **columns: object
) -> None:
    names = ["minute_window", "implementation_type", *columns]
    connection.execute(
        f"insert into monitoring.cache_metrics_1min ({', '.join(names)})"
        f" values ({', '.join(['%s'] * len(names))})",
        [minute, implementation, *columns.values()],
    )


@pytest.mark.parametrize("table", TABLES)
def test_every_column_that_clients_name_is_there(
    connection: psycopg.Connection, table: str
) -> None:
    """Under its name and of a type that holds what it is for: response times have fractions."""
    found: dict[str, int] = dict(
        connection.execute(
            "select attname::text, atttypid::regtype::oid::int from pg_attribute"
            " where attrelid = %s::regclass and attnum > 0 and not attisdropped",
            [f"monitoring.{table}"],
        ).fetchall()
    )
    names: dict[int, str] = dict(
        connection.execute("select oid::int, typname::text from pg_type").fetchall()
    )
    assert {n: names[found[n]] for n in TABLES[table] if n in found} == TABLES[table]


def test_the_twelve_indexes_are_there(connection: psycopg.Connection) -> None:
    """With their columns in order, unique where they must be, partial where they must be."""
    found = [
        (table, list(columns), unique, predicate)
        for table, columns, unique, predicate in connection.execute(
            """
            select c.relname::text,
                   array(select a.attname::text from unnest(i.indkey) with ordinality as k (n, at)
                         join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.n
                         order by at),
                   i.indisunique, pg_get_expr(i.indpred, i.indrelid)
            from pg_index as i join pg_class as c on c.oid = i.indrelid
            where c.relnamespace = 'monitoring'::regnamespace and i.indisvalid
            """
        )
    ]
    assert len(INDEXES) == 12
    assert [index for index in INDEXES if index not in found] == []
    for table, columns in WINDOW_KEYS:
        assert (table, columns, True, None) in found


def test_a_response_time_keeps_its_fraction(connection: psycopg.Connection) -> None:
    """A fast cache answers within microseconds; whole milliseconds would all be 0."""
    connection.execute("select monitoring.ensure_metric_partition(current_date)")
    kept = connection.execute(
        "insert into monitoring.cache_metrics"
        " (implementation_type, operation_type, cache_key, response_time_ms)"
        " values ('new', 'hit', 'k', 0.0375) returning response_time_ms"
    ).fetchone()
    assert kept == (0.0375,)


def test_fault_6_a_deviation_of_a_million_percent_can_be_stored(
    connection: psycopg.Connection,
) -> None:
    """numeric(5, 2) overflowed at 1,000 %; infinity is still no number to show to anybody."""
    insert = (
        "insert into monitoring.cache_auditor_observations"
        " (severity, category, title, description, deviation_percentage)"
        " values ('info', 'anomaly', 't', 'd', %s) returning deviation_percentage"
    )
    assert connection.execute(insert, [1e6]).fetchone() == (1e6,)
    for impossible in (float("inf"), float("-inf"), float("nan")):
        with pytest.raises(errors.CheckViolation), connection.transaction():
            connection.execute(insert, [impossible])


def test_a_hit_rate_is_a_percentage(connection: psycopg.Connection) -> None:
    """From 0.00 to 100.00, with two decimals."""
    for shift, rate in enumerate((0, Decimal("33.33"), 100)):
        write_window(connection, START + timedelta(minutes=shift), "new", hit_rate=rate)
    rates = connection.execute(
        "select hit_rate from monitoring.cache_metrics_1min order by minute_window"
    ).fetchall()
    assert rates == [(Decimal("0.00"),), (Decimal("33.33"),), (Decimal("100.00"),)]


def test_a_window_lies_on_its_minute_and_is_there_once(connection: psycopg.Connection) -> None:
    """The key forbids a second row of the same cache, implementation, node and minute."""
    write_window(connection, START, "new")
    write_window(connection, START, "legacy")
    write_window(connection, START, "new", node="b")
    with pytest.raises(errors.UniqueViolation), connection.transaction():
        write_window(connection, START, "new")
    with pytest.raises(errors.CheckViolation), connection.transaction():
        write_window(connection, START + timedelta(seconds=1), "new")


def test_a_second_active_baseline_of_a_series_is_refused(connection: psycopg.Connection) -> None:
    """History may pile up; in force is one for each cache and implementation."""
    insert = (
        "insert into monitoring.cache_baseline_metrics (cache_name, implementation_type,"
        " baseline_period_start, baseline_period_end, is_active) values (%s, %s, %s, %s, %s)"
    )
    span = [START - timedelta(days=7), START]
    for cache, implementation, active in (
        ("c", "new", False), ("c", "new", False), ("c", "new", True),
        ("c", "legacy", True), ("d", "new", True),
    ):  # fmt: skip
        connection.execute(insert, [cache, implementation, *span, active])
    with pytest.raises(errors.UniqueViolation, match="one_active"), connection.transaction():
        connection.execute(insert, ["c", "new", *span, True])


# Functions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "percent"),
    [
        ("3, 1", "75.00"),
        ("1::bigint, 2::bigint", "33.33"),
        ("2::integer, 1::bigint", "66.67"),
        ("1.0::numeric, 3", "25.00"),
        ("0, 5", "0.00"),
        ("5, 0", "100.00"),
        ("0, 0", "0"),
        ("null, null", "0"),
        ("null, 4", "0.00"),
        ("4, null", "100.00"),
        ("9007199254740993::bigint, 9007199254740993::bigint", "50.00"),
    ],
)
def test_the_hit_rate_of_any_two_counts(
    connection: psycopg.Connection, arguments: str, percent: str
) -> None:
    """Percent with two decimals; 0 when there was neither hit nor miss."""
    found = connection.execute(f"select monitoring.calculate_hit_rate({arguments})").fetchone()
    assert found == (Decimal(percent),)


def test_the_hit_rate_of_sums(connection: psycopg.Connection) -> None:
    """A sum of bigints is numeric, and of no rows null."""
    write_window(connection, START, "new", hits=90, misses=10)
    write_window(connection, START + timedelta(minutes=1), "new", hits=0, misses=50)
    rate = "select monitoring.calculate_hit_rate(sum(hits), sum(misses)) from"
    table = "monitoring.cache_metrics_1min"
    assert connection.execute(f"{rate} {table}").fetchone() == (Decimal("60.00"),)
    assert connection.execute(f"{rate} {table} where hits < 0").fetchone() == (Decimal(0),)


def test_there_is_one_overload_of_each_function(connection: psycopg.Connection) -> None:
    """With two, a call with mixed types would be ambiguous."""
    found = connection.execute(
        "select proname::text, count(*) from pg_proc"
        " where pronamespace = 'monitoring'::regnamespace"
        " and proname in ('calculate_hit_rate', 'get_cache_performance_summary')"
        " group by 1 order by 1"
    ).fetchall()
    assert found == [("calculate_hit_rate", 1), ("get_cache_performance_summary", 1)]


def test_the_summary_covers_the_last_hour_unless_told_otherwise(
    connection: psycopg.Connection,
) -> None:
    """One row an implementation: sums, the rate of the sums, the mean over all gets with a time."""
    this_minute = datetime.now(UTC).replace(second=0, microsecond=0)
    recent, old = this_minute - timedelta(minutes=30), this_minute - timedelta(hours=3)
    write_window(connection, recent, "new", total_operations=100, hits=60, misses=40, errors=2,
                 latency_sum_ms=250.0, avg_response_time_ms=2.5)  # fmt: skip
    write_window(connection, recent - timedelta(minutes=1), "new", total_operations=10, hits=0,
                 misses=10, latency_sum_ms=80.0, avg_response_time_ms=8.0)  # fmt: skip
    write_window(connection, recent, "legacy", total_operations=4, hits=1, misses=3)
    write_window(connection, old, "new", total_operations=1000, hits=1000, errors=7)

    def summary(arguments: str) -> list[tuple[object, ...]]:
        return connection.execute(
            "select implementation_type, total_operations, hit_rate, avg_response_time_ms,"
            f" error_count from monitoring.get_cache_performance_summary({arguments})"
        ).fetchall()

    legacy = ("legacy", 4, Decimal("25.00"), None, 0)
    new = ("new", 110, Decimal("54.55"), pytest.approx(3.0), 2)
    assert summary("") == [legacy, new]
    assert summary("'legacy'") == [legacy]
    assert summary("p_implementation_type => 'nobody'") == []
    assert summary("null, '10 minutes'") == []
    longer = [row for row in summary("p_time_window => '1 day'") if row[0] == "new"]
    assert longer[0][1] == 1110
    assert longer[0][4] == 9


# Queries that people run by hand -----------------------------------------------------------------


def test_the_queries_that_people_run_by_hand_run_as_written(
    connection: psycopg.Connection,
) -> None:
    """Letter for letter, with search_path on monitoring."""
    connection.execute("select monitoring.ensure_metric_partition(current_date)")
    connection.execute(
        "insert into monitoring.cache_metrics (implementation_type, operation_type)"
        " values ('legacy', 'hit'), ('new', 'miss')"
    )
    for shift in range(7):
        write_window(connection, START + timedelta(minutes=shift), "new")
    connection.execute("set search_path = monitoring")
    count, first, last = connection.execute(
        "SELECT COUNT(*), MIN(timestamp), MAX(timestamp) FROM cache_metrics"
    ).fetchall()[0]
    assert count == 2
    assert first <= last
    cursor = connection.execute(
        "SELECT * FROM cache_metrics_1min ORDER BY minute_window DESC LIMIT 5"
    )
    at = [column.name for column in cursor.description or ()].index("minute_window")
    minutes = [row[at].astimezone(UTC) for row in cursor]
    assert minutes == [START + timedelta(minutes=shift) for shift in (6, 5, 4, 3, 2)]
