"""A day of real cache accesses through `load` and the rollup: its windows are those published."""

from __future__ import annotations

import csv
import gzip
import math
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg.rows import dict_row

from auditor.windows.rollup import roll_hours, roll_up
from auditor.windows.watermarks import Grace
from tests.auditor.shell.tool import document
from tests.postgres_clusters import Cluster, Database
from tests.sql.hearing import heard, listening

BESIDE = Path(__file__).resolve().parents[4] / "shared" / "cachelab"
DAY = Path(os.environ.get("CACHELAB", BESIDE)) / "dev" / "web_pages"
DATE = "2025-09-16"
EVENTS = 615_956
NOW = datetime(2025, 9, 17, 0, 5, tzinfo=UTC)

# our column -> the published one
PUBLISHED = {
    "hits": "hits", "misses": "misses", "sets": "sets", "deletes": "deletes",
    "evictions": "evictions", "expirations": "expirations", "load_errors": "errors_backend",
    "get_errors": "errors_conn", "set_errors": "errors_set", "distinct_keys": "distinct_keys",
    "bytes_read": "bytes_read", "bytes_written": "bytes_written",
}  # fmt: skip
SUMMED = ("total_operations", "hits", "misses", "sets", "deletes", "evictions", "expirations",
          "errors", "get_errors", "load_errors", "set_errors", "bytes_read",
          "bytes_written")  # fmt: skip
Key = tuple[str, datetime]
Rows = dict[Key, dict[str, Any]]


@dataclass
class Latencies:
    """What the file itself says of one window's gets, in milliseconds."""

    gets: list[float] = field(default_factory=list)
    hits: list[float] = field(default_factory=list)
    misses: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Day:
    """The day in a database, and what it must come to."""

    database: Database
    loaded: dict[str, Any]
    windows: Rows
    published: dict[Key, dict[str, str]]
    latencies: dict[Key, Latencies]


def load(database: Database) -> dict[str, Any]:
    """What the command says of the one file."""
    (file,) = document("load", str(DAY / "raw_day.csv.gz"), dsn=database.dsn)["files"]
    return dict(file)


def roll(connection: psycopg.Connection) -> int:
    """Everything rolled up as on the next day; returns how many windows and hours were written."""
    rolled = roll_up(connection, NOW, Grace())
    return rolled.windows + roll_hours(connection, NOW)


def read_windows(connection: psycopg.Connection) -> Rows:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("select * from monitoring.cache_metrics_1min").fetchall()
    assert {(row["cache_name"], row["node"]) for row in rows} == {("pages", "")}
    return {(row["implementation_type"], row["minute_window"]): row for row in rows}


def read_published() -> dict[Key, dict[str, str]]:
    with gzip.open(DAY / "windows.csv.gz", "rt") as file:
        return {
            (line["implementation_type"], datetime.fromisoformat(line["window_start"])): line
            for line in csv.DictReader(file)
            if line["window_start"].startswith(DATE)
        }


def read_latencies() -> dict[Key, Latencies]:
    found: dict[tuple[str, int], Latencies] = defaultdict(Latencies)
    with gzip.open(DAY / "raw_day.csv.gz", "rt") as file:
        for line in csv.DictReader(file):
            if line["operation_type"] == "get":
                window = found[line["implementation_type"], int(line["ts_ms"]) // 60_000]
                elapsed = float(line["latency_ms"])
                window.gets.append(elapsed)
                (window.hits if line["outcome"] == "hit" else window.misses).append(elapsed)
    return {
        (series, datetime.fromtimestamp(minute * 60, UTC)): latencies
        for (series, minute), latencies in found.items()
    }


@pytest.fixture(scope="module")
def day(cluster: Cluster) -> Iterator[Day]:
    """Loaded and rolled up once for all tests of this file."""
    if not DAY.is_dir():
        pytest.skip(f"the recorded day is not at {DAY}; name its collection in CACHELAB")
    with cluster.migrated_database() as database:
        loaded = load(database)
        with database.connect() as connection:
            roll(connection)
            windows = read_windows(connection)
        yield Day(database, loaded, windows, read_published(), read_latencies())


def test_every_event_of_the_file_is_stored(day: Day) -> None:
    """Its columns are known without a map, and no line is refused."""
    found = {name: day.loaded[name] for name in ("lines", "stored", "already", "refused")}
    assert found == {"lines": EVENTS, "stored": EVENTS, "already": 0, "refused": 0}


def test_every_count_of_every_window_is_the_published_one(day: Day) -> None:
    """No window more, none less; each count, byte and number of keys the same."""
    assert len(day.published) == 2 * 1440
    assert day.windows.keys() == day.published.keys()
    for key, window in day.windows.items():
        told = {ours: float(day.published[key][theirs]) for ours, theirs in PUBLISHED.items()}
        assert {name: window[name] for name in PUBLISHED} == told, key


def test_the_counts_that_are_sums_of_others(day: Day) -> None:
    """errors and total_operations, by the published parts."""
    for key, window in day.windows.items():
        told = {theirs: float(day.published[key][theirs]) for theirs in PUBLISHED.values()}
        errors = told["errors_backend"] + told["errors_conn"] + told["errors_set"]
        assert window["errors"] == errors, key
        gets = told["hits"] + told["misses"] + told["errors_conn"]
        operations = gets + told["sets"] + told["errors_set"] + told["deletes"]
        assert window["total_operations"] == operations, key


def test_latency_sums_are_the_published_ones_up_to_rounding(day: Day) -> None:
    """The file rounds each event to a hundredth, the published sums to a tenth."""
    for key, window in day.windows.items():
        told, latencies = day.published[key], day.latencies[key]
        for ours, theirs, n in (
            ("latency_sum_ms", "lat_get_sum", len(latencies.gets)),
            ("miss_latency_sum_ms", "lat_miss_sum", len(latencies.misses)),
        ):
            assert abs(window[ours] - float(told[theirs])) <= 0.05 + 0.005 * n + 1e-6, (ours, key)


def test_latencies_are_those_of_the_file(day: Day) -> None:
    """Sums and maxima exactly, quantiles (type 7) within the histogram's 1 %."""
    assert day.windows.keys() == day.latencies.keys()
    for key, window in day.windows.items():
        told = day.latencies[key]
        assert window["max_response_time_ms"] == max(told.gets), key
        for name, values in (("", told.gets), ("hit_", told.hits), ("miss_", told.misses)):
            total = window[f"{name}latency_sum_ms"]
            assert math.isclose(total, math.fsum(values), rel_tol=1e-9, abs_tol=1e-6), (name, key)
        assert_quantiles(window, told, key)


def assert_quantiles(window: dict[str, Any], told: Latencies, key: Key) -> None:
    wanted = [
        *((f"p{percent}_response_time_ms", told.gets, percent) for percent in (50, 95, 99)),
        *((f"hit_p{percent}_ms", told.hits, percent) for percent in (50, 95)),
        *((f"miss_p{percent}_ms", told.misses, percent) for percent in (50, 95)),
    ]
    for name, values, percent in wanted:
        if values:
            exact = float(np.quantile(values, percent / 100))
            assert math.isclose(window[name], exact, rel_tol=0.01), (name, key)
        else:
            assert window[name] is None, (name, key)


def sums(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    rows = list(rows)
    return {name: sum(row[name] for row in rows) for name in SUMMED}


def test_hours_are_the_sums_of_their_minutes(day: Day) -> None:
    """48 hours, each with all that its sixty windows hold."""
    parts: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for (series, minute), window in day.windows.items():
        parts[series, minute.replace(minute=0)].append(window)
    connection = day.database.connect()
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("select * from monitoring.cache_metrics_1hour").fetchall()
    hours = {(row["implementation_type"], row["hour_window"]): row for row in rows}
    assert len(hours) == 48
    assert {key: sums([row]) for key, row in hours.items()} == {
        key: sums(windows) for key, windows in parts.items()
    }
    for key, windows in parts.items():
        for name in ("latency_sum_ms", "miss_latency_sum_ms"):
            total = math.fsum(window[name] for window in windows)
            assert math.isclose(hours[key][name], total, rel_tol=1e-9), (name, key)
        gets = [
            ms for window in windows for ms in day.latencies[key[0], window["minute_window"]].gets
        ]
        exact = float(np.quantile(gets, 0.99))
        assert math.isclose(hours[key]["p99_response_time_ms"], exact, rel_tol=0.01), key


def test_loading_it_twice_changes_nothing(day: Day) -> None:
    """The ledger knows every batch: no row, no window, no notice; and the command says so."""
    connection, listener = day.database.connect(), listening(day.database.connect())

    def stored() -> list[tuple[int, ...]]:
        return connection.execute(
            "select (select count(*) from monitoring.cache_metrics),"
            " (select count(*) from monitoring.cache_metric_batches),"
            " (select max(batch_id) from monitoring.cache_metric_batches),"
            " (select count(*) from monitoring.cache_metrics_1hour)"
        ).fetchall()

    before = stored()
    again = load(day.database)
    assert (again["stored"], again["already"], again["refused"]) == (0, EVENTS, 0)
    assert roll(connection) == 0
    assert heard(listener, connection) == []
    assert stored() == before
    assert read_windows(connection) == day.windows
