"""Operations added up in the process, from record to the windows: none lost, none twice."""

import signal
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.windows.rollup import roll_up
from auditor.windows.watermarks import Grace
from collector import Collector
from collector.sinks.memory import MemorySink
from collector.sinks.sink import Receipt, RefusedRow
from tests.collector.made import settings
from tests.collector.test_collector import wait_until
from tests.collector.test_processes import collectors, run
from tests.postgres_clusters import Database

ALWAYS = {"CACHE_AUDITOR_AGGREGATE": "always"}


def started(folder: Path, sink: MemorySink, **changes: object) -> Collector:
    """A collector that adds everything up, unless told otherwise."""
    return Collector(settings(folder, **({"aggregate": "always"} | changes)), sink=lambda: sink)


def counted(sink: MemorySink) -> Counter[str]:
    """Operations in what was delivered, by kind: weights, and rows that are no samples."""
    weights = [weight for batch in sink.batches for weight in batch.weights]
    found = Counter[str]()
    for weight in weights:
        found[weight.operation_type] += weight.n
    found.update(row.operation_type for row in sink.rows if not row.is_sample)
    return found


@pytest.mark.parametrize("mode", ["always", "auto", "never"])
def test_threads_record_while_it_is_flushed(tmp_path: Path, mode: str) -> None:
    """Every operation of four threads, in whatever form, and the books are right at the end."""
    sink = MemorySink()
    collector = started(tmp_path, sink, aggregate=mode, aggregate_above=200.0)

    def work() -> None:
        for number in range(3_000):
            collector.record(("hit", "miss", "set")[number % 3], f"{number}", 0.5, "pages", "new")

    assert collector.start()
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert collector.flush()
    assert collector.stop()
    assert counted(sink) == {"hit": 4_000, "miss": 4_000, "set": 4_000}
    goodbye = sink.beats[-1]
    assert (goodbye.recorded, goodbye.delivered, goodbye.dropped) == (12_000, 12_000, 0)
    weighed = sum(len(batch.weights) for batch in sink.batches)
    assert (weighed > 0, mode == "never") in {(True, False), (False, True)}
    own = sum(batch.samples for batch in sink.batches)
    assert own == sum(row.is_sample for row in sink.rows)


def test_the_collectors_own_argument_goes_before_the_settings(tmp_path: Path) -> None:
    """One collector of a process may add up while the environment says never."""
    sink = MemorySink()
    chosen = settings(tmp_path, aggregate="never")
    collector = Collector(chosen, sink=lambda: sink, aggregate="always")
    collector.record("hit", "k", 0.5)
    assert collector.stop()
    assert [weight.n for batch in sink.batches for weight in batch.weights] == [1]


def test_samples_are_marked_and_hashed_and_stand_for_the_rest(tmp_path: Path) -> None:
    """Of a thousand hits five rows, with the share in their metadata; none of them is counted."""
    sink = MemorySink()
    collector = started(tmp_path, sink)
    for number in range(1_000):
        collector.record("hit", f"secret {number}", 0.5, "pages", "new")
    assert collector.stop()
    weights = [weight for batch in sink.batches for weight in batch.weights]
    assert sum(weight.n for weight in weights) == 1_000
    assert all(row.is_sample and len(row.cache_key) == 32 for row in sink.rows)
    assert len(sink.rows) <= 5 * len(weights)
    assert all('"sample_of":' in (row.metadata or "") for row in sink.rows)


def test_away_then_spooled_then_replayed_once(tmp_path: Path) -> None:
    """What is added up waits on the disk as everything does; spooled counts operations."""
    sink = MemorySink()
    sink.away = True
    collector = started(tmp_path, sink)
    for _ in range(3):
        for _ in range(500):
            collector.record("hit", "k", 0.5)
        assert collector.flush()
    tally = collector.tally
    sink.away = False
    collector.record("miss", "k", 0.5)
    wait_until(lambda: counted(sink)["hit"] == 1_500)
    assert collector.stop()
    assert counted(sink) == {"hit": 1_500, "miss": 1}
    assert tally is not None
    assert (tally.delivered, tally.drained) == (1_501, 1_501)
    assert max(beat.spooled for beat in sink.beats) <= 1_500


def test_a_weight_that_the_database_refuses_counts_all_its_operations(tmp_path: Path) -> None:
    """300 refused with it; the samples beside it count as nothing."""

    class Refusing(MemorySink):
        def deliver(self, batch: Any) -> Receipt:
            receipt = super().deliver(batch)
            bad = [w for w in batch.weights if w.operation_type == "miss"]
            rows = [row for row in batch.rows if row.operation_type == "miss"]
            refused = tuple(RefusedRow(item, "made up") for item in (*bad, *rows))
            return Receipt(False, receipt.events, receipt.weights, refused)

    sink = Refusing()
    collector = started(tmp_path, sink)
    for number in range(1_000):
        collector.record("miss" if number < 300 else "hit", "k", 0.5)
    assert collector.stop()
    goodbye = sink.beats[-1]
    assert (goodbye.recorded, goodbye.delivered, goodbye.refused) == (1_000, 700, 300)


def test_what_breaks_a_rule_is_refused_in_bulk_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A thousand of an unknown operation: counted, one line in the log, the rest stored."""
    sink = MemorySink()
    collector = started(tmp_path, sink)
    for _ in range(1_000):
        collector.record("nonsense", "k", 0.5)
    collector.record("hit", "k", -1.0)
    collector.record("hit", "k", 0.5)
    assert collector.stop()
    goodbye = sink.beats[-1]
    assert (goodbye.delivered, goodbye.refused, goodbye.recorded) == (1, 1_001, 1_002)
    assert len([r for r in caplog.records if "is refused" in r.message]) == 2


def test_a_sink_that_hangs_at_the_end_leaves_the_sums_on_disk(tmp_path: Path) -> None:
    """The next collector delivers them, every operation once."""
    sink, hanging, hung = MemorySink(), threading.Event(), threading.Event()

    class Hanging(MemorySink):
        def deliver(self, batch: Any) -> Receipt:
            hung.set()
            hanging.wait(60)
            return sink.deliver(batch)

    first = Collector(
        settings(tmp_path, aggregate="always", exit_timeout_s=0.2), sink=lambda: Hanging()
    )
    for _ in range(400):
        first.record("hit", "k", 0.5)
    thread = first._thread
    assert not first.flush(0.5)
    assert hung.wait(20)
    for _ in range(300):
        first.record("miss", "k", 0.5)
    assert first.stop(0.2)
    hanging.set()
    assert thread is not None
    thread.join(20)
    second = started(tmp_path, sink)
    second.start()
    wait_until(lambda: counted(sink).total() >= 700)
    assert second.stop()
    assert counted(sink) == {"hit": 400, "miss": 300}


# Against a real database --------------------------------------------------------------------------


def weighed(database: Database) -> tuple[int, int]:
    """(operations in weights, rows of cache_metrics that are no samples)."""
    with database.connect() as conn:
        row = conn.execute(
            "select (select coalesce(sum(n), 0)::bigint from monitoring.cache_metric_weights),"
            " (select count(*) from monitoring.cache_metrics where not is_sample)"
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_windows_of_what_was_added_up_are_what_was_recorded(
    database: Database, tmp_path: Path
) -> None:
    """Counts and sums to the last operation; distinct keys are not known, and samples are said."""
    run(
        """
        from collector import record
        for number in range(30_000):
            if number % 10:
                record("hit", f"{number % 500}", 0.25, "pages", "new", 500, 10)
            else:
                failed = "Timeout" if number % 1000 == 0 else None
                record("miss", f"{number % 500}", 2.0, "pages", "new", error_type=failed)
        for number in range(50):
            record("hit", f"{number}", 1.0, "carts", "new")
        """,
        database.dsn,
        tmp_path,
        CACHE_AUDITOR_AGGREGATE_ABOVE="500",
    )
    now = datetime.now(UTC) + timedelta(minutes=3)
    with database.connect() as conn:
        roll_up(conn, now, Grace())
        rows = conn.execute(
            "select cache_name, sum(hits), sum(misses), sum(load_errors), sum(errors),"
            " round(sum(hit_latency_sum_ms)::numeric, 6),"
            " round(sum(miss_latency_sum_ms)::numeric, 6),"
            " sum(bytes_read), bool_or(sampled > 0), bool_and(distinct_keys is null)"
            " from monitoring.cache_metrics_1min where total_operations > 0"
            " group by cache_name order by cache_name"
        ).fetchall()
    assert [tuple(map(float, row[1:8])) for row in rows] == [
        (50, 0, 0, 0, 50.0, 0, 0),
        (27_000, 3_000, 30, 30, 6_750.0, 6_000.0, 270_000),
    ]
    assert [row[8:] for row in rows] == [(False, False), (True, True)]
    assert weighed(database)[0] >= 20_000


def test_a_fork_before_and_after_the_start(database: Database, tmp_path: Path) -> None:
    """As a pre-fork server does it: workers, told to end by SIGTERM, deliver all they added up."""
    run(
        """
        import os, signal, sys
        import collector
        from collector import record

        def worker(name, ready):
            # a signal that comes just before the wait is in the pipe, so that it is not missed
            woken = os.pipe()
            os.set_blocking(woken[1], False)
            signal.set_wakeup_fd(woken[1])
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            for number in range(4_000):
                record("hit", f"{number}", 0.5, "pages", name)
            os.write(ready, b".")
            while True:
                os.read(woken[0], 1)

        workers, master = {}, os.getpid()
        try:
            for name in ("before", "after", "after"):
                if name == "after":
                    for number in range(1_000):
                        record("hit", f"{number}", 0.5, "pages", "master")
                here, there = os.pipe()
                child = os.fork()
                if not child:
                    worker(name, there)
                os.close(there)
                workers[child] = here
            for here in workers.values():
                assert os.read(here, 1) == b".", "a worker died"
        finally:
            for child in workers if os.getpid() == master else ():
                os.kill(child, signal.SIGTERM)
        for child in workers:
            assert os.waitpid(child, 0)[1] == 0
        """,
        database.dsn,
        tmp_path,
        **ALWAYS,
    )
    with database.connect() as conn:
        found = conn.execute(
            "select implementation_type, sum(n)::int from monitoring.cache_metric_weights"
            " group by 1 order by 1"
        ).fetchall()
        books = collectors(conn)
    assert found == [("after", 8_000), ("before", 4_000), ("master", 2_000)]
    assert weighed(database) == (14_000, 0)
    assert sorted(books) == [(2_000, 0, True), *[(4_000, 0, True)] * 3]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_kill_loses_what_was_not_flushed_and_it_is_counted(
    database: Database, tmp_path: Path, how: signal.Signals
) -> None:
    """70,000 flushed, 30,000 added up or waiting: exactly those are reported by the next."""
    done = run(
        f"""
        import os, signal
        from collector import record
        from collector.default import collector
        for number in range(70_000):
            record("hit", "flushed", 0.5)
        assert collector.flush()
        for number in range(30_000):
            record("hit", "waiting", 0.5)
        os.kill(os.getpid(), {int(how)})
        """,
        database.dsn,
        tmp_path,
        check=False,
        CACHE_AUDITOR_FLUSH_EVERY="0",
        **ALWAYS,
    )
    assert done.returncode == -how, done.stderr
    assert weighed(database) == (70_000, 0)
    run(
        "from collector.default import collector; collector.start(); assert collector.flush()",
        database.dsn,
        tmp_path,
    )
    with database.connect() as conn:
        assert collectors(conn) == [(100_000, 30_000, True), (0, 0, True)]


def test_tasks_of_an_event_loop_record(database: Database, tmp_path: Path) -> None:
    """A hundred tasks, added up in one process, with an orderly end."""
    run(
        """
        import asyncio
        from collector import record, start_collector, stop_collector

        async def task(number):
            for step in range(50):
                record("hit", f"{number} {step}", 0.5, "pages", "new")
                await asyncio.sleep(0)

        async def main():
            await start_collector()
            await asyncio.gather(*(task(number) for number in range(100)))
            await stop_collector()

        asyncio.run(main())
        """,
        database.dsn,
        tmp_path,
        **ALWAYS,
    )
    assert weighed(database) == (5_000, 0)
