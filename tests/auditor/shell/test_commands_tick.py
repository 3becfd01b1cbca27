"""`tick` and `run` as a person or cron uses them; `load` on a database that is new."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.postgres.embedded import EmbeddedPostgres
from auditor.windows.minutes import floor_minute
from tests.auditor.shell.forked import Forked
from tests.auditor.shell.past import CACHE, NEW, Application
from tests.auditor.shell.tool import PATIENCE_S, document, started, tool
from tests.postgres_clusters import Database

EVENTS = "timestamp,operation_type\n2024-01-01T00:00:00Z,hit\n2024-01-01T00:00:01Z,miss\n"


def delivered(database: Database) -> datetime:
    """A minute of legacy and new that has just closed, its watermark passed."""
    minute = floor_minute(datetime.now(UTC)) - timedelta(minutes=1)
    application = Application(database.dsn)
    application.minute(minute)
    application.sink.close()
    return minute


# tick --------------------------------------------------------------------------------------------


def test_a_tick_of_nothing_says_so(database: Database) -> None:
    done = tool("tick", dsn=database.dsn)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0 batches into 0 windows, 0 scored up to ")


def test_a_tick_makes_windows_and_does_what_is_due(database: Database) -> None:
    """The first one also learns and trims; the next leaves that until it is due again."""
    minute = delivered(database)
    found = document("tick", dsn=database.dsn)
    assert (found["batches"], found["windows"]) == (1, 2)
    assert datetime.fromisoformat(found["settled_until"]) > minute
    assert found["learned"] == []
    assert found["retained"]["removed"]["days"] == 0
    assert found["changes"] == {}
    again = document("tick", dsn=database.dsn)
    assert (again["batches"], again["windows"]) == (0, 0)
    assert again["learned"] is again["retained"] is None
    rows = database.connect().execute(
        "select cache_name, hits + misses > 0 from monitoring.cache_metrics_1min"
        " where implementation_type = %s and not provisional and minute_window = %s",
        [NEW, minute],
    )
    assert rows.fetchall() == [(CACHE, True)]


def test_a_tick_makes_the_days_that_collectors_need(database: Database) -> None:
    connection = database.connect()
    tool("tick", dsn=database.dsn)
    today = datetime.now(UTC).date()
    names = {
        name
        for (name,) in connection.execute(
            "select relname::text from pg_class where relname like 'cache_metrics_p2%'"
        )
    }
    assert {f"cache_metrics_p{day:%Y%m%d}" for day in (today, today + timedelta(days=1))} <= names


@pytest.mark.parametrize("job", ["rollup", "score"])
def test_a_tick_beside_another_auditor_is_busy(database: Database, job: str) -> None:
    """Exit code 6: the other one does what this one would have done."""
    delivered(database)
    other = database.connect()
    with other.transaction():
        other.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [job])
        done = tool("tick", dsn=database.dsn)
    assert done.returncode == 6
    assert "another auditor is at work on this database" in done.stderr
    assert "Traceback" not in done.stderr
    assert tool("tick", dsn=database.dsn).returncode == 0


@pytest.mark.parametrize("words", ["tick", "run"])
def test_a_database_that_was_not_migrated_asks_for_it(empty_database: Database, words: str) -> None:
    done = tool(words, dsn=empty_database.dsn)
    assert (done.returncode, done.stdout) == (5, "")
    assert "cache-auditor migrate" in done.stderr


# run ---------------------------------------------------------------------------------------------


def running(database: Database, *words: str) -> Forked:
    return started(*words, "run", dsn=database.dsn)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_says_each_tick_as_a_line_of_json_and_ends_when_told(
    database: Database, number: signal.Signals
) -> None:
    delivered(database)
    with running(database, "--json") as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        process.send_signal(number)
        _, stderr = process.communicate(timeout=PATIENCE_S)
    assert set(first) == {"settled_until", "scored", "changes"}
    assert process.returncode == 0, stderr
    assert "Traceback" not in stderr


def test_run_logs_for_people(database: Database) -> None:
    """What it did, with the time, on stderr; stdout stays empty."""
    delivered(database)
    with running(database) as process:
        assert process.stderr is not None
        line = ""
        while "batches into" not in line:
            line = process.stderr.readline()
            assert line, "it ended without a tick"
        process.send_signal(signal.SIGTERM)
        stdout, _ = process.communicate(timeout=PATIENCE_S)
    assert " INFO 1 batches into 2 windows" in line
    assert (process.returncode, stdout) == (0, "")


# load --------------------------------------------------------------------------------------------


def test_load_asks_for_migrate_on_a_server_that_was_named(
    empty_database: Database, tmp_path: Path
) -> None:
    """And has read nothing into it."""
    path = tmp_path / "events.csv"
    path.write_text(EVENTS)
    done = tool("load", str(path), dsn=empty_database.dsn)
    assert (done.returncode, done.stdout) == (5, "")
    assert "cache-auditor migrate" in done.stderr


def test_load_migrates_the_embedded_database(tmp_path: Path, server_folder: Path) -> None:
    """The first command that somebody tries works by itself, and what it stored is there."""
    path = tmp_path / "events.csv"
    path.write_text(EVENTS)
    done = tool(
        "load", str(path), "--json", folder=tmp_path, CACHE_AUDITOR_DATA_FOLDER=str(server_folder)
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files"][0]["stored"] == 2
    with EmbeddedPostgres(server_folder) as dsn:
        found = tool("tick", "--json", dsn=dsn)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["windows"] == 1
