"""What the daemon does besides the tick, by itself, when it is due."""

from __future__ import annotations

import threading
from datetime import timedelta

import psycopg

from auditor.daemon.schedule import Daemon
from auditor.settings import Settings
from auditor.windows.state import write_state
from baselines.series import SeriesKey
from baselines.store import list_baselines
from tests.auditor.shell.past import CACHE, LEGACY, NEW, Application, start_of_story
from tests.auditor.shell.test_daemon import PATIENCE_S, wait_until
from tests.postgres_clusters import Database

START = start_of_story()


def ordinary_windows(connection: psycopg.Connection) -> None:
    """A day and a half of two series up to START, settled; and one window of forty days ago."""
    connection.execute(
        "insert into monitoring.cache_metrics_1min (cache_name, implementation_type, minute_window,"
        " total_operations, hits, misses, sets, latency_sum_ms, hit_latency_sum_ms,"
        " miss_latency_sum_ms, hit_rate, completeness)"
        " select %(cache)s, name, minute, 330, 270 + n %% 7, 30 - n %% 7, 30, 900, 270,"
        "        600 + n %% 11, 90, 1"
        " from unnest(%(names)s::text[]) as name, generate_series(1, 2160) as n,"
        " lateral (select %(start)s::timestamptz - n * interval '1 minute' as minute) as m",
        {"cache": CACHE, "names": [LEGACY, NEW], "start": START},
    )
    connection.execute(
        "insert into monitoring.cache_series select %s, unnest(%s::text[]), '', %s, %s",
        [CACHE, [LEGACY, NEW], START - timedelta(minutes=2160), START - timedelta(minutes=1)],
    )
    connection.execute(
        "insert into monitoring.cache_metrics_1min (cache_name, implementation_type, minute_window)"
        " values ('old', 'new', %s)",
        [START - timedelta(days=40)],
    )
    for name in ("settled_until", "scored_until"):
        write_state(connection, name, START)


def test_fault_4_hours_baselines_and_retention_have_a_job(database: Database) -> None:
    """One daemon, nobody asking: hours are made, baselines are learned, what is old is trimmed."""
    connection = database.connect()
    ordinary_windows(connection)
    application = Application(database.dsn)
    application.minute(START - timedelta(minutes=30))
    daemon = Daemon(database.dsn, Settings(), clock=lambda: START + timedelta(seconds=1))
    thread = threading.Thread(target=daemon.run)
    thread.start()

    def hours() -> int:
        return connection.execute("select from monitoring.cache_metrics_1hour").rowcount

    def old() -> int:
        return connection.execute(
            "select from monitoring.cache_metrics_1min where cache_name = 'old'"
        ).rowcount

    try:
        wait_until(lambda: hours() == 2 and bool(list_baselines(connection)) and old() == 0)
    finally:
        daemon.stop()
        thread.join(PATIENCE_S)
        application.sink.close()
    assert not thread.is_alive()
    learned = {row.key for row in list_baselines(connection)}
    assert learned == {SeriesKey(CACHE, LEGACY), SeriesKey(CACHE, NEW)}
    hour = connection.execute(
        "select distinct hour_window, implementation_type from monitoring.cache_metrics_1hour"
    ).fetchall()
    assert sorted(hour) == [(START - timedelta(hours=1), name) for name in (LEGACY, NEW)]
    kept = connection.execute("select from monitoring.cache_metrics_1min").rowcount
    assert kept == 2 * 2160
