"""What waits on disk, oldest first and that of the dead before our own, delivered bit by bit."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from collector.backlog import Backlog
from collector.batch import Batch
from collector.custody import Custody
from collector.delivery import Delivery
from collector.orphans import Orphan
from collector.sinks.sink import Receipt, Sink

logger = logging.getLogger("collector")

REPLAYED_A_TURN = 8
LONGEST_FAREWELL_S = 1.0

Source = Orphan | Backlog


class Replay:
    """Delivers what a process's custody holds.

    settled: told of each batch that was stored, so that it forgets and counts it; False from it
    means that there is no more to be done.
    """

    def __init__(
        self,
        custody: Custody,
        delivery: Delivery,
        sink: Sink,
        settled: Callable[[Source, Batch, Receipt], bool],
    ) -> None:
        self._custody = custody
        self._delivery = delivery
        self._sink = sink
        self._settled = settled

    def turn(self) -> bool:
        """Some batches; True when nothing waits any more, False to be called again."""
        for _ in range(REPLAYED_A_TURN):
            orphans = self._custody.orphans
            source: Source = orphans[0] if orphans else self._custody.backlog
            batch = source.oldest()
            if batch is not None:
                if not self._deliver(source, batch):
                    return False
            elif isinstance(source, Orphan):
                if not self._bury(source):
                    return False
            else:
                return True
        return False

    def at_the_end(self, over: Callable[[], bool]) -> None:
        """What still waits, of our own and of the dead: a short life looks after them too.

        No longer than LONGEST_FAREWELL_S, and not when the sink is away. over: there is no time.
        """
        if not self._delivery.failing:
            self._custody.look_after_the_dead()
        until = time.monotonic() + LONGEST_FAREWELL_S
        while self._custody.backlog or self._custody.orphans:
            if over() or self._delivery.failing or time.monotonic() >= until or self.turn():
                return

    def _deliver(self, source: Source, batch: Batch) -> bool:
        receipt = self._delivery.attempt(lambda: self._sink.deliver(batch))
        return receipt is not None and self._settled(source, batch, receipt)

    def _bury(self, orphan: Orphan) -> bool:
        lost = self._delivery.attempt(lambda: orphan.bury(self._sink))
        if lost is None:
            return False
        self._custody.orphans.popleft()
        if lost:
            logger.warning(
                "%d events were lost with collector %s, which ended without a goodbye",
                lost,
                orphan.collector_id,
            )
        return True
