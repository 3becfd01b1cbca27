"""`baselines compute|list|show` as a person uses them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from baselines.draw import DAY_NAMES
from baselines.metrics import BY_NAME
from baselines.profile_rows import DAILY
from tests.auditor.shell import past
from tests.auditor.shell.past import CACHE, DAYS, LEGACY, NEW
from tests.auditor.shell.tool import document, tool
from tests.postgres_clusters import Cluster, Database

SERIES = f"{CACHE}/{NEW}"


@pytest.fixture(scope="module")
def learned(cluster: Cluster) -> Iterator[Database]:
    """Three learned days of two series, for tests that only read."""
    with past.learned(cluster) as made:
        yield made


# Nothing yet -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("baselines list", "nothing is learned yet; `baselines compute` learns from what is there"),
        ("baselines compute", "there are no windows yet; `doctor` says what is missing"),
    ],
)
def test_an_empty_database_is_said_to_be_empty(database: Database, words: str, said: str) -> None:
    done = tool(*words.split(), dsn=database.dsn)
    assert (done.returncode, done.stdout) == (0, f"{said}\n"), done.stderr


def test_an_empty_database_as_json(database: Database) -> None:
    assert document("baselines", "list", dsn=database.dsn) == []
    found = document("baselines", "compute", dsn=database.dsn)
    assert (found["windows"], found["learned"], found["not_yet"]) == (0, [], {})


@pytest.mark.parametrize("words", ["list", "compute", f"show {SERIES}"])
def test_a_database_that_was_not_migrated_asks_for_it(empty_database: Database, words: str) -> None:
    done = tool("baselines", *words.split(), dsn=empty_database.dsn)
    assert done.returncode == 5
    assert "cache-auditor migrate" in done.stderr


# compute -----------------------------------------------------------------------------------------


def test_compute_learns_and_says_what_it_learned_from(learned_database: Database) -> None:
    """For people a line a series; as JSON with the span; each time a version more.

    The version before is kept, and marked as old.
    """
    done = tool("baselines", "compute", "--days", "2", dsn=learned_database.dsn)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"learned {CACHE}/{name} from 2,880 windows" for name in (LEGACY, NEW)
    ]
    found = document("baselines", "compute", "--days", "1", dsn=learned_database.dsn)
    assert found["windows"] == 2 * 1440
    assert found["until"] == "2026-03-03T12:00:00Z"
    assert [each["implementation_type"] for each in found["learned"]] == [LEGACY, NEW]
    rows = document("baselines", "list", "--all", dsn=learned_database.dsn)
    versions = [(r["implementation_type"], r["version"], r["is_active"]) for r in rows]
    assert versions == [
        (name, version, version == 3) for name in (LEGACY, NEW) for version in (3, 2, 1)
    ]
    listed = tool("baselines", "list", "--all", dsn=learned_database.dsn).stdout
    assert [" 2 old " in line for line in listed.splitlines()].count(True) == 2


def test_too_little_history_says_how_much_is_needed(learned_database: Database) -> None:
    """An hour of windows: not judged yet, which is no fault."""
    connection = learned_database.connect()
    connection.execute(
        "delete from monitoring.cache_metrics_1min where minute_window < '2026-03-03 11:00Z'"
    )
    done = tool("baselines", "compute", dsn=learned_database.dsn)
    assert done.returncode == 0, done.stderr
    assert f"not judged yet: {SERIES}: " in done.stdout
    assert "has 60 windows" in done.stdout
    why = document("baselines", "compute", dsn=learned_database.dsn)["not_yet"]
    assert set(why) == {f"{CACHE}/{LEGACY}", SERIES}


def test_compute_beside_another_worker_is_busy(database: Database) -> None:
    other = database.connect()
    with other.transaction():
        other.execute("select pg_advisory_xact_lock(hashtextextended('refresh', 0))")
        done = tool("baselines", "compute", "--json", dsn=database.dsn)
    assert (done.returncode, done.stdout) == (6, "")
    assert "another worker is learning" in done.stderr


@pytest.mark.parametrize("days", ["0", "366", "many"])
def test_compute_refuses_days_that_cannot_be(learned: Database, days: str) -> None:
    assert tool("baselines", "compute", "--days", days, dsn=learned.dsn).returncode == 2


# list and show -----------------------------------------------------------------------------------


def test_list_is_a_line_a_series(learned: Database) -> None:
    done = tool("baselines", "list", dsn=learned.dsn)
    assert done.returncode == 0, done.stderr
    heading, *lines = (line.split() for line in done.stdout.splitlines())
    assert heading[:4] == ["cache", "version", "until", "windows"]
    assert [line[:4] for line in lines] == [
        [f"{CACHE}/{name}", "1", "2026-03-03", "4320"] for name in (LEGACY, NEW)
    ]
    row = document("baselines", "list", dsn=learned.dsn)[0]
    assert row["baseline_hit_rate"] == pytest.approx(90, abs=0.5)
    assert row["sample_size"] == DAYS * 1440
    assert row["baseline_period_end"] == "2026-03-03T12:00:00Z"


def test_show_draws_the_week(learned: Database) -> None:
    """Seven days of 24 hours, and what they stand for."""
    done = tool("baselines", "show", SERIES, dsn=learned.dsn)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"hit rate of {SERIES}, hour by hour (UTC)"
    assert [line[:3] for line in lines[2:9]] == list(DAY_NAMES)
    assert all(len(line[5:]) == 24 for line in lines[2:9])
    found = document("baselines", "show", SERIES, "--metric", "traffic", dsn=learned.dsn)
    assert found["metric"] == "traffic"
    slots = {row["slot"] for row in found["profile"]}
    assert {slot for slot in slots if slot < DAILY} == set(range(-2, 168))
    assert found["baseline"]["version"] == 1


@pytest.mark.parametrize("series", ["nowhere/new", f"{CACHE}/nothing", "nothing"])
def test_a_series_that_is_not_known_is_named(learned: Database, series: str) -> None:
    done = tool("baselines", "show", series, dsn=learned.dsn)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"nothing is learned of '{series}'; `baselines list` names what is" in done.stderr


def test_an_implementation_alone_is_enough_where_it_is_one_series(learned: Database) -> None:
    """Two caches of it, and both are named instead of one being picked."""
    assert tool("baselines", "show", NEW, dsn=learned.dsn).returncode == 0
    connection = learned.connect()
    connection.execute(
        "insert into monitoring.cache_baseline_metrics (cache_name, implementation_type,"
        " baseline_period_start, baseline_period_end)"
        " values ('pages', 'new', '2026-01-01', '2026-01-02')"
    )
    try:
        done = tool("baselines", "show", NEW, dsn=learned.dsn)
    finally:
        connection.execute(
            "delete from monitoring.cache_baseline_metrics where cache_name = 'pages'"
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert f"'new' may be one of pages/new, {SERIES}" in done.stderr


def test_a_metric_that_is_not_known_is_named_with_those_that_are(learned: Database) -> None:
    done = tool("baselines", "show", SERIES, "--metric", "happiness", dsn=learned.dsn)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{SERIES} has no baseline of 'happiness'; it has hit_rate" in done.stderr
    assert set(done.stderr.strip().rsplit("it has ", 1)[1].split(", ")) <= set(BY_NAME)
