"""What listeners are sent of a minute and of an observation: deterministic, bounded, in UTC."""

import json
from typing import Any

import psycopg
import pytest

from tests.postgres_clusters import Database
from tests.sql.conftest import MakeLogin

pytestmark = pytest.mark.every_postgres

MOST_BYTES = 200_000
CONTRACT = {
    "minute_window", "implementation_type", "total_operations", "hits", "misses", "sets",
    "evictions", "errors", "avg_response_time_ms", "p50_response_time_ms", "p95_response_time_ms",
    "p99_response_time_ms", "max_response_time_ms", "avg_cache_size", "max_cache_size", "hit_rate",
    "created_at",
}  # fmt: skip
ADDED = {"cache_name", "node", "completeness", "provisional"}
WINDOWS = """
insert into monitoring.cache_metrics_1min (
    cache_name, implementation_type, minute_window, total_operations, hits, misses, hit_rate,
    avg_response_time_ms, completeness, created_at)
select 'cache ' || n, 'new', '2026-03-02 12:00Z', n / 2, 1, 2, 33.33, 1.0::float8 / 3, 1,
       '2026-03-02 12:00:20.125Z'
from generate_series(1, %s) as n
"""
OPENED = """
insert into monitoring.cache_auditor_observations as o (
    severity, category, title, description, metric_value, metadata, "timestamp")
values ('warning', 'performance', 't', %s, 1.0::float8 / 3, %s, '2026-03-02 13:00+01')
returning o.id
"""


def windows(
    connection: psycopg.Connection, minute: str = "2026-03-02 12:00Z"
) -> tuple[str, dict[str, Any]]:
    """A minute's broadcast as text, and read."""
    row = connection.execute("select monitoring.windows_broadcast(%s)::text", [minute]).fetchone()
    assert row is not None
    return row[0], json.loads(row[0])


def observation(connection: psycopg.Connection) -> tuple[str, dict[str, Any]]:
    """The broadcast of the newest change."""
    row = connection.execute(
        "select monitoring.observation_broadcast(observation)::text"
        " from monitoring.cache_observation_changes order by id desc limit 1"
    ).fetchone()
    assert row is not None
    return row[0], json.loads(row[0])


def test_a_minute_is_its_rows_with_the_busiest_first(connection: psycopg.Connection) -> None:
    """Each with the contract's columns; a name decides between equals; a minute is found by any
    instant in it."""
    connection.execute(WINDOWS, [5])
    _, sent = windows(connection, "2026-03-02 12:00:59Z")
    assert set(sent) == {"minute_window", "rows", "total", "truncated"}
    assert (sent["minute_window"], sent["total"], sent["truncated"]) == (
        "2026-03-02T12:00:00+00:00", 5, False)  # fmt: skip
    assert [(row["cache_name"], row["total_operations"]) for row in sent["rows"]] == [
        ("cache 4", 2), ("cache 5", 2), ("cache 2", 1), ("cache 3", 1), ("cache 1", 0)
    ]  # fmt: skip
    row = sent["rows"][0]
    assert set(row) == CONTRACT | ADDED
    assert row["created_at"] == "2026-03-02T12:00:20.125+00:00"
    assert row["minute_window"] == sent["minute_window"]
    assert (row["hit_rate"], row["avg_response_time_ms"]) == (33.33, 1 / 3)
    assert (row["p99_response_time_ms"], row["provisional"]) == (None, False)


def test_a_minute_without_windows_is_empty(connection: psycopg.Connection) -> None:
    _, sent = windows(connection)
    assert sent == {
        "minute_window": "2026-03-02T12:00:00+00:00", "rows": [], "total": 0, "truncated": False
    }  # fmt: skip


def test_the_bytes_are_the_same_whoever_asks(make_login: MakeLogin, database: Database) -> None:
    """Another time zone, another way to print numbers and days, and the least of the roles."""
    owner = database.connect()
    owner.execute("set timezone = 'Asia/Kathmandu'")
    owner.execute("set extra_float_digits = -5")
    owner.execute(WINDOWS, [3])
    owner.execute(OPENED, ["d", "{}"])
    reader = database.connect(user=make_login("cache_auditor_reader"))
    assert windows(owner) == windows(reader)
    assert observation(owner) == observation(reader)
    sent = observation(reader)[1]
    assert sent["timestamp"] == "2026-03-02T12:00:00+00:00"


def test_too_many_windows_are_cut_at_the_bound(connection: psycopg.Connection) -> None:
    """The busiest are kept; one more would not have fitted, and total says what there was."""
    connection.execute(WINDOWS, [1_000])
    text, sent = windows(connection)
    kept = sent["rows"]
    assert len(text.encode()) <= MOST_BYTES
    assert len(text.encode()) + len(json.dumps(kept[-1])) + 200 > MOST_BYTES
    assert (sent["total"], sent["truncated"]) == (1_000, True)
    assert 200 < len(kept) < 1_000
    assert [row["total_operations"] for row in kept] == sorted(
        [n // 2 for n in range(1, 1_001)], reverse=True
    )[: len(kept)]


def test_bytes_are_counted_and_not_letters(connection: psycopg.Connection) -> None:
    """A name of three bytes a letter, and one that JSON must escape."""
    connection.execute(WINDOWS, [300])
    connection.execute(
        "update monitoring.cache_metrics_1min set node = repeat('€', 500) || repeat(chr(1), 100)"
    )
    text, sent = windows(connection)
    assert sent["truncated"]
    assert MOST_BYTES - 3_000 < len(text.encode()) <= MOST_BYTES


def test_an_observation_is_its_row(connection: psycopg.Connection) -> None:
    """All columns of the table, as the log has them."""
    made = connection.execute(OPENED, ["d", '{"a": [1, {"b": null}]}']).fetchone()
    _, sent = observation(connection)
    columns = connection.execute(
        "select attname::text from pg_attribute where attnum > 0 and not attisdropped"
        " and attrelid = 'monitoring.cache_auditor_observations'::regclass"
    ).fetchall()
    assert made is not None
    assert {(name,) for name in sent} == set(columns)
    assert (sent["id"], sent["severity"]) == (str(made[0]), "warning")
    assert (sent["metric_value"], sent["metadata"]) == (1 / 3, {"a": [1, {"b": None}]})


def test_an_observation_that_is_too_large_is_cut(connection: psycopg.Connection) -> None:
    """It loses its metadata and the end of its texts, and stays an observation."""
    connection.execute(OPENED, ["€" * 90_000, json.dumps({"much": "x" * 1_000})])
    text, sent = observation(connection)
    assert len(text.encode()) <= MOST_BYTES
    assert (sent["severity"], sent["metadata"]) == ("warning", {"truncated": True})
    assert sent["description"] == "€" * 10_000
