"""Whatever is added up or shipped one by one, and however that changes: each operation once."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.batch import LARGEST_BATCH
from collector.choice import ALWAYS, AUTO, NEVER, SPAN_S, Choice
from collector.fold import MOST_EXAMPLES
from collector.following import Following
from collector.ghost import Ghost, is_followed
from collector.intake import MOST_HANDED, MOST_HEAPS, MOST_WEIGHTS, Intake, Parcel
from collector.keys import KeyEncoder
from collector.recorder import Recorder
from tests.collector.made import NOW

SECOND = 10**9
Series = tuple[str, str]


class Rig:
    """A recorder and its intake under a clock that the test moves; what left, by kind."""

    def __init__(self, mode: str = AUTO, above: float = 100.0, capacity: int = 100_000) -> None:
        self.now_ns = NOW - NOW % (SPAN_S * SECOND)  # spans begin there
        self.recorder = Recorder(capacity=capacity, clock_ns=lambda: self.now_ns)
        self.choice = Choice(mode, above)
        self.intake = Intake(
            self.recorder,
            self.choice,
            Following(KeyEncoder(), Ghost()),
            node="host",
            clock_ns=lambda: self.now_ns,
        )
        self.recorder.helped_by(self.intake.relieve)
        self.recorded: Counter[tuple[str, str, int, str, bool]] = Counter()
        self.shipped: Counter[tuple[str, str, int, str, bool]] = Counter()
        self.elapsed_ns = [0, 0]
        self.parcels: list[Parcel] = []

    def record(self, operation: str, cache: str, n: int = 1, error: str | None = None) -> None:
        for number in range(n):
            self.recorder.record(operation, f"{number}", number / 1e6, cache, error_type=error)
            self.elapsed_ns[0] += number
        second = self.now_ns // SECOND
        self.recorded[cache, "default", second, operation, error is not None] += n

    def ship(self, most: int | None = None) -> None:
        """Some parcels of a flush, or all."""
        for number, parcel in enumerate(self.intake.parcels()):
            self.parcels.append(parcel)
            events = [event for event in parcel.events if not event[11]]
            assert parcel.operations == len(parcel.events) + sum(w.n for w in parcel.weights)
            for event in events:
                self.elapsed_ns[1] += round((event[5] or 0.0) * 1e6)
                self.shipped[event[2], event[3], event[0] // SECOND, event[1], bool(event[8])] += 1
            for weight in parcel.weights:
                self.elapsed_ns[1] += weight.latency_sum_ns
                kind = (weight.second, weight.operation_type, weight.failed)
                self.shipped[weight.cache_name, weight.implementation_type, *kind] += weight.n
            if most is not None and number + 1 >= most:
                return


STEPS = st.one_of(
    st.tuples(
        st.just("record"),
        st.sampled_from(["hit", "miss", "set"]),
        st.sampled_from(["pages", "carts"]),
        st.integers(0, 700),
        st.sampled_from([None, "Timeout"]),
    ),
    st.tuples(st.sampled_from(["look", "relieve", "ship", "ship one"])),
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 70])),
    st.tuples(st.just("choose"), st.sampled_from(["pages", "carts"])),
)


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(STEPS, max_size=25), st.sampled_from([AUTO, ALWAYS, NEVER]))
def test_weights_and_events_are_what_was_recorded(steps: list[Any], mode: str) -> None:
    """To the operation and the nanosecond, for any order of switches, helpers and flushes."""
    rig = Rig(mode, capacity=3_000)
    for step, *what in steps:
        if step == "record":
            room = 3_000 - rig.recorder.waiting
            operation, cache, n, error = what
            rig.record(operation, cache, min(n, room), error)
        elif step == "look":
            rig.intake.look_at_all()
        elif step == "relieve":
            rig.intake.relieve()
        elif step == "wait":
            rig.now_ns += what[0] * SECOND
        elif step == "choose":
            rig.choice.choose((what[0], "default"), rig.now_ns // (SPAN_S * SECOND))
        else:
            rig.ship(1 if step == "ship one" else None)
        assert rig.intake.waiting == rig.recorded.total() - rig.shipped.total()
    rig.ship()
    assert rig.shipped == +rig.recorded
    assert rig.elapsed_ns[0] == rig.elapsed_ns[1]
    assert (rig.intake.waiting, rig.recorder.dropped()) == (0, 0)


def test_a_fast_cache_is_added_up_and_a_slow_one_beside_it_is_not() -> None:
    """Above 100 a second one turns into weights; ten events of the other stay events."""
    rig = Rig()
    for _ in range(10):
        rig.record("hit", "pages", 200)
        rig.record("hit", "carts", 1)
        rig.intake.look()
        rig.now_ns += SECOND // 4
    rig.ship()
    rows = Counter(event[2] for parcel in rig.parcels for event in parcel.events)
    weighed = sum(weight.n for parcel in rig.parcels for weight in parcel.weights)
    assert (rows["carts"], rows["pages"] + weighed) == (10, 2000)
    assert 500 < rows["pages"] <= 700
    assert {w.cache_name for p in rig.parcels for w in p.weights} == {"pages"}


def test_a_cache_that_became_slow_is_shipped_by_events_again() -> None:
    """After a minute of calm, and no earlier."""
    rig = Rig()
    rig.record("hit", "pages", 1000)
    rig.ship()
    turned = []
    for _ in range(70):
        rig.now_ns += SECOND
        rig.record("hit", "pages", 1)
        rig.ship()
        turned.append(rig.intake.active)
    assert turned == sorted(turned, reverse=True)
    assert 60 <= turned.count(True) <= 66


def test_a_recording_thread_helps_before_anything_is_dropped() -> None:
    """Ten times the buffer without a shipper: the fast cache is added up, nothing is dropped."""
    rig = Rig(capacity=10_000)
    rig.record("hit", "pages", 100_000)
    assert rig.recorder.dropped() == 0
    assert rig.recorder.waiting <= 10_000
    rig.ship()
    assert rig.shipped == rig.recorded


def test_helping_is_bounded_too() -> None:
    """Every operation a series of its own, and no shipper: at some point events are dropped."""
    rig = Rig(ALWAYS, capacity=2_000)
    for number in range(20_000):
        rig.record("hit", f"cache {number}")
    held = sum(len(found.fold.heaps) for found in rig.intake._handed)
    assert MOST_HANDED < held <= MOST_HANDED + 1_000
    assert rig.recorder.waiting <= 2_000
    assert rig.recorder.dropped() == 20_000 - held - rig.recorder.waiting
    rig.ship()
    assert rig.shipped.total() + rig.recorder.dropped() == 20_000


def test_where_nothing_may_be_added_up_the_bound_drops() -> None:
    """Never means never; and slow caches are not turned into weights by a full buffer."""
    rig = Rig(NEVER, capacity=1_000)
    rig.record("hit", "pages", 1_500)
    assert (rig.recorder.waiting, rig.recorder.dropped()) == (1_000, 500)
    slow = Rig(AUTO, capacity=1_000)
    for _ in range(1_500):
        slow.record("hit", "pages")
        slow.now_ns += SECOND // 20
    assert (slow.recorder.waiting, slow.recorder.dropped()) == (1_000, 500)
    slow.ship()
    assert sum(len(parcel.weights) for parcel in slow.parcels) == 0


def test_recording_threads_and_the_shipper_at_once() -> None:
    """Four threads record 40,000 each into a buffer of 4,000 while one looks: none is missing."""
    rig = Rig(ALWAYS, capacity=4_000)
    threads = [
        threading.Thread(target=lambda: [rig.recorder.record("hit", "k") for _ in range(40_000)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        rig.intake.look_at_all()
    rig.ship()
    assert sum(w.n for p in rig.parcels for w in p.weights) + rig.recorder.dropped() == 160_000
    assert rig.recorder.recorded == 160_000


def test_a_signal_in_the_middle_of_helping_neither_hangs_nor_loses() -> None:
    """What records while its own thread drains is kept, and does not wait for itself."""
    rig = Rig(ALWAYS, capacity=1_000)
    rig.record("hit", "pages", 400)
    follows = rig.intake._following.follows

    def interrupted(key: Any, cache_name: str) -> bool:
        rig.record("hit", "pages", 200)
        rig.intake._following.follows = follows  # type: ignore[method-assign]
        return False

    rig.intake._following.follows = interrupted  # type: ignore[method-assign]
    rig.recorder._draining.acquire()  # as if the signal came while values are taken out
    rig.intake.relieve()
    rig.recorder._draining.release()
    rig.record("miss", "pages", 1)
    rig.intake.relieve()
    rig.ship()
    assert rig.shipped == rig.recorded


def test_what_a_signals_handler_raises_while_it_helps_loses_nothing() -> None:
    """SystemExit while adding up passes through, and the events are where they were."""
    rig = Rig(ALWAYS, capacity=1_000)
    rig.record("miss", "pages", 499)
    follows = rig.intake._following.follows

    def terminated(key: Any, cache_name: str) -> bool:
        raise SystemExit

    rig.intake._following.follows = terminated  # type: ignore[method-assign]
    with pytest.raises(SystemExit):
        rig.intake.relieve()
    rig.intake._following.follows = follows  # type: ignore[method-assign]
    assert (rig.recorder.waiting, rig.intake.waiting) == (499, 499)
    rig.ship()
    assert rig.shipped == rig.recorded


@pytest.mark.parametrize("held_up", [False, True])
def test_the_last_parcel_is_complete_unless_a_helper_has_events_in_hand(held_up: bool) -> None:
    """Only then may a watermark say that everything up to the flush's begin is delivered."""
    rig = Rig(ALWAYS)
    rig.record("hit", "pages", 10)
    if held_up:
        rig.intake._helping.append(1_000)
    rig.ship()
    assert [parcel.last for parcel in rig.parcels] == [not held_up]


def test_large_flushes_come_in_bounded_parcels() -> None:
    """At most LARGEST_BATCH events and MOST_WEIGHTS weights each; the last one says so."""
    rig = Rig(NEVER)
    rig.record("hit", "pages", 2 * LARGEST_BATCH + 7)
    rig.ship()
    assert [len(p.events) for p in rig.parcels] == [LARGEST_BATCH, LARGEST_BATCH, 7]
    assert [p.last for p in rig.parcels] == [False, False, True]
    many = Rig(ALWAYS)
    for number in range(MOST_HEAPS + 1):
        many.record("hit", f"cache {number}")
    many.intake.look_at_all()
    assert many.intake.pressing(100) >= 100
    many.ship()
    assert [len(p.weights) for p in many.parcels] == [MOST_WEIGHTS, MOST_WEIGHTS, 1]
    assert [p.last for p in many.parcels] == [False, False, True]


def test_samples_are_few_and_beside_the_operations() -> None:
    """Of 10,000 hits five come along, with their keys; they stand for 2,000 each."""
    rig = Rig(ALWAYS)
    rig.record("hit", "pages", 10_000)
    rig.ship()
    (parcel,) = rig.parcels
    assert (parcel.operations, len(parcel.samples), parcel.events) == (10_000, MOST_EXAMPLES, [])
    assert all(sample[10] == {"sample_of": 2000.0} for sample in parcel.samples)
    assert all(sample[4] and sample[11] is True for sample in parcel.samples)


@pytest.mark.parametrize("mode", [ALWAYS, NEVER])
def test_misses_of_followed_keys_are_explained_either_way(mode: str) -> None:
    """As events they carry the cause; added up, samples of their own carry it."""
    rig = Rig(mode)
    keys = [key for key in (f"{n}" for n in range(400)) if is_followed(key.encode())]
    for key in keys:
        rig.recorder.record("set", key, 0.1, "pages", "new")
        rig.recorder.record("evict", key, None, "pages", "new")
    rig.now_ns += SECOND // 1000
    for key in keys:
        rig.recorder.record("miss", key, 0.1, "pages", "new")
    rig.ship()
    (parcel,) = rig.parcels
    told = [
        event
        for event in (*parcel.events, *parcel.samples)
        if isinstance(event[10], dict) and "miss_cause" in event[10]
    ]
    assert {event[10]["miss_cause"] for event in told} == {"evicted"}
    assert {event[10]["gone_s"] for event in told} == {0.001}
    if mode == NEVER:
        assert len(told) == len(keys)
    else:
        assert len(told) == MOST_EXAMPLES
        assert sum(event[10]["sample_of"] for event in told) == pytest.approx(len(keys))


def test_it_is_woken_less_often_while_operations_are_added_up() -> None:
    """By each batch that waits, or by two thousand events."""
    rung: list[int] = []
    rig = Rig(AUTO)
    ring: Callable[[], object] = lambda: rung.append(rig.recorder.waiting)  # noqa: E731
    rig.intake.attend(ring, 100)
    rig.record("hit", "pages", 250)
    assert rung == [100, 200]
    rig.choice.choose(("pages", "default"), rig.now_ns // (SPAN_S * SECOND))
    rig.intake.attend(ring, 100)
    assert (rig.recorder.waiting, rig.intake.at_most(60.0)) == (0, 1.0)
    rung.clear()
    rig.record("hit", "pages", 2_500)
    assert rung == [2_000]
