"""One server's thread: asks at each boundary of the clock, and tells what came of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from collector.agents.address import Address
from collector.agents.credentials import Credentials
from collector.agents.errors import quoted
from collector.agents.reading import Reading
from collector.agents.rhythm import next_poll_ns, offset_ns, snapped_ns
from collector.agents.servers import Connection
from collector.backoff import pause
from collector.errors import CollectorError

TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one poll of the server under `number` came to. because: why there is no reading."""

    number: int
    at_ns: int
    reading: Reading | None = None
    because: str = ""


class Polling:
    """Polls one server until it is told to stop; whatever it meets is told, never raised.

    A server that does not answer is asked again after a pause that grows up to a minute, at a
    boundary again.
    """

    def __init__(
        self,
        number: int,
        address: Address,
        credentials: Credentials,
        interval_s: int,
        tell: Callable[[Outcome], object],
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._number = number
        self._connection = Connection(address, credentials)
        self._interval_s = interval_s
        self._offset = offset_ns(f"{address.place} {address.series}", interval_s)
        self._tell = tell
        self._clock_ns = clock_ns
        self._random = random.Random(address.place)
        self._failures = 0

    def run(self, stop: Event) -> None:
        """The thread: a first poll at once, for counting to begin with, and then by the clock."""
        while not stop.is_set():
            self._tell(self.poll())
            now_ns = self._clock_ns()
            after_ns = now_ns + int(self._pause_s() * 1e9)
            due_ns = next_poll_ns(after_ns, self._interval_s, self._offset)
            stop.wait((due_ns - now_ns) / 1e9)
        self._connection.close()

    def poll(self) -> Outcome:
        """One poll, at most TIMEOUT_S long, and shorter than the interval."""
        began_ns = self._clock_ns()
        deadline_s = time.monotonic() + min(TIMEOUT_S, 0.8 * self._interval_s)
        try:
            reading = self._connection.read(deadline_s, self._instant_ns)
        except CollectorError as error:
            self._failures += 1
            return Outcome(self._number, began_ns, because=str(error))
        except Exception as error:  # one server's answer must not end the others' polls
            self._failures += 1
            words = f"polling it failed in an unforeseen way: {type(error).__name__} {error}"
            return Outcome(self._number, began_ns, because=quoted(words))
        self._failures = 0
        return Outcome(self._number, reading.at_ns, reading)

    def _instant_ns(self) -> int:
        return snapped_ns(self._clock_ns(), self._interval_s)

    def _pause_s(self) -> float:
        return pause(self._failures, self._random.random()) if self._failures else 0.0
