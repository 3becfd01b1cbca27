"""Forks, exits and kills of a host process, against a real database."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psycopg
import pytest

from tests.postgres_clusters import Database

# Python 3.12 and later warn of any fork while there are threads, which is what is tested here.
WARNINGS = ("-W", "error", "-W", "ignore:This process:DeprecationWarning")
LONGEST_S = 120.0
NOWHERE = "host=/nonexistent dbname=nowhere connect_timeout=1"


def run(
    code: str, dsn: str, spool: Path, check: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A host application of its own, with its children; its standard output is what it says."""
    environ = os.environ | {"CACHE_AUDITOR_DSN": dsn, "CACHE_AUDITOR_SPOOL_DIR": str(spool)}
    command = [sys.executable, *WARNINGS, "-X", "faulthandler", "-c", textwrap.dedent(code)]
    host = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ | environment,
        start_new_session=True,
    )
    try:
        said, complained = host.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        os.killpg(host.pid, signal.SIGABRT)  # each of them says where it hangs, and ends
        raise AssertionError(f"it hangs: {host.communicate()[1]}") from None
    done = subprocess.CompletedProcess(command, host.returncode, said, complained)
    if check:
        assert done.returncode == 0, done.stderr
    return done


def counts(database: Database) -> tuple[int, int]:
    """(rows, distinct keys) in cache_metrics."""
    with database.connect() as conn:
        row = conn.execute(
            "select count(*), count(distinct cache_key) from monitoring.cache_metrics"
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def collectors(conn: psycopg.Connection) -> list[tuple[int, int, bool]]:
    """(recorded, lost, said goodbye) of each collector, in order of start."""
    return conn.execute(
        "select recorded, lost, goodbye_at is not null from monitoring.cache_collectors "
        "order by started_at"
    ).fetchall()


def test_the_interpreters_exit_delivers_what_is_left(database: Database, tmp_path: Path) -> None:
    """A script that records and ends: all of it is stored, and it has said goodbye."""
    run(
        """
        from collector import record
        for number in range(42):
            record("hit", f"key {number}", 0.1, "pages", "new")
        """,
        database.dsn,
        tmp_path,
    )
    assert counts(database) == (42, 42)
    assert collectors(database.connect()) == [(42, 0, True)]


def test_an_exit_while_the_server_is_away_spools(tmp_path: Path) -> None:
    """It ends soon and cleanly; what it recorded is on the disk."""
    run("from collector import record; record('hit', 'k')", NOWHERE, tmp_path)
    assert len(list(tmp_path.glob("*/*/*.seg"))) == 1


def test_an_exception_at_the_end_still_delivers(database: Database, tmp_path: Path) -> None:
    """A host that dies of its own error has its events stored all the same."""
    done = run(
        "from collector import record; record('hit', 'k'); raise SystemExit(3)",
        database.dsn,
        tmp_path,
        check=False,
    )
    assert done.returncode == 3
    assert counts(database)[0] == 1


def test_a_fork_goes_on_in_parent_and_child(database: Database, tmp_path: Path) -> None:
    """Each delivers its own events under its own id; what waited at the fork is stored once."""
    run(
        """
        import os
        from collector import record
        from collector.default import collector
        record("hit", "before, delivered")
        assert collector.flush()
        record("hit", "before, waiting")
        child = os.fork()
        for number in range(10):
            record("hit", f"{'parent' if child else 'child'} {number}")
        if child:
            assert os.waitpid(child, 0)[1] == 0
            record("hit", "after the child")
        """,
        database.dsn,
        tmp_path,
    )
    assert counts(database) == (23, 23)
    assert sorted(collectors(database.connect())) == [(10, 0, True), (13, 0, True)]


def test_a_pool_of_forked_workers(database: Database, tmp_path: Path) -> None:
    """As a pre-fork server does it: workers that live and end at different times."""
    run(
        """
        import os
        from collector import record
        record("hit", "master")
        workers = []
        for worker in range(4):
            child = os.fork()
            if not child:
                for number in range(50 * worker):
                    record("hit", f"worker {worker} {number}")
                raise SystemExit
            workers.append(child)
        for child in workers:
            assert os.waitpid(child, 0)[1] == 0
        """,
        database.dsn,
        tmp_path,
    )
    assert counts(database) == (301, 301)
    assert list(tmp_path.glob("*/*/lock")) == []


def test_a_child_that_ends_without_exit_handlers_disturbs_nobody(
    database: Database, tmp_path: Path
) -> None:
    """multiprocessing's os._exit in the child leaves the parent's connection and locks alone."""
    run(
        """
        import os
        from collector import record
        from collector.default import collector
        record("hit", "one")
        assert collector.flush()
        child = os.fork()
        if not child:
            os._exit(0)
        os.waitpid(child, 0)
        record("hit", "two")
        assert collector.flush()
        """,
        database.dsn,
        tmp_path,
    )
    assert counts(database) == (2, 2)


def test_a_kill_loses_what_waited_and_the_next_process_reports_it(
    database: Database, tmp_path: Path
) -> None:
    """kill -9: what was flushed is stored, the 30 that waited are counted as lost, exactly."""
    done = run(
        """
        import os, signal
        from collector import record
        from collector.default import collector
        for number in range(70):
            record("hit", f"flushed {number}")
        assert collector.flush()
        for number in range(30):
            record("hit", f"waiting {number}")
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        database.dsn,
        tmp_path,
        check=False,
        CACHE_AUDITOR_FLUSH_EVERY="0",
    )
    assert done.returncode == -signal.SIGKILL
    assert counts(database) == (70, 70)
    run(
        "from collector.default import collector; collector.start(); assert collector.flush()",
        database.dsn,
        tmp_path,
    )
    conn = database.connect()
    assert collectors(conn) == [(100, 30, True), (0, 0, True)]
    assert list(tmp_path.glob("*/*/lock")) == []


def test_a_kill_before_the_destination_is_known_is_counted_too(
    database: Database, tmp_path: Path
) -> None:
    """kill -9 while the sink's library is imported: the next process reports all that was lost."""
    done = run(
        """
        import os, pathlib, signal, time
        from collector import record
        from collector.sinks import chosen
        chosen.sink_of = lambda settings: time.sleep(600)
        record("hit", "first")
        spool = pathlib.Path(os.environ["CACHE_AUDITOR_SPOOL_DIR"])
        from collector.losses import read
        while not (found := list(spool.glob("*/*/counts"))) or not read(found[0]).recorded:
            time.sleep(0.01)
        for number in range(24):
            record("hit", str(number))
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        database.dsn,
        tmp_path,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    run(
        "from collector.default import collector; collector.start(); assert collector.flush()",
        database.dsn,
        tmp_path,
    )
    assert sorted(collectors(database.connect())) == [(0, 0, True), (25, 25, True)]
    assert list(tmp_path.glob("*/*/lock")) == []


def test_a_setting_that_cannot_be_used_leaves_no_folder(tmp_path: Path) -> None:
    """The early count goes when there will never be a destination."""
    run(
        "from collector import record; record('hit', 'a')",
        "postgresql://a:b@c@d/e",
        tmp_path,
    )
    assert list(tmp_path.iterdir()) == []


def test_fault_8_killed_while_the_server_is_away_the_spool_is_delivered_by_the_next(
    database: Database, tmp_path: Path
) -> None:
    """What was on the disk at the kill is stored once, under the dead collector's id."""
    done = run(
        """
        import os, signal
        from collector import Collector, Settings
        from collector.errors import SinkUnavailable
        from collector.sinks.postgres import PostgresSink

        class Away(PostgresSink):
            def _connected(self):
                raise SinkUnavailable("away")

        dsn = os.environ["CACHE_AUDITOR_DSN"]
        settings = Settings(dsn=dsn, spool_dir=os.environ["CACHE_AUDITOR_SPOOL_DIR"])
        collector = Collector(settings, sink=lambda: Away(dsn))
        for number in range(500):
            collector.record("hit", f"{number}")
        assert collector.flush()
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        database.dsn,
        tmp_path,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert counts(database) == (0, 0)
    run(
        """
        import os, pathlib, threading
        from collector.default import collector
        collector.start()
        assert collector.flush()
        (destination,) = pathlib.Path(os.environ["CACHE_AUDITOR_SPOOL_DIR"]).iterdir()
        for _ in range(2000):
            if len([path for path in destination.iterdir() if path.is_dir()]) == 1:
                break
            threading.Event().wait(0.01)
        """,
        database.dsn,
        tmp_path,
    )
    assert counts(database) == (500, 500)
    with database.connect() as conn:
        lost = conn.execute("select sum(lost) from monitoring.cache_collectors").fetchone()
    assert lost == (0,)


@pytest.mark.parametrize("name", ["CACHE_AUDITOR_DSN", "DATABASE_URL"])
def test_both_names_of_the_destination_are_read(
    database: Database, tmp_path: Path, name: str
) -> None:
    """The collector's own variable, and the one that everybody has."""
    run(
        "from collector import record; record('hit', 'k')",
        "",
        tmp_path,
        **{name: database.dsn},
    )
    assert counts(database)[0] == 1


def test_the_references_functions_record_into_the_default_cache(
    database: Database, tmp_path: Path
) -> None:
    """start_collector, the four record functions, stop_collector; fractions of a ms are kept."""
    run(
        """
        import asyncio
        from collector import (record_cache_error, record_cache_hit, record_cache_miss,
            record_cache_set, start_collector, stop_collector)

        record_cache_hit("before the loop", "legacy", 0.25)

        async def main():
            await start_collector()
            record_cache_hit("k", "new", 1.5, 10)
            record_cache_miss("k", "new", 2.5)
            record_cache_set("k", "new", 3.5, cache_size=11)
            record_cache_error("k", "new", "Timeout", "no answer")
            await stop_collector()

        asyncio.run(main())
        """,
        database.dsn,
        tmp_path,
    )
    with database.connect() as conn:
        rows = conn.execute(
            "select operation_type, cache_name, implementation_type, response_time_ms, cache_size, "
            "error_type, error_message from monitoring.cache_metrics order by timestamp, id"
        ).fetchall()
    assert rows == [
        ("hit", "default", "legacy", 0.25, None, None, None),
        ("hit", "default", "new", 1.5, 10, None, None),
        ("miss", "default", "new", 2.5, None, None, None),
        ("set", "default", "new", 3.5, 11, None, None),
        ("error", "default", "new", None, None, "Timeout", "no answer"),
    ]


def test_fault_8_a_thread_without_an_event_loop_records(database: Database, tmp_path: Path) -> None:
    """The reference's functions raised there; a plain thread records before and after the start."""
    run(
        """
        import asyncio, threading
        from collector import (record_cache_error, record_cache_hit, record_cache_miss,
            record_cache_set, start_collector, stop_collector)

        failures = []

        def record():
            try:
                try:
                    asyncio.get_running_loop()
                except RuntimeError:
                    pass
                else:
                    raise AssertionError("this thread has a loop")
                record_cache_hit("k", "new", 1.5)
                record_cache_miss("k", "new", 2.5)
                record_cache_set("k", "new", 3.5)
                record_cache_error("k", "new", "Timeout", "no answer")
            except BaseException as failure:
                failures.append(failure)

        def in_a_thread():
            thread = threading.Thread(target=record)
            thread.start()
            thread.join()

        in_a_thread()
        asyncio.run(start_collector())
        in_a_thread()
        asyncio.run(stop_collector())
        assert not failures, failures
        """,
        database.dsn,
        tmp_path,
    )
    assert counts(database) == (8, 1)


def test_fault_10_keys_are_stored_hashed(database: Database, tmp_path: Path) -> None:
    """What a user typed into a semantic cache is nowhere in the database; keys still compare."""
    said = "where did I leave my passport"
    run(
        f"""
        import asyncio
        from collector import record_cache_hit, record_cache_set, start_collector, stop_collector

        async def main():
            await start_collector()
            record_cache_set({said!r}, "new", 1.0)
            record_cache_hit({said!r}, "new", 1.0)
            record_cache_hit("something else", "new", 1.0)
            await stop_collector()

        asyncio.run(main())
        """,
        database.dsn,
        tmp_path,
    )
    assert counts(database) == (3, 2)
    with database.connect() as conn:
        rows = conn.execute(
            "select to_jsonb(m)::text, cache_key from monitoring.cache_metrics as m"
        )
        for whole, key in rows.fetchall():
            assert len(key) == 32
            assert set(key) <= set("0123456789abcdef")
            assert "passport" not in whole
            assert "something" not in whole


def test_a_child_of_multiprocessing_that_ends_at_once_delivers(
    database: Database, tmp_path: Path
) -> None:
    """It skips the interpreter's exit, and its last events are stored all the same."""
    run(
        """
        import multiprocessing
        from collector import record
        from collector.default import collector

        def work(name):
            record("hit", f"child {name}")

        record("hit", "parent")
        assert collector.flush()
        fork = multiprocessing.get_context("fork")
        children = [fork.Process(target=work, args=(n,)) for n in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join()
            assert child.exitcode == 0
        with fork.Pool(2) as pool:
            pool.map(work, ["a", "b", "c", "d"])
            pool.close()
            pool.join()
        """,
        database.dsn,
        tmp_path,
    )
    assert counts(database) == (8, 8)
    assert all(goodbye and not lost for _, lost, goodbye in collectors(database.connect()))
