"""A destination that neither answers nor refuses: it holds nobody up, and costs nothing."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from auditor.schema.migrations import migrate
from collector import Collector, losses
from collector.batch import Batch
from collector.courier import Courier
from collector.delivery import Delivery
from collector.errors import SinkUnavailable
from collector.sinks.memory import MemorySink
from collector.sinks.postgres import PostgresSink
from tests.collector.made import batch, settings
from tests.collector.test_collector import folders, wait_until
from tests.collector.test_spool import spool_in
from tests.postgres_clusters import Database, PrivateCluster


@contextmanager
def stopped(cluster: PrivateCluster) -> Iterator[None]:
    """Every process of the server is halted: connections stay, and nothing answers on them."""
    pid = cluster._server.postmaster.pid()
    assert pid is not None
    postmaster = psutil.Process(pid)
    postmaster.suspend()
    processes = [postmaster, *postmaster.children(recursive=True)]
    try:
        for process in processes:
            process.suspend()
        yield
    finally:
        for process in processes:
            process.resume()


def test_a_server_that_is_stopped_is_given_up_and_stores_once(
    private_cluster: PrivateCluster,
) -> None:
    """The attempt ends by itself with the reason; afterwards the batch is stored, and once."""
    with psycopg.connect(private_cluster.dsn, autocommit=True) as conn:
        migrate(conn)
    sink = PostgresSink(private_cluster.dsn, attempt_timeout_s=1.0, connect_timeout_s=2)
    sink.deliver(batch(1))
    with stopped(private_cluster):
        with pytest.raises(SinkUnavailable, match=r"no answer in 1 s"):
            sink.deliver(batch(2))
        with pytest.raises(SinkUnavailable):
            sink.deliver(batch(2))
    sink.deliver(batch(2))
    sink.close()
    rows = private_cluster.connect().execute("select count(*) from monitoring.cache_metrics")
    assert rows.fetchone() == (20,)


def test_the_server_itself_gives_up_what_waits_for_a_lock(database: Database) -> None:
    """No session of the sink is left waiting behind somebody's lock, holding its ledger row."""
    holder = database.connect()
    holder.autocommit = False
    holder.execute("lock table monitoring.cache_metrics in access exclusive mode")
    sink = PostgresSink(database.dsn, attempt_timeout_s=3.0)
    with pytest.raises(SinkUnavailable, match="lock timeout"):
        sink.deliver(batch(1))
    holder.rollback()
    assert sink.deliver(batch(1)).events == 10
    sink.close()


class Hanging(MemorySink):
    """Hangs in its first delivery until it is released, and stores it then."""

    def __init__(self) -> None:
        super().__init__()
        self.hung, self.released = threading.Event(), threading.Event()

    def deliver(self, batch: Batch) -> Any:
        if not self.hung.is_set():
            self.hung.set()
            assert self.released.wait(60)
        return super().deliver(batch)


def on_disk(tmp_path: Path) -> int:
    """Events in the one spool there is."""
    (folder,) = folders(tmp_path)
    return spool_in(folder, clock=lambda: batch(0).rows[0].timestamp_ns).events  # type: ignore[arg-type]


def test_while_the_sink_hangs_all_goes_to_the_disk(tmp_path: Path) -> None:
    """What it was given and what came after it: a kill now would lose nothing."""
    sink = Hanging()
    collector = Collector(settings(tmp_path), sink=lambda: sink)
    collector.record("hit", "under way")
    collector.start()
    wait_until(lambda: collector._shipper is not None)
    assert collector._shipper is not None
    collector._shipper.request_flush()
    assert sink.hung.wait(20)
    collector.record("hit", "after it")
    assert collector.flush()
    assert on_disk(tmp_path) == 2
    collector.record("hit", "later")
    assert collector.flush()
    assert on_disk(tmp_path) == 3
    sink.released.set()
    wait_until(lambda: len(sink.rows) == 3)
    assert collector.stop()
    assert [one.sequence for one in sink.batches] == [1, 2, 3]
    assert sink.beats[-1].delivered == 3
    assert folders(tmp_path) == []


def test_a_kill_while_the_sink_hangs_loses_nothing_that_is_counted_lost(tmp_path: Path) -> None:
    """The counters beside the spool say so: all three are settled."""
    sink = Hanging()
    collector = Collector(settings(tmp_path), sink=lambda: sink)
    for number in range(3):
        collector.record("hit", f"{number}")
    assert collector.flush()
    assert sink.hung.is_set()
    (folder,) = folders(tmp_path)
    counts = losses.read(folder / "counts")
    assert counts is not None
    assert counts.lost(stored=False) == 0
    sink.released.set()
    assert collector.stop()
    assert len(sink.rows) == 3


class Clock:
    """A clock that only moves when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_pause_lasts_as_long_as_it_was_meant_to() -> None:
    """Between a quarter and half a second by a clock that nobody sets; the wall clock is not it."""
    clock = Clock()
    delivery = Delivery(Courier(), "seed", clock)

    def fail() -> None:
        raise SinkUnavailable("away")

    assert delivery.attempt(fail) is None
    assert 0.25 <= delivery.retry_in_s <= 0.5
    clock.now += 0.6
    assert delivery.failing
    assert not delivery.resting


def test_a_clock_that_is_set_back_does_not_delay_the_next_try(tmp_path: Path) -> None:
    """An hour back while the server is away: it is tried again in a moment all the same."""
    offset_ns = [0]
    sink = MemorySink()
    sink.away = True
    collector = Collector(
        settings(tmp_path), sink=lambda: sink, clock_ns=lambda: time.time_ns() + offset_ns[0]
    )
    collector.record("hit", "k")
    assert collector.flush()
    offset_ns[0] = -3600 * 10**9
    sink.away = False
    wait_until(lambda: len(sink.rows) == 1)
    collector.stop()


class Ending(MemorySink):
    """Raises what ends a thread, once."""

    ended = False

    def deliver(self, batch: Batch) -> Any:
        if not self.ended:
            self.ended = True
            raise SystemExit
        return super().deliver(batch)


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_a_users_key_raises_ends_its_event_only(
    tmp_path: Path, end: type[BaseException]
) -> None:
    """Not the thread: the events before and after it are delivered, and it is counted."""

    def encode(key: object) -> bytes:
        raise end

    sink = MemorySink()
    collector = Collector(settings(tmp_path), sink=lambda: sink, encode_key=encode)
    for key in ("before", object(), "after"):
        collector.record("hit", key)
    assert collector.flush()
    collector.record("hit", "later")
    assert collector.stop()
    assert len(sink.rows) == 3
    assert sink.beats[-1].refused == 1


def test_what_a_sink_raises_does_not_end_the_thread(tmp_path: Path) -> None:
    """Spooled and tried again, as after any other failure."""
    sink = Ending()
    collector = Collector(settings(tmp_path), sink=lambda: sink)
    collector.record("hit", "k")
    assert collector.flush()
    wait_until(lambda: len(sink.rows) == 1)
    assert collector.stop()
