"""What was counted, delivered or spooled: batches under one collector id, in order.

Not for several threads at once. What the database does not take goes to the same spool folder as
any collector's, and what agents or applications left there that are dead is delivered as well.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

from collector.backoff import pause
from collector.batch import Batch, Beat
from collector.errors import CollectorError, SchemaMismatch, SpoolFull
from collector.orphans import Orphan, find_orphans
from collector.polled import Gauge, ServerState
from collector.settings import Settings
from collector.sinks.sink import Sink
from collector.spool import Spool
from collector.spool_folder import ClaimedFolder, claim, destination_folder
from collector.weights import Weight

logger = logging.getLogger("collector")

MOST_HELD = 1_000
"""Batches in memory where the disk takes none; above it the oldest are dropped."""
REPLAYED_A_TURN = 20


class Dispatch:
    """Delivers in the name of one agent. identity: a beat with who it is.

    The counts of its beats are operations: the sum of n over weights.
    """

    def __init__(
        self, settings: Settings, sink: Sink, identity: Beat, clock_ns: Callable[[], int]
    ) -> None:
        self._settings = settings
        self._sink = sink
        self._beat = identity
        self._clock_ns = clock_ns
        self._sequence = 0
        self._folder: ClaimedFolder | None = None
        self._destination: Path | None = None
        self._spool: Spool | None = None
        self._held: deque[Batch] = deque()
        self._waiting = 0
        self._orphans: deque[Orphan] = deque()
        self._failures = 0
        self._retry_ns = 0
        self._random = Random(identity.collector_id)
        self.contacted_ns = 0

    def open(self) -> None:
        """Take a folder for the spool; a disk that does not let us is said once."""
        try:
            self._destination = destination_folder(self._settings.spool_dir, self._sink.destination)
            self._folder = claim(self._destination / self._beat.collector_id)
            if self._folder is None:
                raise OSError("its folder is held by another process")
            self._spool = self._make_spool(self._folder.path, lambda _events: None)
        except OSError as error:
            logger.warning("without a spool: what the database does not take waits in memory: %s",
                           error)  # fmt: skip

    def ship(
        self,
        weights: Sequence[Weight],
        gauges: Sequence[Gauge],
        servers: tuple[ServerState, ...],
        watermark_ns: int,
    ) -> None:
        """Deliver these, or spool them. Never raises. watermark_ns: all before it is counted."""
        self._sequence += 1
        n = sum(weight.n for weight in weights)
        self._beat = replace(self._beat, recorded=self._beat.recorded + n)
        batch = Batch(
            self._beat.collector_id, self._sequence, (), tuple(weights), self._beat.node,
            gauges=tuple(gauges),
        )  # fmt: skip
        said = self._now_said(servers, watermark_ns)
        delivered = replace(said, delivered=said.delivered + n)
        if (
            not self._backlog
            and not self._resting
            and self._attempt(lambda: self._deliver(replace(batch, beat=delivered)))
        ):
            self._beat = replace(self._beat, delivered=self._beat.delivered + n)
        else:
            self._append(batch)

    def tend(self, servers: tuple[ServerState, ...], watermark_ns: int, beat_after_ns: int) -> None:
        """What is due beside shipping: replay what waits, and say that we live. Never raises.

        beat_after_ns: since the last contact.
        """
        if self._resting:
            return
        if self._backlog or self._orphans:
            self._replay()
        if not self._resting and self._clock_ns() - self.contacted_ns >= beat_after_ns:
            said = self._now_said(servers, watermark_ns)
            if self._attempt(lambda: self._sink.beat(said)):
                self._look_after_the_dead()

    def close(self, servers: tuple[ServerState, ...], watermark_ns: int) -> bool:
        """Goodbye. True when nothing waits; what does stays on the disk for the next agent."""
        until_ns = self._clock_ns() + int(self._settings.exit_timeout_s * 1e9)
        while self._backlog and not self._failures and self._clock_ns() < until_ns:
            self._replay()
        if not self._failures:
            said = replace(self._now_said(servers, watermark_ns), goodbye=True)
            self._attempt(lambda: self._sink.beat(said))
        self._sink.close()
        for orphan in self._orphans:
            orphan.release()
        if self._folder is not None:
            if not self._backlog:
                self._folder.remove()
            self._folder.release()
        return not self._backlog

    # Inside ------------------------------------------------------------------------------------

    @property
    def _backlog(self) -> bool:
        return bool(self._held) or bool(self._spool)

    @property
    def _resting(self) -> bool:
        """The last attempt failed, and the pause after it is not over."""
        return self._failures > 0 and self._clock_ns() < self._retry_ns

    def _now_said(self, servers: tuple[ServerState, ...], watermark_ns: int) -> Beat:
        """How things stand; while anything waits there is no watermark."""
        return replace(
            self._beat,
            watermark_ns=None if self._backlog else watermark_ns,
            spooled=self._waiting,
            servers=servers,
        )

    def _attempt(self, call: Callable[[], object]) -> bool:
        """Whether the sink took it; if not, it is left alone for a while."""
        try:
            call()
        except Exception as error:  # nothing that a sink raises costs what was counted
            self._failures += 1
            wait_s = pause(self._failures, self._random.random())
            self._retry_ns = self._clock_ns() + int(wait_s * 1e9)
            if self._failures == 1:
                _tell(error)
            return False
        if self._failures:
            logger.info("the metrics database answers again")
        self._failures = 0
        self.contacted_ns = self._clock_ns()
        return True

    def _deliver(self, batch: Batch) -> None:
        for refused in self._sink.deliver(batch).refused:
            logger.warning("the database refuses a count: %s", refused.reason)

    def _append(self, batch: Batch) -> None:
        self._waiting += _operations(batch)
        self._held.append(batch)
        while self._held and self._spool is not None:
            try:
                self._spool.append(self._held[0])
            except (OSError, SpoolFull):
                break
            self._held.popleft()
        while len(self._held) > MOST_HELD:
            self._drop(_operations(self._held.popleft()))

    def _replay(self) -> None:
        """Some batches: of the dead before our own, oldest first."""
        for _ in range(REPLAYED_A_TURN):
            source = self._orphans[0] if self._orphans else self._spool
            batch = source.oldest() if source is not None else None
            if batch is None and isinstance(source, Orphan):
                if not self._attempt(lambda: self._orphans[0].bury(self._sink)):
                    return
                self._orphans.popleft()
                continue
            found = batch or (self._held[0] if self._held else None)
            if found is None:
                self._drop(self._waiting)  # what is on no disk any more was dropped for a bound
                return
            if not self._attempt(partial(self._deliver, found)):
                return
            self._forget(source if batch is not None else None, found)

    def _forget(self, source: Orphan | Spool | None, batch: Batch) -> None:
        if source is None:
            self._held.popleft()
        else:
            source.forget_oldest()
        if batch.collector_id == self._beat.collector_id:
            n = _operations(batch)
            self._waiting -= n
            self._beat = replace(self._beat, delivered=self._beat.delivered + n)

    def _drop(self, operations: int) -> None:
        if operations > 0:
            logger.warning("%d counted operations dropped: the spool was full", operations)
            self._waiting -= operations
            self._beat = replace(self._beat, dropped=self._beat.dropped + operations)

    def _look_after_the_dead(self) -> None:
        if self._destination is not None and not self._orphans:
            try:
                own = self._beat.collector_id
                self._orphans.extend(find_orphans(self._destination, own, self._make_spool))
            except OSError as error:
                logger.debug("the spool folder cannot be read: %s", error)

    def _make_spool(self, folder: Path, on_loss: Callable[[int], None]) -> Spool:
        return Spool(
            folder,
            max_bytes=self._settings.spool_bytes,
            max_age_ns=int(self._settings.spool_age_s * 1e9),
            clock_ns=self._clock_ns,
            on_loss=on_loss,
        )


def _tell(error: Exception) -> None:
    """The first failure in a row, in the log."""
    if isinstance(error, SchemaMismatch):
        logger.warning("counts are spooled until `cache-auditor migrate` is run: %s", error)
    elif isinstance(error, CollectorError):
        logger.warning("the metrics database is away, counts are spooled: %s", error)
    else:
        logger.error("delivering failed in an unforeseen way; counts are spooled", exc_info=error)


def _operations(batch: Batch) -> int:
    return sum(weight.n for weight in batch.weights)
