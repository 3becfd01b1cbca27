"""What the page Cache reads: each figure is that of the operations that were planted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from collector.histogram import Histogram
from tests.auditor.gateway.charted import (
    CACHE,
    GAP,
    MINUTES,
    NEW,
    START,
    Client,
    Minute,
    answer,
    asking,
    plant,
)
from tests.auditor.shell.past import learned_past
from tests.postgres_clusters import Cluster, Database

UNTIL = START + timedelta(minutes=MINUTES)
SERIES = {"cache_name": CACHE, "implementation_type": NEW}


@dataclass
class Planted:
    """A database with its truth by minute after START, and who asks of it."""

    database: Database
    truth: dict[int, Minute]
    client: Client

    def ask(self, path: str, **query: str) -> Any:
        """Of the planted series, up to its end."""
        asked = {**SERIES, "until": UNTIL.isoformat(), **query}
        return answer(self.client.get(f"/v1/cache/{path}", params=asked))


@pytest.fixture(scope="module")
def planted(cluster: Cluster) -> Iterator[Planted]:
    with cluster.migrated_database() as made:
        truth = plant(made)
        with asking(made.dsn) as client:
            yield Planted(made, truth, client)


def places(grid: dict[str, Any], count: int) -> list[tuple[int, int]]:
    """Of each point: the minutes after START that it spans."""
    first = int((datetime.fromisoformat(grid["since"]) - START).total_seconds()) // 60
    step = grid["step_minutes"]
    return [(first + at * step, first + (at + 1) * step) for at in range(count)]


def whole(truth: dict[int, Minute], first: int, last: int) -> Minute | None:
    """All minutes of [first, last) together; None where nothing was heard."""
    there = [truth[minute] for minute in range(first, last) if minute in truth]
    found = Minute()
    for each in there:
        found = found.add(each)
    return found if there else None


def near(found: float | None, expected: float | None) -> bool:
    """To the digits that are sent; null is null."""
    if found is None or expected is None:
        return found is expected
    return math.isclose(found, expected, rel_tol=1e-4)


@pytest.mark.parametrize(("span", "step"), [("24h", 1), ("7d", 10), ("30d", 60), ("1y", 360)])
def test_every_point_is_the_sum_of_its_operations(planted: Planted, span: str, step: int) -> None:
    """Slow twin: the planted operations added up by hand, both nodes; a gap is null."""
    found = planted.ask("history", span=span)
    assert found["grid"]["step_minutes"] == step
    counts = found["counts"]
    # hours are made when they are over
    known = {m: v for m, v in planted.truth.items() if step < 60 or m < 120}
    spans = places(found["grid"], len(counts["gets"]))
    assert any(first <= 0 < last for first, last in spans)
    for at, (first, last) in enumerate(spans):
        told = whole(known, first, last)
        if told is None:
            assert counts["gets"][at] is None
            assert counts["gets_per_minute"][at] is None
            assert counts["hit_rate_percent"][at] is None
            assert counts["measured_minutes"][at] == 0
            continue
        heard = counts["measured_minutes"][at]
        if step < 60:
            assert heard == sum(1 for m in range(first, last) if m in known)
        assert (counts["hits"][at], counts["misses"][at]) == (len(told.hits), len(told.misses))
        assert counts["errors"][at] == len(told.errors)
        assert counts["operations"][at] == told.gets + told.sets
        assert near(counts["gets_per_minute"][at], told.gets / heard)
        assert near(counts["evictions_per_minute"][at], told.evictions / heard)
        answered = len(told.hits) + len(told.misses)
        rate = 100 * len(told.hits) / answered if answered else None
        assert near(counts["hit_rate_percent"][at], rate)


def test_the_open_minute_is_there_and_says_so(planted: Planted) -> None:
    """The last minute of the plan was not over when it was rolled up."""
    counts = planted.ask("history")["counts"]
    assert counts["provisional"][-1] is True
    assert not any(counts["provisional"][:-1])
    assert counts["gets"][-1] is not None
    assert counts["nodes"][-1] == 2
    assert planted.ask("history", span="7d")["counts"]["provisional"][-1] is True


def test_minutes_that_nobody_spoke_of_are_gaps(planted: Planted) -> None:
    """By hand: thirteen minutes of two hours are missing, and none of them is 0."""
    counts = planted.ask("history")["counts"]
    spans = places(planted.ask("history")["grid"], 1440)
    missing = [first for at, (first, _) in enumerate(spans) if counts["gets"][at] is None]
    assert [minute for minute in missing if minute >= 0] == list(GAP)


@pytest.mark.parametrize("span", ["24h", "7d", "1y"])
def test_quantiles_are_those_of_the_merged_times(planted: Planted, span: str) -> None:
    """Slow twin: the collector's histogram, filled with every get of the point."""
    found = planted.ask("response-times", span=span)
    known = {m: v for m, v in planted.truth.items() if span == "24h" or m < 120}
    seen = 0
    for at, (first, last) in enumerate(places(found["grid"], len(found["gets"]["p50_ms"]))):
        told = whole(known, first, last)
        for part, times in (
            ("hits", told.hits if told else []),
            ("misses", told.misses if told else []),
            ("gets", told.hits + told.misses + told.errors if told else []),
        ):
            histogram = Histogram()
            for each in times:
                histogram.add(each)
            for name, q in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99)):
                expected = histogram.quantile(q)
                if expected is not None and told is not None:
                    longest = max(told.hits + told.misses + told.errors)
                    expected = min(expected, longest)
                    seen += 1
                assert near(found[part][name][at], expected), (part, name, first)
    assert seen > 8


def test_a_minutes_quantiles_are_those_of_its_window(planted: Planted) -> None:
    """An hour's figures are the same here as in the table that others read."""
    found = planted.ask("response-times", span="7d")
    with planted.database.connect() as connection:
        stored = connection.execute(
            "with cells as (select bin, sum(n)::bigint as n"
            " from monitoring.cache_histograms_1hour, unnest(bins, counts) as cell (bin, n)"
            " where hour_window = %s and operation_type in ('hit', 'miss', 'error') group by 1)"
            " select monitoring.histogram_quantile(array_agg(bin order by bin),"
            " array_agg(n order by bin), 0.95) from cells",
            [START],
        ).fetchone()
    assert stored is not None
    at = [first for first, _ in places(found["grid"], len(found["gets"]["p95_ms"]))].index(0)
    assert found["gets"]["p95_ms"][at] == pytest.approx(stored[0], rel=1e-4)


def test_the_heat_map_counts_every_hit_and_miss_once(planted: Planted) -> None:
    heat = planted.ask("response-times")["heat"]
    assert sum(map(sum, heat["hits"])) == sum(len(m.hits) for m in planted.truth.values())
    assert sum(map(sum, heat["misses"])) == sum(len(m.misses) for m in planted.truth.values())
    fastest = min(min(m.hits, default=1.0) for m in planted.truth.values())
    assert heat["lower_ms"][0] <= fastest < heat["upper_ms"][0]
    since = datetime.fromisoformat(heat["since"])
    column = int((START - since).total_seconds()) // 60 // heat["step_minutes"]
    first = whole(planted.truth, 0, heat["step_minutes"])
    assert first is not None
    assert sum(heat["hits"][column]) == len(first.hits)


def test_observations_of_the_span_are_marked(planted: Planted) -> None:
    """Those of the series, of the whole cache, and of another one that reached it; no others."""
    inside, outside = START + timedelta(minutes=50), START - timedelta(days=9)
    wanted = {"own": NEW, "whole": None, "reached": "legacy"}
    with planted.database.connect() as connection:
        for title, implementation, begins, also in (
            *((name, of, inside, name == "reached") for name, of in wanted.items()),
            ("other", "legacy", inside, False),
            ("long ago", NEW, outside, False),
        ):
            connection.execute(
                "insert into monitoring.cache_auditor_observations (cache_name,"
                " implementation_type, severity, category, title, description, first_window,"
                " state, resolved_at, metadata)"
                " values (%s, %s, 'warning', 'anomaly', %s, '', %s, 'resolved', %s, %s)",
                [CACHE, implementation, title, begins, begins + timedelta(minutes=9),
                 '{"also": [{"cache_name": "sessions", "implementation_type": "new"}]}'
                 if also else "{}"],
            )  # fmt: skip
    marks = planted.ask("history")["observations"]
    assert {mark["title"] for mark in marks} == set(wanted)
    assert all(mark["first_window"] == inside.isoformat().replace("+00:00", "Z") for mark in marks)
    assert "long ago" in {m["title"] for m in planted.ask("history", span="30d")["observations"]}


def test_the_series_are_listed_with_their_nodes(planted: Planted) -> None:
    (only,) = answer(planted.client.get("/v1/series"))["series"]
    assert (only["cache_name"], only["implementation_type"], only["nodes"]) == (CACHE, NEW, 2)


def test_without_a_baseline_there_is_no_band_and_no_week(planted: Planted) -> None:
    assert planted.ask("history")["expected"] == []
    week = answer(planted.client.get("/v1/cache/week", params=SERIES))
    assert (week["baseline"], week["metrics"]) == (None, [])


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("cache/history", {"cache_name": "x", "implementation_type": "new"}, 404),
        ("cache/week", {"cache_name": CACHE, "implementation_type": "old"}, 404),
        ("cache/history", {**SERIES, "span": "2d"}, 422),
        ("cache/history", {**SERIES, "until": "yesterday"}, 422),
        ("cache/history", {**SERIES, "until": "2026-03-03T12:00"}, 422),
        ("cache/history", {**SERIES, "until": "9999-12-31T23:59:59Z"}, 422),
        ("cache/response-times", {**SERIES, "until": "0001-01-01T00:00:00Z"}, 422),
        ("cache/history", {"cache_name": "a\x00b", "implementation_type": "new"}, 422),
        ("cache/history", {"cache_name": "a" * 301, "implementation_type": "new"}, 422),
        ("cache/history", {"cache_name": ""}, 422),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(
    planted: Planted, path: str, query: dict[str, str], status: int
) -> None:
    refused = planted.client.get(f"/v1/{path}", params=query)
    assert refused.status_code == status, refused.text
    assert set(refused.json()) & {"error", "detail"}


def test_reading_needs_a_token_where_the_gateway_says_so(planted: Planted) -> None:
    """Off loopback: every one of these routes refuses who has none."""
    with asking(planted.database.dsn, reading_needs_token=True) as client:
        asked = {**SERIES, "baseline": "a", "candidate": "b"}
        for path in ("series", "cache/history", "cache/response-times", "cache/week", "compare",
                     "compare/progress"):  # fmt: skip
            assert client.get(f"/v1/{path}", params=asked).status_code == 401, path


def test_the_band_and_the_week_are_those_of_the_baseline(database: Database) -> None:
    """Three learned days: the expected rate is near the one that they were drawn with."""
    learned_past(database.connect(), START)
    with asking(database.dsn) as client:
        asked = {**SERIES, "until": START.isoformat()}
        history = answer(client.get("/v1/cache/history", params=asked))
        week = answer(client.get("/v1/cache/week", params=SERIES))
    assert history["baseline"]["windows"] > 3000
    assert {each["metric"] for each in history["expected"]} == {"hit_rate", "traffic"}
    rate = history["expected"][0]
    for at in (100, 700, 1400):
        assert rate["lower"][at] < rate["centre"][at] < rate["upper"][at]
        assert rate["centre"][at] == pytest.approx(90.0, abs=1.0)
    inside = [
        low <= value <= high
        for low, value, high in zip(
            rate["lower"], history["counts"]["hit_rate_percent"], rate["upper"], strict=True
        )
        if value is not None
    ]
    assert sum(inside) > 0.98 * len(inside)
    of_rate = next(each for each in week["metrics"] if each["metric"] == "hit_rate")
    assert len(of_rate["centre"]) == 168
    assert all(value == pytest.approx(90.0, abs=1.0) for value in of_rate["centre"])
    assert week["baseline"]["time_zone"] == "UTC"
