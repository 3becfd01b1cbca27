"""The hot path: an event into a bounded buffer, from any thread, with or without an event loop.

No lock, no I/O, no system call, and no exception into the caller. list.extend by a tuple and the
step of itertools.count are each one indivisible step of the interpreter, and a thread's switch
between them cannot lose an event; the same holds for a signal, a finalizer or a garbage collection
that records while another record is under way.

The buffer is one flat list, PARTS values an event. A tuple kept for each event would cost a good
half more: each is one more object for the garbage collector to count and to look at, while the one
made here is gone at once and its memory used again.

What every event needs is done in `record` itself, out of names that are at hand without looking up
an attribute: count it where the count outlives the process, read the clock, extend the list. What
only some need (waking the shipper, dropping above the bound) is left to the event whose number is
`alarm`, chosen so that none before it could need it.
"""

from __future__ import annotations

import logging
from _thread import allocate_lock
from itertools import chain, count
from time import time_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, MutableSequence, Sequence
    from typing import Any, Protocol

    from collector.events import Event

    class Record(Protocol):
        """One cache operation, now. Never raises; what does not fit is counted and said."""

        def __call__(
            self,
            operation_type: str = "",
            cache_key: Any = None,
            response_time_ms: float | None = None,
            cache_name: str = "default",
            implementation_type: str = "default",
            cache_size: int | None = None,
            value_bytes: int | None = None,
            error_type: str | None = None,
            error_message: str | None = None,
            metadata: dict[str, Any] | None = None,
            is_sample: bool = False,
        ) -> None: ...


logger = logging.getLogger("collector")

DEFAULT_CAPACITY = 100_000
PARTS = 12
RELIEF_EVERY = 1_000


class Recorder:
    """Holds what was recorded until the shipper drains it.

    Above `capacity` events waiting, further ones are dropped and counted. `wake` is called with
    every `wake_every`-th event that waits; it must not block. Who `helped_by` names is called while
    the buffer is half full, before anything is dropped.
    """

    __slots__ = (
        "__weakref__",
        "_capacity",
        "_cells",
        "_draining",
        "_drops",
        "_events",
        "_point",
        "_relieve",
        "_values",
        "_wake",
        "_wake_every",
        "record",
    )

    record: Record

    def __init__(
        self,
        capacity: int = DEFAULT_CAPACITY,
        clock_ns: Callable[[], int] = time_ns,
        wake: Callable[[], object] = bool,
        wake_every: int = 1,
    ) -> None:
        self.record, self._point = _hot_path(self, clock_ns)
        self.reset(capacity, wake, wake_every)

    def reset(self, capacity: int, wake: Callable[[], object], wake_every: int) -> None:
        """Nothing waits, nothing is counted: a new start, or a forked child's."""
        self._values: list[Any] = []
        self._draining = allocate_lock()
        self._events, self._drops = count(1), count(1)
        self._cells: MutableSequence[int] | memoryview = [0]
        self._capacity = capacity
        self._relieve: Callable[[], object] = bool
        self.call(wake, wake_every)

    def helped_by(self, relieve: Callable[[], object]) -> None:
        """What a recording thread calls each thousand events while the buffer is half full."""
        self._relieve = relieve
        self._point()

    def call(self, wake: Callable[[], object], wake_every: int) -> None:
        """From now on, wake with every wake_every-th event that waits."""
        self._wake, self._wake_every = wake, wake_every
        self._point()

    def limit(self, capacity: int) -> None:
        """From now on, keep at most so many waiting; 0 drops (and counts) whatever comes."""
        self._capacity = capacity
        self._point()

    def close(self) -> None:
        """From now on nothing is kept, and what waits is dropped as well; all of it is counted."""
        self.limit(0)
        for _ in self.drain(self.waiting):
            self.drop()

    def drain(self, most: int) -> list[Event]:
        """Up to `most` of the oldest events, no longer here afterwards."""
        each = [iter(self.drain_values(most))] * PARTS
        return list(zip(*each, strict=True))

    def drain_values(self, most: int, wait: bool = True) -> list[Any]:
        """The same, one event's values after the other's: PARTS times as many.

        wait=False gives nothing while another caller is at it: for recording threads, which may be
        in the middle of it themselves when a signal has them record.
        """
        if not self._draining.acquire(wait):
            return []
        try:
            values = self._values[: most * PARTS]
            del self._values[: most * PARTS]
        finally:
            self._draining.release()
        return values

    def put_back(self, events: Sequence[Event]) -> None:
        """What was drained, in front of all others again."""
        values = list(chain.from_iterable(events))
        with self._draining:
            self._values[:0] = values

    def latest(self, most: int) -> list[Event]:
        """Up to so many of the latest events, which stay here."""
        values = self._values[-most * PARTS :]
        return list(zip(*[iter(values)] * PARTS, strict=True))

    def count_in(self, cells: memoryview) -> None:
        """Keep the number of recorded events in cells[0], where it outlives this process."""
        cells[0] = self.recorded
        self._cells = cells
        self._point()
        cells[0] = max(cells[0], self.recorded)

    @property
    def waiting(self) -> int:
        """How many events wait now."""
        return len(self._values) // PARTS

    @property
    def recorded(self) -> int:
        """How many events were recorded, those dropped among them."""
        return _reached(self._events)

    def dropped(self) -> int:
        """How many of them were dropped, in all by now."""
        return _reached(self._drops)

    def cope(self, number: int, event: Event) -> int:
        """Keep or drop the event of that number and wake who must be; the next alarm."""
        half, waiting = self._capacity // 2, self.waiting
        if waiting >= half > 0:
            _quietly(self._relieve)
            waiting = self.waiting
        if waiting >= self._capacity:
            self.drop()
            return 0
        self._values.extend(event)
        waiting += 1
        if waiting >= self._wake_every:
            _quietly(self._wake)
        # What is taken out meanwhile makes the alarm come early, and then it is set again.
        until_wake = self._wake_every - waiting % self._wake_every
        until_help = half - waiting if waiting < half else RELIEF_EVERY
        return number + max(min(until_wake, until_help, self._capacity - waiting), 1)

    def drop(self) -> None:
        """An event was not kept, for whatever reason; count it."""
        next(self._drops)


def _hot_path(recorder: Recorder, clock_ns: Callable[[], int]) -> tuple[Record, Callable[[], None]]:
    """`record`, and what makes it look at the recorder's parts again.

    Longer than most functions, because a call out of `record` would cost a good part of it.
    """
    extend: Callable[[Event], None]
    number: Callable[[], int]
    cells: MutableSequence[int] | memoryview
    alarm = 0

    def point() -> None:
        nonlocal extend, number, cells, alarm
        extend, number = recorder._values.extend, recorder._events.__next__
        cells, alarm = recorder._cells, 0

    def record(
        operation_type: str = "",
        cache_key: Any = None,
        response_time_ms: float | None = None,
        cache_name: str = "default",
        implementation_type: str = "default",
        cache_size: int | None = None,
        value_bytes: int | None = None,
        error_type: str | None = None,
        error_message: str | None = None,
        metadata: dict[str, Any] | None = None,
        is_sample: bool = False,
    ) -> None:
        """One cache operation, now. Never raises; what does not fit is counted and said."""
        nonlocal alarm
        try:
            cells[0] = this = number()
            event = (
                clock_ns(),
                operation_type,
                cache_name,
                implementation_type,
                cache_key,
                response_time_ms,
                cache_size,
                value_bytes,
                error_type,
                error_message,
                metadata,
                is_sample,
            )
            if this < alarm:
                extend(event)
            else:
                capacity = recorder._capacity
                alarm = recorder.cope(this, event)
                if recorder._capacity != capacity:  # it changed in the middle of that
                    alarm = 0
        except Exception:
            recorder.drop()

    return record, point


def _quietly(call: Callable[[], object]) -> None:
    try:
        call()
    except Exception:
        logger.debug("the shipper was not woken, or nobody helped it", exc_info=True)


def _reached(counter: count[int]) -> int:
    """How often a count that began at 1 was stepped; looking does not step it."""
    return int(repr(counter)[len("count(") : -1]) - 1


class Bell:
    """Wakes one sleeping thread; ringing never blocks and may happen anywhere, even in a signal."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._lock.acquire()

    def ring(self) -> None:
        """The sleeper wakes, or does not fall asleep the next time."""
        try:  # noqa: SIM105  # contextlib.suppress would be the costliest thing here
            self._lock.release()
        except RuntimeError:
            pass  # it rings already

    def sleep(self, seconds: float) -> bool:
        """Until the bell rings (true), or that long (false)."""
        return self._lock.acquire(timeout=max(seconds, 0.0))
