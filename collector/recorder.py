"""The hot path: an event into a bounded buffer, from any thread, with or without an event loop.

No lock, no I/O, no system call, and no exception into the caller. deque.append, popleft and the
step of itertools.count are each one indivisible step of the interpreter, and a thread's switch
between them cannot lose an event; the same holds for a signal, a finalizer or a garbage collection
that records while another record is under way.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections import deque
from itertools import count
from time import time_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, MutableSequence
    from typing import Any

    from collector.events import Event

DEFAULT_CAPACITY = 100_000


class Recorder:
    """Holds what was recorded until the shipper drains it.

    Above `capacity` events waiting, further ones are dropped and counted. `wake` is called with
    every `wake_every`-th event that waits; it must not block.
    """

    __slots__ = (
        "__weakref__",
        "_append",
        "_asked_drops",
        "_capacity",
        "_clock_ns",
        "_count_drop",
        "_number",
        "_seen",
        "_waiting",
        "_wake",
        "_wake_at",
        "_wake_every",
    )

    def __init__(
        self,
        capacity: int = DEFAULT_CAPACITY,
        clock_ns: Callable[[], int] = time_ns,
        wake: Callable[[], object] = bool,
        wake_every: int = 1,
    ) -> None:
        self._clock_ns = clock_ns
        self.reset(capacity, wake, wake_every)

    def reset(self, capacity: int, wake: Callable[[], object], wake_every: int) -> None:
        """Nothing waits, nothing is counted: a new start, or a forked child's."""
        self._waiting: deque[Event] = deque()
        self._append = self._waiting.append
        self._number = count(1).__next__
        self._count_drop = count().__next__
        self._asked_drops = 0
        self._seen: MutableSequence[int] | memoryview = [0]
        self._capacity = capacity
        self.call(wake, wake_every)

    def call(self, wake: Callable[[], object], wake_every: int) -> None:
        """From now on, wake with every wake_every-th event that waits."""
        self._wake = wake
        self._wake_every = wake_every
        self._wake_at = wake_every - 1

    def limit(self, capacity: int) -> None:
        """From now on, keep at most so many waiting; 0 drops (and counts) whatever comes."""
        self._capacity = capacity

    def record(
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
    ) -> None:
        """One cache operation, now. Never raises; what does not fit is counted and said."""
        try:
            self._seen[0] = self._number()
            waiting = len(self._waiting)
            if waiting >= self._capacity:
                self._count_drop()
                return
            self._append(
                (
                    self._clock_ns(),
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
            )
            if waiting % self._wake_every == self._wake_at:
                self._wake()
        except Exception:
            self._count_drop()

    def drain(self, most: int) -> list[Event]:
        """Up to `most` of the oldest events, no longer here afterwards. One caller at a time."""
        take = self._waiting.popleft
        return [take() for _ in range(min(most, len(self._waiting)))]

    def count_in(self, cells: memoryview) -> None:
        """Keep the number of recorded events in cells[0], where it outlives this process."""
        before = self._seen
        cells[0] = before[0]
        self._seen = cells
        cells[0] = max(cells[0], before[0])

    @property
    def waiting(self) -> int:
        """How many events wait now."""
        return len(self._waiting)

    @property
    def recorded(self) -> int:
        """How many events were recorded, those dropped among them."""
        return self._seen[0]

    def dropped(self) -> int:
        """How many were dropped. One caller at a time: asking moves the counter by one itself."""
        asked = self._asked_drops
        self._asked_drops = asked + 1
        return self._count_drop() - asked


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
