"""The hot path: never raises, never loses silently, from any thread."""

import threading
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from collector.recorder import PARTS, Bell, Recorder

RUBBISH = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.floats(), max_size=3),
    st.builds(object),
)


class Hostile:
    """Whatever is asked of it, it raises."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("hostile")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("hostile")

    def __hash__(self) -> int:
        raise RuntimeError("hostile")


@given(st.lists(RUBBISH, max_size=11))
def test_record_never_raises(values: list[Any]) -> None:
    """Any values in any place are taken, and come out as they are."""
    recorder = Recorder()
    recorder.record(*values)
    (event,) = recorder.drain(10)
    assert len(event) == 12


def test_record_takes_hostile_objects() -> None:
    """Nothing of a value is looked at while it is recorded."""
    recorder = Recorder()
    recorder.record("hit", Hostile(), Hostile(), metadata=Hostile())  # type: ignore[arg-type]
    assert recorder.waiting == 1


def test_a_failing_clock_or_wake_is_counted_and_not_raised() -> None:
    """Even the recorder's own parts may fail without the caller noticing."""

    def fail() -> int:
        raise OSError("no clock")

    recorder = Recorder(clock_ns=fail)
    recorder.record("hit", "k")
    assert (recorder.waiting, recorder.recorded, recorder.dropped()) == (0, 1, 1)


def test_what_does_not_fit_is_dropped_and_counted() -> None:
    """Of 25 events a buffer of 10 keeps the first 10; 15 are counted, however often one asks."""
    recorder = Recorder(capacity=10)
    for number in range(25):
        recorder.record("hit", number)
    assert [recorder.dropped(), recorder.dropped()] == [15, 15]
    assert [event[4] for event in recorder.drain(100)] == list(range(10))
    recorder.record("hit", 25)
    assert (recorder.waiting, recorder.dropped(), recorder.recorded) == (1, 15, 26)


def test_threads_lose_nothing_while_it_is_drained() -> None:
    """Four threads record, one drains: every event comes out once, in each thread's order."""
    recorder = Recorder(capacity=10**6)
    each = 5_000
    out: list[Any] = []

    def work(name: int) -> None:
        for number in range(each):
            recorder.record("hit", (name, number))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or recorder.waiting:
        out += recorder.drain(500)
    assert len(out) == 4 * each
    for name in range(4):
        assert [event[4][1] for event in out if event[4][0] == name] == list(range(each))
    assert recorder.dropped() == 0


def test_it_wakes_when_a_batch_is_full_and_not_before() -> None:
    """With a batch size of 100, the hundredth waiting event rings, and the two hundredth."""
    rung: list[int] = []
    recorder = Recorder(wake=lambda: rung.append(recorder.waiting), wake_every=100)
    for _ in range(250):
        recorder.record("hit")
    assert rung == [100, 200]


def test_it_wakes_at_a_full_batch_after_some_were_taken_out() -> None:
    """The hundredth that waits rings, wherever in the count of all events it is."""
    rung: list[int] = []
    recorder = Recorder(wake=lambda: rung.append(recorder.waiting), wake_every=100)
    for taken in (30, 99, 100):
        for _ in range(taken):
            recorder.record("hit")
        recorder.drain(1000)
    for _ in range(100):
        recorder.record("hit")
    assert rung == [100, 100]


def test_a_limit_holds_from_the_next_event_on() -> None:
    """Far below the alarm, a limit of nothing drops at once, and a higher one keeps again."""
    recorder = Recorder(capacity=1000, wake_every=500)
    for _ in range(10):
        recorder.record("hit")
    recorder.limit(0)
    recorder.record("hit")
    recorder.limit(11)
    recorder.record("hit")
    recorder.record("hit")
    assert (recorder.waiting, recorder.dropped(), recorder.recorded) == (11, 2, 13)


def test_a_limit_set_while_an_event_is_coped_with_is_not_forgotten() -> None:
    """The alarm of the event that saw the old limit does not outlive it."""
    recorder = Recorder(capacity=1000, wake=lambda: recorder.limit(3), wake_every=2)
    for _ in range(10):
        recorder.record("hit")
    assert (recorder.waiting, recorder.dropped()) == (3, 7)


def test_a_failing_wake_does_not_count_a_kept_event_as_dropped() -> None:
    """What is in the buffer is in no other count."""

    def fail() -> None:
        raise RuntimeError("no thread")

    recorder = Recorder(wake=fail)
    recorder.record("hit")
    assert (recorder.waiting, recorder.dropped(), recorder.recorded) == (1, 0, 1)


def test_values_are_drained_flat_and_in_order() -> None:
    """PARTS values an event: the columns are every PARTS-th of them."""
    recorder = Recorder(clock_ns=iter(range(9)).__next__)
    for number in range(3):
        recorder.record("hit", number)
    values = recorder.drain_values(2)
    assert (values[0::PARTS], values[4::PARTS], recorder.waiting) == ([0, 1], [0, 1], 1)
    assert recorder.drain(9) == [(2, "hit", "default", "default", 2, *[None] * 6, False)]


def test_a_bell_remembers_one_ring() -> None:
    """Rung before anyone sleeps, however often: the next sleep ends at once, the one after not."""
    bell = Bell()
    bell.ring()
    bell.ring()
    assert bell.sleep(60)
    assert not bell.sleep(0)


def test_the_count_moves_into_shared_memory() -> None:
    """What was recorded before the counter file was there is counted in it as well."""
    recorder = Recorder()
    recorder.record("hit")
    cells = memoryview(bytearray(16)).cast("Q")
    recorder.count_in(cells)
    recorder.record("hit")
    assert cells[0] == recorder.recorded == 2


def test_recording_inside_a_recording() -> None:
    """A finalizer or a signal that records in the middle of a record neither hangs nor loses."""
    recorder = Recorder(wake=lambda: recorder.waiting < 5 and recorder.record("set"))
    recorder.record("hit")
    assert [event[1] for event in recorder.drain(10)] == ["hit", "set", "set", "set", "set"]
