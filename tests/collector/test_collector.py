"""A collector from record to sink: nothing lost while the sink is away, nothing twice."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector import Collector
from collector.errors import SchemaMismatch, SinkUnavailable
from collector.losses import Counts, write
from collector.sinks.memory import MemorySink
from collector.spool_folder import destination_folder
from tests.collector.made import batch, settings
from tests.collector.test_spool import spool_in

Start = Callable[..., Collector]


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture
def start(tmp_path: Path, sink: MemorySink) -> Iterator[Start]:
    """Collectors over the sink, stopped at the end of the test."""
    started: list[Collector] = []

    def make(**changes: Any) -> Collector:
        collector = Collector(settings(tmp_path, **changes), sink=lambda: sink)
        started.append(collector)
        return collector

    yield make
    for collector in started:
        collector.stop()


def folders(tmp_path: Path) -> list[Path]:
    """The folders of collectors that are left in the spool."""
    return [path for path in tmp_path.glob("*/*") if path.is_dir()]


def wait_until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Until it is so; fails after that long."""
    pause = threading.Event()
    for _ in range(int(seconds * 200)):
        if true():
            return
        pause.wait(0.005)
    raise AssertionError("it did not come about")


def test_what_is_recorded_is_delivered(start: Start, sink: MemorySink, tmp_path: Path) -> None:
    """In order, with the counts in the goodbye; and nothing stays on the disk."""
    collector = start()
    for number in range(250):
        collector.record("hit", f"key {number}", 0.5, "pages", "new")
    assert collector.stop()
    assert len(sink.rows) == 250
    assert [row.timestamp_ns for row in sink.rows] == sorted(r.timestamp_ns for r in sink.rows)
    goodbye = sink.beats[-1]
    assert (goodbye.goodbye, goodbye.recorded, goodbye.delivered) == (True, 250, 250)
    assert folders(tmp_path) == []


def test_the_hundredth_event_flushes(start: Start, sink: MemorySink) -> None:
    """Without anyone asking, a full batch is on its way."""
    collector = start(flush_every_s=0.0)
    for _ in range(100):
        collector.record("hit", "k")
    wait_until(lambda: len(sink.rows) == 100)


def test_refused_events_are_counted_and_the_rest_goes_on(
    start: Start, sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    """Each reason is said once."""
    collector = start()
    for _ in range(3):
        collector.record("hit", object())
        collector.record("nonsense", "k")
        collector.record("hit", "k", -1.0)
    collector.record("hit", "good")
    collector.stop()
    assert len(sink.rows) == 1
    assert (sink.beats[-1].refused, sink.beats[-1].recorded) == (9, 10)
    assert len([r for r in caplog.records if "is refused" in r.message]) == 3


def test_a_full_buffer_drops_and_says_so(
    tmp_path: Path, sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    """Of 30 events into a buffer of 10 whose thread has not started, 20 are dropped and counted."""
    collector = Collector(settings(tmp_path, buffer_events=10), sink=lambda: sink)
    collector._recorder.limit(10)
    collector._starting.acquire()  # as if another caller were starting the thread
    for number in range(30):
        collector.record("hit", f"{number}")
    collector._starting.release()
    collector.start()
    assert collector.stop()
    assert (len(sink.rows), sink.beats[-1].dropped, sink.beats[-1].recorded) == (10, 20, 30)
    assert "20 events dropped" in caplog.text


def test_fault_8_away_then_spooled_then_replayed_once_in_order(
    start: Start, sink: MemorySink, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """While the server is away batches go to the disk; when it is back they come first."""
    sink.away = True
    collector = start()
    for number in range(30):
        collector.record("hit", f"key {number}")
        if number % 10 == 9:
            assert collector.flush()
    assert sink.rows == []
    sink.away = False
    collector.record("hit", "last")
    wait_until(lambda: len(sink.rows) >= 30)
    assert collector.stop()
    assert [one.sequence for one in sink.batches] == [1, 2, 3, 4]
    assert len(sink.rows) == 31
    assert folders(tmp_path) == []
    assert len([r for r in caplog.records if "is away" in r.message]) == 1


def test_the_watermark_stays_while_the_spool_is_not_empty(start: Start, sink: MemorySink) -> None:
    """It never passes what the server does not have; afterwards it passes all of it."""
    collector = start()
    collector.record("hit", "before")
    assert collector.flush()
    sink.away = True
    collector.record("hit", "kept")
    assert collector.flush()
    sink.away = False
    wait_until(lambda: len(sink.rows) == 2)
    collector.stop()
    kept = sink.rows[1].timestamp_ns
    arrived = next(n for n, beat in enumerate(sink.beats) if beat.delivered == 2)
    assert all((beat.watermark_ns or 0) < kept for beat in sink.beats[:arrived])
    assert (sink.beats[-1].watermark_ns or 0) > kept - 10**9


def test_fault_9_a_batch_stored_before_the_answer_was_lost_is_stored_once(
    start: Start, sink: MemorySink
) -> None:
    """Fault 9: the commit went through, the answer did not; the retry finds it there."""
    collector = start()
    deliver = sink.deliver
    failures = iter([True])

    def cut_off(one: Any) -> Any:
        answer = deliver(one)
        if next(failures, False):
            raise SinkUnavailable("the connection was cut")
        return answer

    sink.deliver = cut_off  # type: ignore[method-assign]
    collector.record("hit", "k")
    assert collector.flush()
    wait_until(lambda: any(beat.delivered == 1 for beat in sink.beats))
    collector.stop()
    assert len(sink.rows) == 1
    assert sink.beats[-1].delivered == 1


def test_a_server_away_to_the_end_leaves_all_on_disk_for_the_next_process(
    start: Start, sink: MemorySink, tmp_path: Path
) -> None:
    """The next collector delivers it, says goodbye for the first, and removes the folder."""
    sink.away = True
    first = start()
    for _ in range(5):
        first.record("hit", "k")
    assert first.stop()
    assert len(folders(tmp_path)) == 1
    sink.away = False
    second = start()
    second.start()
    wait_until(lambda: len(sink.rows) == 5 and len(folders(tmp_path)) == 1)
    assert second.stop()
    assert folders(tmp_path) == []
    ids = {beat.collector_id for beat in sink.beats if beat.goodbye}
    assert len(ids) == 2
    assert all(beat.lost == 0 for beat in sink.beats)


@pytest.mark.parametrize(
    ("counts", "stored", "lost"),
    [
        (Counts(recorded=100, settled=100, target=100, sequence=3), False, 0),
        (Counts(recorded=100, settled=60, target=60, sequence=3), False, 40),
        (Counts(recorded=100, settled=60, target=80, sequence=3), False, 40),
        (Counts(recorded=100, settled=60, target=80, sequence=3), True, 20),
        (Counts(recorded=100, settled=80, target=80, sequence=3), True, 20),
    ],
)
def test_what_died_with_a_process_is_counted_by_the_next(
    start: Start, sink: MemorySink, tmp_path: Path, counts: Counts, stored: bool, lost: int
) -> None:
    """Recorded minus settled, except for a batch under way that was stored after all."""
    dead = batch(3, 20, collector=7)
    destination = destination_folder(str(tmp_path), sink.destination)
    folder = destination / dead.collector_id
    folder.mkdir()
    (folder / "lock").touch()
    write(folder / "counts", counts)
    if stored:
        sink.deliver(dead)
    start().start()
    wait_until(lambda: any(b.collector_id == dead.collector_id for b in sink.beats))
    (goodbye,) = [beat for beat in sink.beats if beat.collector_id == dead.collector_id]
    assert (goodbye.goodbye, goodbye.recorded, goodbye.lost) == (True, 100, lost)


def test_a_batch_that_was_spooled_just_before_the_kill_is_not_lost(
    start: Start, sink: MemorySink, tmp_path: Path
) -> None:
    """Killed between the spool's write and the counter's: the batch is there, and counted once."""
    dead = batch(3, 20, collector=7)
    destination = destination_folder(str(tmp_path), sink.destination)
    spool_in(destination / dead.collector_id, clock=lambda: batch(0).rows[0].timestamp_ns).append(  # type: ignore[arg-type]
        dead
    )
    (destination / dead.collector_id / "lock").touch()
    write(destination / dead.collector_id / "counts", Counts(30, 5, 25, 3))
    start().start()
    wait_until(lambda: any(b.collector_id == dead.collector_id for b in sink.beats))
    (goodbye,) = [beat for beat in sink.beats if beat.collector_id == dead.collector_id]
    assert (len(sink.rows), goodbye.lost) == (20, 5)


def test_an_old_schema_spools_and_warns_once(
    start: Start, sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    """The remedy is named, once; nothing is raised, nothing is lost."""
    deliver = sink.deliver
    beat = sink.beat
    old = True

    def refuse(one: Any) -> Any:
        if old:
            raise SchemaMismatch('relation "monitoring.cache_metrics" does not exist')
        return deliver(one) if hasattr(one, "rows") else beat(one)

    sink.deliver = sink.beat = refuse  # type: ignore[method-assign]
    collector = start()
    for _ in range(3):
        collector.record("hit", "k")
        assert collector.flush()
    old = False
    wait_until(lambda: len(sink.rows) == 3)
    assert len([r for r in caplog.records if "cache-auditor migrate" in r.message]) == 1


def test_an_unforeseen_error_of_a_sink_loses_nothing(
    start: Start, sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of ours in the sink: spooled, logged with its traceback once, tried again."""
    deliver = sink.deliver
    failures = iter([True, True])

    def broken(one: Any) -> Any:
        if next(failures, False):
            raise ZeroDivisionError
        return deliver(one)

    sink.deliver = broken  # type: ignore[method-assign]
    collector = start()
    collector.record("hit", "k")
    assert collector.flush()
    wait_until(lambda: len(sink.rows) == 1)
    assert len([r for r in caplog.records if r.exc_info]) == 1


def test_a_sink_that_hangs_at_the_end_does_not_hold_the_process(
    start: Start, sink: MemorySink, tmp_path: Path
) -> None:
    """What was under way and what waited is on the disk, under the ids it had; stored once."""
    hung, released = threading.Event(), threading.Event()
    deliver = sink.deliver

    def hang(one: Any) -> Any:
        hung.set()
        released.wait(60)
        return deliver(one)

    sink.deliver = hang  # type: ignore[method-assign]
    first = start()
    first.record("hit", "under way")
    thread = first._thread
    wait_until(lambda: first._shipper is not None)
    assert first._shipper is not None
    first._shipper.request_flush()
    assert hung.wait(20)
    first.record("hit", "waiting")
    assert first.stop(0.05)
    released.set()
    assert thread is not None
    thread.join(20)
    sink.deliver = deliver  # type: ignore[method-assign]
    (folder,) = folders(tmp_path)
    left = spool_in(folder, clock=lambda: batch(0).rows[0].timestamp_ns)  # type: ignore[arg-type]
    assert left.events == 2
    assert len(sink.rows) == 1


def test_without_a_destination_events_wait_bounded_and_it_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No DSN: up to 10,000 wait, more are dropped, one warning; nothing raises."""
    collector = Collector(settings(tmp_path))
    for _ in range(10_500):
        collector.record("hit", "k")
    assert collector.waiting == 10_000
    assert collector._recorder.dropped() == 500
    assert len([r for r in caplog.records if "no destination" in r.message]) == 1
    assert not collector.stop()


def test_switched_off_it_keeps_nothing(tmp_path: Path, sink: MemorySink) -> None:
    """CACHE_METRICS_ENABLED=false: no thread, nothing waits."""
    collector = Collector(settings(tmp_path, enabled=False), sink=lambda: sink)
    for _ in range(10):
        collector.record("hit", "k")
    assert not collector.start()
    assert collector.waiting <= 1
    assert collector._thread is None


def test_a_destination_that_cannot_be_made_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A DSN that is none: an error in the log, no exception, no thread left."""
    collector = Collector(settings(tmp_path, dsn="not a dsn at all"))
    collector.record("hit", "k")
    wait_until(lambda: "cannot be delivered" in caplog.text)
    assert "not a dsn" not in caplog.text
    collector.stop()


def test_without_a_thread_events_wait_bounded_and_it_is_said_once(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Python 3.12 and later start no thread while the interpreter ends; the host never notices."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    collector = start(buffer_events=5)
    with monkeypatch.context() as ending:
        ending.setattr(threading.Thread, "start", refuse)
        for _ in range(10):
            collector.record("hit", "k")
    assert caplog.text.count("cannot start: can't create new thread") == 1
    assert "Traceback" not in caplog.text
    assert collector.waiting == 5


def test_it_starts_again_after_a_stop(start: Start, sink: MemorySink) -> None:
    """Under a new id, with nothing counted twice; what comes between is dropped."""
    collector = start()
    collector.record("hit", "one")
    collector.stop()
    collector.record("hit", "between")
    assert collector.start()
    collector.record("hit", "two")
    assert collector.stop()
    assert len(sink.rows) == 2
    assert len({one.collector_id for one in sink.batches}) == 2


def test_encoders_of_a_cache_reach_the_thread(start: Start, sink: MemorySink) -> None:
    """Keys of a type of its own, for the cache that has an encoder, and refused elsewhere."""
    collector = start()
    collector.encode_keys("pages", lambda key: f"{key[0]}:{key[1]}")
    collector.record("hit", ("a", 1), cache_name="pages")
    collector.record("hit", ("a", 1), cache_name="other")
    collector.stop()
    assert [row.cache_name for row in sink.rows] == ["pages"]
    assert sink.beats[-1].refused == 1


def test_it_works_inside_an_event_loop(start: Start, sink: MemorySink) -> None:
    """From coroutines and from threads of the loop's executor alike."""
    collector = start()

    async def work() -> None:
        for _ in range(10):
            collector.record("hit", "coroutine")
            await asyncio.to_thread(collector.record, "miss", "thread")

    asyncio.run(work())
    collector.stop()
    assert len(sink.rows) == 20


def test_an_ordinary_life_says_nothing_in_the_log(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """Started, used, stopped: nothing above debug."""
    caplog.set_level(logging.INFO)
    collector = start()
    collector.record("hit", "k")
    collector.stop()
    assert caplog.records == []


def test_a_short_life_looks_after_the_dead_too(
    start: Start, sink: MemorySink, tmp_path: Path
) -> None:
    """A process that records once and ends delivers what one before it left behind."""
    sink.away = True
    first = start()
    for number in range(40):
        first.record("hit", f"{number}")
        if number % 4 == 3:
            assert first.flush()
    assert first.stop()
    sink.away = False
    second = start()
    second.record("hit", "once")
    assert second.stop()
    assert len(sink.rows) == 41
    assert folders(tmp_path) == []
    assert len({beat.collector_id for beat in sink.beats if beat.goodbye}) == 2


def test_what_grew_too_old_in_a_dead_ones_spool_is_dropped_not_lost(
    start: Start, sink: MemorySink, tmp_path: Path
) -> None:
    """One word for what there was no room or no time for; lost is what died in memory."""
    dead = batch(3, 20, collector=7)
    destination = destination_folder(str(tmp_path), sink.destination)
    ancient = spool_in(destination / dead.collector_id, clock=lambda: 1)  # type: ignore[arg-type]
    ancient.append(dead)
    (destination / dead.collector_id / "lock").touch()
    write(destination / dead.collector_id / "counts", Counts(31, 25, 25, 3, dropped=4))
    start().start()
    wait_until(lambda: any(b.collector_id == dead.collector_id for b in sink.beats))
    (goodbye,) = [beat for beat in sink.beats if beat.collector_id == dead.collector_id]
    assert (goodbye.recorded, goodbye.dropped, goodbye.lost) == (31, 24, 6)


def test_what_the_spool_had_no_room_for_is_dropped(start: Start, sink: MemorySink) -> None:
    """Recorded is delivered and dropped, to the event, and nothing is called lost."""
    sink.away = True
    collector = start(spool_bytes=40_000)
    for number in range(3000):
        collector.record("hit", f"key {number}", error_message="x" * (number % 50))
        if number % 100 == 99:
            assert collector.flush()
    sink.away = False
    wait_until(lambda: bool(sink.beats) and not sink.away and bool(sink.rows), 60)
    assert collector.stop()
    said = sink.beats[-1]
    assert said.dropped > 0
    assert (said.recorded, said.lost) == (3000, 0)
    assert said.delivered + said.dropped == 3000
    assert said.delivered == len(sink.rows)
