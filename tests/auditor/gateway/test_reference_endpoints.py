"""The reference's two endpoints, asked as its unchanged clients ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from auditor.stores.tokens import create_token
from tests.auditor.shell.served import Served, serving
from tests.postgres_clusters import Cluster, Database

ANON = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xlIjoiYW5vbiJ9.c2lnbmF0dXJl"
POST, GET = "/functions/v1/cache-metrics-aggregator", "/api/cache-metrics"
# what supabase-js sends with functions.invoke, and with fetch by hand
HEADERS = {
    "Authorization": f"Bearer {ANON}",
    "apikey": ANON,
    "X-Client-Info": "supabase-js-web/2.39.0",
    "Content-Type": "application/json",
}
NOW = datetime.now(UTC)
MINUTE = NOW.replace(second=0, microsecond=0)


@pytest.fixture(scope="module")
def served(cluster: Cluster) -> Iterator[tuple[Served, Database]]:
    """A server that knows the anon key of an old project."""
    with cluster.migrated_database() as database:
        create_token(database.connect(), "old-client", ANON, ["ingest", "read"])
        with serving(database.dsn, CACHE_AUDITOR_INGEST_TOKENS="") as running:
            yield running, database


@pytest.fixture
def conn(served: tuple[Served, Database]) -> psycopg.Connection:
    made = served[1].connect()
    made.execute(
        "truncate monitoring.cache_metrics, monitoring.cache_metrics_1min,"
        " monitoring.cache_metrics_1hour, monitoring.cache_metric_batches,"
        " monitoring.cache_ingest_replies"
    )
    return made


@pytest.fixture
def client(served: tuple[Served, Database]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served[0].url, headers=HEADERS, trust_env=False, timeout=60) as made:
        yield made


def metric(seconds: float = 1, **changes: Any) -> dict[str, Any]:
    when = (NOW - timedelta(seconds=seconds)).replace(tzinfo=None)
    made = {
        "cache_key": "user:42", "operation_type": "hit", "implementation_type": "new",
        "response_time_ms": 12, "cache_size": None, "error_type": None, "error_message": None,
        "metadata": None, "timestamp": when.isoformat(),
    }  # fmt: skip
    return made | changes


def count(conn: psycopg.Connection) -> int:
    found = conn.execute("select count(*) from monitoring.cache_metrics").fetchone()
    assert found is not None
    return int(found[0])


# Reading -----------------------------------------------------------------------------------------


def window(conn: psycopg.Connection, width: str, minutes_ago: float, **columns: Any) -> None:
    """A row of the minutes' or the hours' table, so long ago; columns: as the table names them."""
    place = "minute_window" if width == "1min" else "hour_window"
    at = MINUTE - timedelta(minutes=minutes_ago)
    at = at if width == "1min" else at.replace(minute=0)
    row = {"implementation_type": "new", place: at} | columns
    names, marks = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    conn.execute(
        f"insert into monitoring.cache_metrics_{width} ({names}) values ({marks})".encode(), row
    )


def test_windows_and_their_sum_are_what_the_table_has(
    client: httpx.Client, conn: psycopg.Connection
) -> None:
    """By hand: 90 + 60 of 100 + 100 gets hit; 100 gets took 2 ms and 50 took 8: 4 ms."""
    window(conn, "1min", 3, total_operations=105, hits=90, misses=10, sets=5, hit_rate=90,
           latency_sum_ms=200, avg_response_time_ms=2)  # fmt: skip
    window(conn, "1min", 2, total_operations=100, hits=60, misses=40, hit_rate=60,
           latency_sum_ms=400, avg_response_time_ms=8)  # fmt: skip
    window(conn, "1min", 1, total_operations=7, sets=7, cache_name="other", node="b")
    window(conn, "1min", 90, total_operations=1000, hits=1000)
    found = client.get(f"{GET}?time_range=1&aggregation=1min").json()
    assert found["summary"] == {
        "total_operations": 212, "total_hits": 150, "total_misses": 50, "overall_hit_rate": 75.0,
        "avg_response_time_ms": 4.0, "time_range_hours": 1,
    }  # fmt: skip
    assert [row["total_operations"] for row in found["metrics"]] == [105, 100, 7]
    assert found["truncated"] is False
    # every column of the table, under its name
    table = conn.execute("select * from monitoring.cache_metrics_1min limit 0")
    assert table.description is not None
    assert list(found["metrics"][0]) == [column.name for column in table.description]
    first = found["metrics"][0]
    assert datetime.fromisoformat(first["minute_window"]) == MINUTE - timedelta(minutes=3)
    assert (first["hit_rate"], first["p95_response_time_ms"]) == (90.0, None)


def test_hours_and_one_cache_alone(client: httpx.Client, conn: psycopg.Connection) -> None:
    """The hour that began before the span and reaches into it belongs to it."""
    for cache, hits in (("sessions", 30), ("pages", 50)):
        for ago in (10, 200):
            window(conn, "1hour", ago, total_operations=hits, hits=hits, cache_name=cache)
    one = {"time_range": "1", "aggregation": "1hour", "cache_name": "sessions"}
    found = client.get(GET, params=one).json()
    assert [(row["cache_name"], row["hits"]) for row in found["metrics"]] == [("sessions", 30)]
    found = client.get(GET, params=one | {"time_range": "4.5"}).json()
    assert [row["hits"] for row in found["metrics"]] == [30, 30]
    assert found["summary"]["time_range_hours"] == 4.5
    assert (
        client.get(GET, params=one | {"time_range": "8784"}).json()["summary"]["total_hits"] == 60
    )


def test_of_nothing_the_sum_is_zeros(client: httpx.Client, conn: psycopg.Connection) -> None:
    """Clients of the reference format these numbers, so none of them is null."""
    found = client.get(GET).json()
    assert found == {
        "metrics": [],
        "summary": {"total_operations": 0, "total_hits": 0, "total_misses": 0,
                    "overall_hit_rate": 0.0, "avg_response_time_ms": 0, "time_range_hours": 1},
        "truncated": False,
    }  # fmt: skip


def test_more_than_ten_thousand_windows_are_cut_and_said(
    client: httpx.Client, conn: psycopg.Connection
) -> None:
    """The newest are kept; the sum is of all of them."""
    conn.execute(
        "insert into monitoring.cache_metrics_1min"
        " (implementation_type, node, minute_window, total_operations)"
        " select 'new', n::text, %s - make_interval(mins => m), 1"
        " from generate_series(1, 200) n, generate_series(1, 51) m",
        [MINUTE],
    )
    found = client.get(GET, params={"time_range": "2"}).json()
    assert (len(found["metrics"]), found["truncated"]) == (10_000, True)
    assert found["summary"]["total_operations"] == 10_200
    oldest = datetime.fromisoformat(found["metrics"][0]["minute_window"])
    assert oldest == MINUTE - timedelta(minutes=50)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("time_range=0", "time_range: "),
        ("time_range=-1", "time_range: "),
        ("time_range=9000", "time_range: "),
        ("time_range=nan", "time_range: "),
        ("time_range=soon", "time_range: "),
        ("aggregation=1day", "aggregation: "),
        ("cache_name=", "cache_name: "),
        ("cache_name=a%00b", "cache_name: "),
        (f"cache_name={'x' * 201}", "cache_name: "),
    ],
)
def test_what_cannot_be_asked_is_named(client: httpx.Client, asked: str, said: str) -> None:
    """422 with the parameter and what it may be, in the form of every refusal."""
    answer = client.get(f"{GET}?{asked}")
    assert answer.status_code == 422
    assert answer.json()["success"] is False
    assert answer.json()["error"].startswith(said)


def test_other_paths_and_methods_are_refused_in_the_same_form(client: httpx.Client) -> None:
    """A client reads one form of error, whatever went wrong."""
    for method, path, status in (("GET", "/nowhere", 404), ("DELETE", GET, 405)):
        answer = client.request(method, path)
        assert (answer.status_code, answer.json()["success"]) == (status, False)


# Storing -----------------------------------------------------------------------------------------


def test_an_unchanged_client_needs_nothing_but_the_url(
    client: httpx.Client, conn: psycopg.Connection
) -> None:
    """Its key is registered, its headers and its body are as they were."""
    answer = client.post(POST, content=json.dumps({"metrics": [metric(), metric(2)]}))
    assert answer.status_code == 200
    found = answer.json()
    assert (found["success"], found["metrics_stored"], count(conn)) == (True, 2, 2)


STRICT: list[tuple[str, dict[str, str]]] = [
    ("?all_or_nothing=true", {}),
    ("", {"Prefer": "handling=strict"}),
    ("", {"Prefer": 'respond-async, Handling = "strict"; of=rows'}),
]


@pytest.mark.parametrize(("query", "headers"), STRICT)
def test_on_request_it_is_all_or_nothing(
    client: httpx.Client, conn: psycopg.Connection, query: str, headers: dict[str, str]
) -> None:
    """With a bad one nothing is stored, and each bad one is named; mended, all is stored once."""
    good = [metric(second) for second in range(3)]
    bad = [*good, metric(operation_type="peek"), metric(30 * 86_400)]
    answer = client.post(f"{POST}{query}", json={"metrics": bad}, headers=headers)
    assert (answer.status_code, count(conn)) == (422, 0)
    found = answer.json()
    assert (found["success"], found["metrics_stored"], found["aggregations_created"]) == (
        False,
        0,
        0,
    )
    assert [each["index"] for each in found["refused"]] == [3, 4]
    assert "nothing is stored" in found["error"]
    for _ in range(2):
        answer = client.post(f"{POST}{query}", json={"metrics": good}, headers=headers)
        assert (answer.status_code, answer.json()["metrics_stored"], count(conn)) == (200, 3, 3)


def test_what_only_the_database_refuses_undoes_the_rest_as_well(
    client: httpx.Client, conn: psycopg.Connection
) -> None:
    """Over several batches: the bad row is in the second, and the first is not kept."""
    conn.execute(
        "alter table monitoring.cache_metrics add constraint odd check (error_type <> 'odd')"
    )
    try:
        metrics = [metric(number / 1000) for number in range(6000)]
        metrics[5500]["error_type"] = "odd"
        answer = client.post(f"{POST}?all_or_nothing=1", json={"metrics": metrics})
        assert (answer.status_code, count(conn)) == (422, 0)
        (refused,) = answer.json()["refused"]
        assert (refused["index"], "violates check constraint" in refused["reason"]) == (5500, True)
        # the same body, taken as far as it is good: the refusal was not remembered as the answer
        answer = client.post(POST, json={"metrics": metrics})
        assert (answer.json()["metrics_stored"], count(conn)) == (5999, 5999)
    finally:
        conn.execute("alter table monitoring.cache_metrics drop constraint odd")


def test_without_being_asked_good_ones_are_kept(
    client: httpx.Client, conn: psycopg.Connection
) -> None:
    """Also where another preference is named, or this one denied."""
    for number, headers in enumerate(({}, {"Prefer": "handling=lenient"}), start=1):
        metrics = [metric(number), metric(operation_type="peek")]
        answer = client.post(POST, json={"metrics": metrics}, headers=headers)
        assert (answer.status_code, count(conn)) == (200, number)
        assert [each["index"] for each in answer.json()["refused"]] == [1]
