"""The daemon ticks by itself, ends cleanly, and goes on where a killed one stopped."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg

from auditor.daemon.schedule import Daemon
from auditor.settings import Settings
from auditor.stores.observations import list_observations
from auditor.windows.state import read_state
from tests.auditor.shell.forked import Forked
from tests.auditor.shell.past import NEW, Application, start_of_story
from tests.auditor.shell.tool import started
from tests.postgres_clusters import Database

PATIENCE_S = 60.0


def wait_until(happened: Callable[[], bool]) -> None:
    """Polls a condition; fails when it has not come true after a minute."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)  # between two looks at a condition, not a wait for time to pass


def run(database: Database) -> Forked:
    return started("run", dsn=database.dsn)


def has_ticked(connection: psycopg.Connection, after: datetime | None = None) -> bool:
    at = read_state(connection).get("last_tick_at")
    return at is not None and (after is None or at > after)


def test_sigterm_ends_it_cleanly(database: Database) -> None:
    """It finishes what it is at, exits 0, and leaves no connection and no lock."""
    connection = database.connect()
    process = run(database)
    wait_until(lambda: has_ticked(connection))
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, stderr
    assert "Traceback" not in stderr
    left = connection.execute(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
        " and application_name like 'cache-auditor%'"
    )
    assert left.fetchone() == (0,)


def test_a_killed_daemon_is_replaced_by_the_next(database: Database) -> None:
    """After kill -9 another one ticks on, from what the database says has been done."""
    connection = database.connect()
    first = run(database)
    wait_until(lambda: has_ticked(connection))
    first.kill()
    first.communicate(timeout=PATIENCE_S)
    before = read_state(connection)["last_tick_at"]
    second = run(database)
    wait_until(lambda: has_ticked(connection, before))
    second.send_signal(signal.SIGTERM)
    second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 0


def test_it_finds_by_itself_that_a_minute_is_scorable(learned_database: Database) -> None:
    """A minute whose watermarks have passed is scored without anybody asking."""
    connection = learned_database.connect()
    start = start_of_story()
    application = Application(learned_database.dsn)
    clock = [start + timedelta(seconds=1)]
    daemon = Daemon(learned_database.dsn, Settings(), clock=lambda: clock[0])
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        for minute in range(4):
            application.minute(start + timedelta(minutes=minute), hit_rate={NEW: 0.3})
            clock[0] = start + timedelta(minutes=minute + 1, seconds=1)
            done = clock[0] - timedelta(seconds=1)
            wait_until(lambda until=done: read_state(connection)["scored_until"] == until)
        assert [o.state for o in list_observations(connection)] == ["open"]
    finally:
        daemon.stop()
        thread.join(PATIENCE_S)
        application.sink.close()
    assert not thread.is_alive()


def test_an_open_minute_is_refreshed_before_it_closes(database: Database) -> None:
    """What was just recorded is on the screen, as provisional, long before the minute ends."""
    connection = database.connect()
    start = start_of_story()
    application = Application(database.dsn)
    application.minute(start, watermark=False)
    daemon = Daemon(
        database.dsn,
        Settings(open_window_refresh_s=1),
        clock=lambda: start + timedelta(seconds=30),
    )
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        statement = "select provisional from monitoring.cache_metrics_1min"
        wait_until(lambda: connection.execute(statement).fetchall() == [(True,), (True,)])
    finally:
        daemon.stop()
        thread.join(PATIENCE_S)
        application.sink.close()
