"""`observations budget`: by cache, what was asked for against what people found to be false."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from auditor.errors import SettingsInvalid
from auditor.observing.achieved import MINUTES_A_WEEK, poisson_limits
from auditor.settings import Settings
from auditor.settings_sources import read_settings
from auditor.stores.budget import read_watched
from tests.auditor.shell.tool import document, tool
from tests.postgres_clusters import Database

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
DAY = timedelta(days=1)


def scored(connection: psycopg.Connection, cache: str, name: str, since: datetime, n: int) -> None:
    """Windows of a series that were judged, a minute each, and one more that was not."""
    connection.execute(
        "insert into monitoring.cache_window_scores"
        " (cache_name, implementation_type, minute_window, surprise, run_id)"
        " select %s, %s, %s::timestamptz + n * interval '1 minute',"
        " case when n < %s then 0.5 end, 0 from generate_series(0, %s) as n",
        [cache, name, since, n, n],
    )


def told(connection: psycopg.Connection, cache: str, at: datetime, reason: str | None) -> None:
    metadata = "{}" if reason is None else f'{{"acknowledgement": {{"reason": "{reason}"}}}}'
    connection.execute(
        "insert into monitoring.cache_auditor_observations (cache_name, implementation_type,"
        " severity, category, title, description, first_window, acknowledged, metadata)"
        " values (%s, 'new', 'info', 'anomaly', 't', 'd', %s, %s, %s)",
        [cache, at, reason is not None, metadata],
    )


@pytest.fixture
def connection(database: Database) -> psycopg.Connection:
    """Twenty days: two series of `sessions`, one of `pages`; before that an observation alone."""
    made = database.connect()
    since = NOW - 20 * DAY
    scored(made, "sessions", "new", since, 20 * 1440)
    scored(made, "sessions", "legacy", since, 10 * 1440)
    scored(made, "pages", "new", since, 7 * 1440)
    for days, reason in enumerate(("false-alarm", "false-alarm", None, "fixed", "expected"), 1):
        told(made, "sessions", NOW - days * DAY, reason)
    told(made, "sessions", NOW - 25 * DAY, "false-alarm")
    told(made, "pages", NOW - DAY, "new-normal")
    return made


def test_each_cache_is_held_against_its_own_budget(
    connection: psycopg.Connection, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "cache-auditor.toml").write_text("[alert_budget_by_cache]\npages = 1.5\n", "utf-8")
    config = ("--config", str(tmp_path / "cache-auditor.toml"))
    answer = document("observations", "budget", *config, dsn=database.dsn)
    pages, sessions = answer["caches"]
    weeks = 30 * 1440 / MINUTES_A_WEEK
    assert (sessions["cache_name"], sessions["asked"]) == ("sessions", 0.25)
    assert (sessions["false_alarms"], sessions["unsigned"], sessions["real"]) == (2, 1, 2)
    assert sessions["series_weeks"] == pytest.approx(weeks)
    assert (sessions["at_least"], sessions["at_most"]) == (
        pytest.approx(2 / weeks), pytest.approx(3 / weeks),
    )  # fmt: skip
    assert sessions["upper"] == pytest.approx(poisson_limits(3, weeks)[1])
    assert sessions["answer"] == "not known yet"
    assert (pages["asked"], pages["series_weeks"], pages["real"]) == (1.5, 1.0, 1)
    assert answer["all"]["series_weeks"] == pytest.approx(weeks + 1)
    assert answer["all"]["asked"] == pytest.approx((0.25 * weeks + 1.5) / (weeks + 1))


def test_only_what_began_while_something_was_judged_counts(
    connection: psycopg.Connection,
) -> None:
    """What was not watched has no rate; and --since cuts both alike."""
    (_, sessions) = read_watched(connection, NOW - 100 * DAY)
    assert (sessions.judged_minutes, sessions.false_alarms) == (30 * 1440, 2)
    (pages, late) = read_watched(connection, NOW - timedelta(hours=36))
    assert (late.judged_minutes, late.false_alarms) == (36 * 60, 1)
    assert (pages.judged_minutes, pages.real) == (0, 1)


def test_the_table_says_it_in_words(connection: psycopg.Connection, database: Database) -> None:
    done = tool("observations", "budget", "--since", "21d", dsn=database.dsn, COLUMNS="160")
    assert done.returncode == 0
    lines = {line.split()[0]: line.split() for line in done.stdout.splitlines()}
    assert lines["sessions"][1:3] == ["0.25", "0.47\N{EN DASH}0.70"]
    assert lines["all"][-3:] == ["not", "known", "yet"]


def test_a_cache_that_is_over_its_budget_ends_with_1(
    connection: psycopg.Connection, database: Database
) -> None:
    for _ in range(30):
        told(connection, "pages", NOW - 2 * DAY, "false-alarm")
    done = tool("observations", "budget", dsn=database.dsn)
    assert done.returncode == 1
    assert "over" in done.stdout


def test_nothing_judged_is_said(database: Database) -> None:
    done = tool("observations", "budget", dsn=database.dsn)
    assert (done.returncode, "nothing has been judged" in done.stdout) == (0, True)


@pytest.mark.parametrize("since", ["soon", "0d", "9999999d", "99999999999999d"])
def test_a_time_that_is_none_is_refused(database: Database, since: str) -> None:
    done = tool("observations", "budget", "--since", since, dsn=database.dsn)
    assert (done.returncode, "--since" in done.stderr) == (2, True)


# The setting ---------------------------------------------------------------------------------


def test_a_budget_by_cache_comes_from_the_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a table, or as JSON; the environment wins."""
    file = tmp_path / "a.toml"
    file.write_text('[alert_budget_by_cache]\n"a cache" = 2\n', "utf-8")
    assert read_settings(config=file).settings.alert_budget_by_cache == {"a cache": 2.0}
    monkeypatch.setenv("CACHE_AUDITOR_ALERT_BUDGET_BY_CACHE", '{"pages": 0.1}')
    reading = read_settings(config=file)
    assert reading.settings.alert_budget_by_cache == {"pages": 0.1}
    assert "pages" in reading.shown("alert_budget_by_cache")
    assert Settings().alert_budget_by_cache is None


@pytest.mark.parametrize("wrong", ['{"pages": 0}', '{"pages": "much"}', "pages=1", "[1]", "3"])
def test_a_budget_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("CACHE_AUDITOR_ALERT_BUDGET_BY_CACHE", wrong)
    with pytest.raises(SettingsInvalid, match="must be a table of caches and numbers") as raised:
        read_settings()
    assert "environment CACHE_AUDITOR_ALERT_BUDGET_BY_CACHE" in str(raised.value)
