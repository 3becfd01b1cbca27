"""The Grafana dashboard's queries, expanded as Grafana does, on what the demo leaves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest

from auditor.demo import fast, stage
from auditor.screen import Screen
from tests.postgres_clusters import Cluster

ROOT = Path(__file__).resolve().parents[3]
DASHBOARD = json.loads((ROOT / "docs/grafana/cache-auditor.json").read_text("utf-8"))
POSTGRES = "grafana-postgresql-datasource"
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
CHOSEN = {"cache": ["products"], "implementation": ["legacy", "new"], "one": ["new"]}


def targets(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """(title of the panel, query) of one kind of data source."""
    return [
        (panel["title"], target)
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
        if target["datasource"]["type"] == kind
    ]


PANELS = dict(targets(POSTGRES))


def expanded(sql: str, since: datetime, until: datetime, interval: str) -> str:
    """The statement that Grafana sends: variables first, then macros, as its documentation has it.

    https://grafana.com/docs/grafana/latest/datasources/postgres/query-editor/#macros
    """
    seconds = int(interval[:-1]) * SECONDS[interval[-1]]
    begins, ends = (f"'{each:%Y-%m-%dT%H:%M:%SZ}'" for each in (since, until))
    for name, values in CHOSEN.items():
        quoted = ",".join("'" + value.replace("'", "''") + "'" for value in values)
        sql = sql.replace(f"${{{name}:sqlstring}}", quoted)
    sql = sql.replace("$__interval", interval)
    sql = re.sub(r"\$__timeFilter\(([^()]+)\)", rf"\1 BETWEEN {begins} AND {ends}", sql)
    grouped = rf"floor(extract(epoch from \1)/{seconds})*{seconds}"
    sql = re.sub(r"\$__timeGroupAlias\(([^(),]+),[^()]+\)", rf'{grouped} AS "time"', sql)
    sql = re.sub(r"\$__timeGroup\(([^(),]+),[^()]+\)", grouped, sql)
    sql = sql.replace("$__timeFrom()", begins).replace("$__timeTo()", ends)
    assert "$" not in sql, f"Grafana knows no such macro or variable: {sql}"
    return sql


@dataclass
class Shown:
    """The demo's database, read with the reader's rights and no others. until: its last minute."""

    connection: psycopg.Connection[Any]
    until: datetime

    def rows(self, sql: str, hours: float = 3, interval: str = "1m") -> list[dict[str, Any]]:
        """What a panel gets over the last hours."""
        statement = expanded(sql, self.until - timedelta(hours=hours), self.until, interval)
        with self.connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            return cursor.execute(statement.encode()).fetchall()


@pytest.fixture(scope="module")
def shown(cluster: Cluster) -> Iterator[Shown]:
    """The demo with a day of the past instead of two weeks, up to its open observation."""
    with pytest.MonkeyPatch.context() as patched, cluster.migrated_database() as made:
        patched.setattr(stage, "DAYS", 1)
        patched.setattr(fast, "ENDS_AFTER", 9)
        screen = Screen(out=StringIO(), err=StringIO())
        story = fast.FastStory(made.connect(), made.connect(), made.dsn, screen)
        until = datetime.fromtimestamp(60 * (story.end + 9), UTC)
        story.play()
        reader = made.connect()
        reader.execute("set role cache_auditor_reader")
        yield Shown(reader, until)


@pytest.mark.parametrize("title", PANELS)
@pytest.mark.parametrize(("hours", "interval"), [(3, "1m"), (24, "5m"), (24 * 7, "1h")])
def test_every_query_runs_with_the_readers_rights(
    shown: Shown, title: str, hours: int, interval: str
) -> None:
    """And finds something, but for what only polled servers have."""
    rows = shown.rows(PANELS[title]["rawSql"], hours, interval)
    assert bool(rows) == (title != "Memory by node"), title
    if PANELS[title]["format"] == "time_series":
        times = [row["time"] for row in rows]
        assert times == sorted(times)
        assert all(
            isinstance(value, str) == (name == "metric")
            for row in rows
            for name, value in row.items()
            if value is not None
        )


def test_the_hit_rate_is_that_of_the_windows(shown: Shown) -> None:
    """Sums over sums, by hand from the windows themselves."""
    rows = shown.rows(PANELS["Hit rate"]["rawSql"], 1, "10m")
    truth = shown.connection.execute(
        "select implementation_type, minute_window, hits, misses"
        " from monitoring.cache_metrics_1min where minute_window between %s and %s",
        [shown.until - timedelta(hours=1), shown.until],
    ).fetchall()
    sums: dict[tuple[str, int], list[int]] = {}
    for name, minute, hits, misses in truth:
        both = sums.setdefault((name, int(minute.timestamp()) // 600 * 600), [0, 0])
        both[0] += hits
        both[1] += hits + misses
    found = {(row["metric"], int(row["time"])): float(row["hit rate"]) for row in rows}
    assert found == pytest.approx({key: 100 * hit / all_ for key, (hit, all_) in sums.items()})


def test_quantiles_are_those_of_the_hours_that_are_stored(shown: Shown) -> None:
    """Over a week the panel reads hours: their own p95, within the cap of the longest time."""
    rows = shown.rows(PANELS["Response times"]["rawSql"], 24 * 7, "1h")
    stored = {
        (name, int(hour.timestamp())): p95
        for name, hour, p95 in shown.connection.execute(
            "select implementation_type, hour_window, p95_response_time_ms"
            " from monitoring.cache_metrics_1hour"
        )
    }
    assert len(rows) > 40
    for row in rows:
        assert row["p50"] <= row["p95"] <= row["p99"]
        expected = stored[(row["metric"], int(row["time"]))]
        assert row["p95"] == pytest.approx(expected, rel=0.01)


def test_the_band_holds_the_ordinary_and_not_the_incident(shown: Shown) -> None:
    """The demo's deploy takes the hits away: far below the band, and the hour before lies in it."""
    rows = shown.rows(PANELS["Hit rate of $one against its baseline"]["rawSql"], 2, "1m")
    *before, worst = sorted(rows, key=lambda row: -float(row["hit rate"]))
    lower, upper = "band of a minute, lower", "band of a minute, upper"
    inside = [row[lower] <= float(row["hit rate"]) <= row[upper] for row in before]
    assert sum(inside) > 0.85 * len(inside)
    assert float(worst["hit rate"]) < worst[lower]
    assert worst["expected"] > worst[lower]


def test_what_is_open_is_listed_and_marked(shown: Shown) -> None:
    """The table and the marks on every chart speak of the same observation."""
    (row,) = [r for r in shown.rows(PANELS["Open observations"]["rawSql"])
              if r["implementation"] == "new"]  # fmt: skip
    assert row["cache"] == "products"
    assert row["extra waiting"] > 0
    (annotation,) = DASHBOARD["annotations"]["list"]
    marks = shown.rows(annotation["target"]["rawSql"])
    assert row["title"] in {mark["text"] for mark in marks}
    assert annotation["rawQuery"] == annotation["target"]["rawSql"]
    (counted,) = shown.rows(PANELS["Open and not acknowledged"]["rawSql"])
    assert set(counted) == {"critical", "warning", "info"}


def test_the_choices_are_those_that_there_are(shown: Shown) -> None:
    """The variables' own queries."""
    offered = {
        each["name"]: [next(iter(row.values())) for row in shown.rows(each["query"])]
        for each in DASHBOARD["templating"]["list"]
        if each["type"] == "query"
    }
    assert offered == {
        "cache": ["products"], "implementation": ["legacy", "new"], "one": ["legacy", "new"]
    }  # fmt: skip


def test_every_panel_says_what_it_shows_and_in_what() -> None:
    """A description each; a unit wherever there are figures; no data source of one installation."""
    sources = {each["name"] for each in DASHBOARD["templating"]["list"]
               if each["type"] == "datasource"}  # fmt: skip
    for panel in DASHBOARD["panels"]:
        assert panel["description"].endswith((".", "it.")), panel["title"]
        if panel["type"] == "timeseries":
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"]["uid"] in {f"${{{name}}}" for name in sources}
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert not overlapping(DASHBOARD["panels"])


def overlapping(panels: list[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of panels that lie over each other."""
    placed = [(panel["title"], panel["gridPos"]) for panel in panels]
    return [
        (name, other)
        for at, (name, one) in enumerate(placed)
        for other, two in placed[at + 1 :]
        if one["x"] < two["x"] + two["w"] and two["x"] < one["x"] + one["w"]
        and one["y"] < two["y"] + two["h"] and two["y"] < one["y"] + one["h"]
    ]  # fmt: skip
