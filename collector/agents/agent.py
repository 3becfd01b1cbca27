"""An agent: a thread for each server that is polled, and one that ships what they tell."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from uuid import uuid4

from collector.agents.address import Address
from collector.agents.credentials import Credentials
from collector.agents.dispatch import Dispatch
from collector.agents.polling import Outcome, Polling
from collector.agents.roster import Counted, Roster
from collector.batch import Beat
from collector.settings import Settings
from collector.sinks.sink import Sink
from collector.version import installed_version

logger = logging.getLogger("collector")

GATHER_S = 0.3
"""Servers are asked within a quarter of a second; what they say goes in one transaction."""
LISTEN_S = 1.0
HEARTBEAT_NS = 60 * 10**9


class Agent:
    """Polls servers until it is stopped. servers: each address with its credentials.

    interval_s: one of INTERVALS_S. heard: called with what each poll came to, in this thread.
    """

    def __init__(
        self,
        servers: Mapping[Address, Credentials],
        sink: Sink,
        settings: Settings,
        *,
        interval_s: int = 10,
        heard: Callable[[Counted], object] = lambda _counted: None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._roster = Roster(tuple(servers))
        self._clock_ns = clock_ns
        self._heard = heard
        self._outcomes: SimpleQueue[Outcome | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._pollings = [
            Polling(number, address, credentials, interval_s, self._outcomes.put, clock_ns)
            for number, (address, credentials) in enumerate(servers.items())
        ]
        identity = Beat(
            str(uuid4()), settings.node, os.getpid(), installed_version(), started_ns=clock_ns()
        )
        self.collector_id = identity.collector_id
        self._dispatch = Dispatch(settings, sink, identity, clock_ns)

    def stop(self) -> None:
        """End `run` soon; may be called from a signal's handler, and from any thread."""
        self._stopping.set()
        self._outcomes.put(None)

    def run(self) -> bool:
        """Until `stop`. True when everything that was counted is delivered; else it is spooled."""
        self._dispatch.open()
        for number, polling in enumerate(self._pollings):
            threading.Thread(
                target=polling.run, args=(self._stopping,), name=f"poll {number}", daemon=True
            ).start()
        while not self._stopping.is_set():
            self._turn(self._gathered())
        self._turn(self._at_hand())
        return self._dispatch.close(self._roster.states(), self._counted_until())

    def _turn(self, outcomes: Sequence[Outcome]) -> None:
        """What some outcomes come to, shipped; whatever it meets, polling goes on."""
        try:
            counted = [self._roster.take(outcome) for outcome in outcomes]
            for each in counted:
                if each.news:
                    logger.log(logging.WARNING if each.bad else logging.INFO, "%s", each.news)
                self._heard(each)
            gauges = [gauge for each in counted for gauge in each.gauges]
            states, until_ns = self._roster.states(), self._counted_until()
            if gauges:
                weights = [weight for each in counted for weight in each.weights]
                self._dispatch.ship(weights, gauges, states, until_ns)
            if self._roster.all_asked:
                self._dispatch.tend(states, until_ns, HEARTBEAT_NS)
        except Exception:
            logger.exception("the agent met an error and goes on")

    def _gathered(self) -> list[Outcome]:
        """Outcomes, waited for, with those that come a moment later."""
        try:
            first = self._outcomes.get(timeout=LISTEN_S)
        except Empty:
            return []
        if first is not None:
            time.sleep(GATHER_S)  # waiting for an Event would hold the lock that `stop` needs
        return [*([first] if first is not None else []), *self._at_hand()]

    def _at_hand(self) -> list[Outcome]:
        """Those that have come."""
        found: list[Outcome] = []
        while True:
            try:
                outcome = self._outcomes.get_nowait()
            except Empty:
                return found
            if outcome is not None:
                found.append(outcome)

    def _counted_until(self) -> int:
        return self._roster.counted_until_ns(self._clock_ns())
