"""The thread that ships: drain, prepare, deliver or spool, replay, and say that it lives.

One turn after the other: the schedule says what is due, the rest is done here. Nothing it meets
ends it but `stop`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from collector import dead_letters
from collector.backlog import Backlog
from collector.backoff import pause
from collector.batch import LARGEST_BATCH, Batch, Beat
from collector.errors import SchemaMismatch, SinkUnavailable
from collector.events import Event, Refused, Row, Span, prepare
from collector.keys import Encoder, KeyHasher
from collector.losses import CounterFile
from collector.orphans import Orphan, find_orphans
from collector.recorder import Bell, Recorder
from collector.schedule import Moment, Rhythm, next_step, offset
from collector.secret import Secret, find_secret
from collector.settings import Settings
from collector.sinks.sink import Receipt, Sink
from collector.spool import Spool
from collector.spool_folder import ClaimedFolder, claim, destination_folder
from collector.tally import Tally

logger = logging.getLogger("collector")
Answer = TypeVar("Answer")

# A thread that read the clock may be set aside for a moment before its event is in the buffer.
STRAGGLE_NS = 50 * 10**6
REPLAYED_A_TURN = 8


class Shipper:
    """Ships what one recorder holds to one sink, under one collector id; `run` is the thread.

    identity: a beat with who this is (id, node, pid, version, start). encoders: by cache_name.
    """

    def __init__(
        self,
        recorder: Recorder,
        bell: Bell,
        settings: Settings,
        sink: Sink,
        identity: Beat,
        *,
        encoder: Encoder | None = None,
        encoders: Mapping[str, Encoder] | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._recorder = recorder
        self._bell = bell
        self._settings = settings
        self._sink = sink
        self._identity = identity
        self._clock_ns = clock_ns
        self._random = Random(identity.collector_id)
        self._rhythm = Rhythm(
            settings.batch_size,
            settings.flush_interval_s,
            settings.flush_every_s,
            settings.heartbeat_s,
            offset(identity.collector_id, settings.spread_s),
        )
        self._encoder, self._encoders = encoder, encoders
        self._hasher: KeyHasher | None = None
        self._secret: Secret | None = None
        self.tally = Tally()
        self._destination: Path | None = None
        self._folder: ClaimedFolder | None = None
        self._counters: CounterFile | None = None
        self._backlog = Backlog(None, settings.buffer_events)
        self._orphans: deque[Orphan] = deque()
        self._sequence = 0
        self._under_way: Batch | None = None
        self._flushed = self._now()
        self._contacted = -inf
        self._drained_until_ns: int | None = None
        self._failures = 0
        self._retry_at = inf
        self._schema_warned = False
        self._abandoned = False
        self._lock = threading.RLock()
        self._requests: deque[threading.Event] = deque()
        self.stopping = False

    # What other threads call -------------------------------------------------------------------

    def request_flush(self) -> threading.Event:
        """Flush soon; the event is set when what waits now is delivered or spooled."""
        done = threading.Event()
        self._requests.append(done)
        self._bell.ring()
        return done

    def abandon(self) -> None:
        """The process ends and the thread hangs in the network: put what is left on the disk.

        The batch under way keeps its id, so that it does no harm if it was stored after all.
        """
        with self._lock:
            self._abandoned = True
            if self._under_way is not None:
                self._spool(self._under_way)
            while events := self._recorder.drain(LARGEST_BATCH):
                rows = self._prepare(events, ask=False)
                if rows:
                    self._spool(self._next_batch(rows, None))
            self._settle()

    def disown(self) -> None:
        """In a forked child: let go of the parent's locks without ending them."""
        if self._folder is not None:
            self._folder.release()
        for orphan in self._orphans:
            orphan.release()

    # The thread --------------------------------------------------------------------------------

    def run(self) -> None:
        """Until `stopping` is set and nothing waits."""
        self._open()
        while not self._abandoned:
            try:
                if self.stopping and not self._recorder.waiting:
                    break
                self._turn()
            except Exception:
                logger.exception("the collector's thread met an error and goes on")
                self._bell.sleep(1.0)
        if not self._abandoned:
            self._close()

    def _turn(self) -> None:
        moment = Moment(
            self._now(),
            self._recorder.waiting,
            self._flushed,
            self._contacted,
            self._retry_at,
            self.stopping or bool(self._requests),
        )
        step = next_step(self._rhythm, moment)
        if step.sleep_s and not self._requests:
            self._bell.sleep(step.sleep_s)
            return
        requests = list(self._requests)
        if step.retry:
            self._replay()
        if step.flush:
            self._flush()
        elif step.beat:
            self._beat()
        for done in requests:
            self._requests.remove(done)
            done.set()

    def _flush(self) -> None:
        """Everything that waits now, in batches; the last one carries the watermark."""
        self._flushed = self._now()
        before_ns = self._clock_ns() - STRAGGLE_NS
        left = self._recorder.waiting
        while left > 0 and not self._abandoned:
            with self._lock:
                events = self._recorder.drain(min(left, LARGEST_BATCH))
                left -= max(len(events), 1)
                rows = self._prepare(events)
                batch = self._next_batch(rows, before_ns if left <= 0 else None)
            if rows:
                self._ship(batch)
        self._drained_until_ns = before_ns
        self._tell_drops()

    def _ship(self, batch: Batch) -> None:
        receipt = None
        if not self._failures and not self._backlog:
            receipt = self._attempt(lambda: self._sink.deliver(batch))
        with self._lock:
            if self._abandoned:
                return
            if receipt is None:
                self._spool(batch)
            else:
                self._account(batch, receipt)
                self._contacted = self._now()
            self._under_way = None
            self._settle()

    def _spool(self, batch: Batch) -> None:
        self._backlog.append(batch)
        if not self._failures:
            self._retry_at = self._now()

    def _replay(self) -> None:
        """Some of what waits on disk, oldest first; then this collector is up to date again."""
        self._retry_at = self._now()
        for _ in range(REPLAYED_A_TURN):
            source = self._orphans[0] if self._orphans else self._backlog
            batch = source.oldest()
            if batch is None and isinstance(source, Orphan):
                if not self._bury(source):
                    return
                continue
            if batch is None:
                self._beat()
                if not (self._failures or self._orphans or self._backlog):
                    self._retry_at = inf
                return
            receipt = self._attempt(lambda batch=batch: self._sink.deliver(batch))  # type: ignore[misc]
            if receipt is None:
                return
            with self._lock:
                if self._abandoned:
                    return
                source.forget_oldest()
                self._account(batch, receipt)
                self._settle()

    def _bury(self, orphan: Orphan) -> bool:
        lost = self._attempt(lambda: orphan.bury(self._sink))
        if lost is None:
            return False
        self._orphans.popleft()
        if lost:
            logger.warning(
                "%d events were lost with collector %s, which ended without a goodbye",
                lost,
                orphan.collector_id,
            )
        return True

    def _beat(self, goodbye: bool = False) -> None:
        self._contacted = self._now()
        if not self._backlog and not self._recorder.waiting:
            self._drained_until_ns = self._clock_ns() - STRAGGLE_NS
        if self._failures and self._now() < self._retry_at:
            return
        self._tell_drops()
        beat = replace(self._make_beat(self._drained_until_ns), goodbye=goodbye)
        if self._attempt(lambda: self._sink.beat(beat) or True) and not goodbye:
            self._after_contact()

    def _after_contact(self) -> None:
        """The server is there: learn the real secret, look after the dead, go on with the spool."""
        if self._secret is not None and self._secret.local:
            self._learn_secret()
        if self._destination is not None and not self._orphans:
            found = find_orphans(
                self._destination, self._identity.collector_id, self._make_spool
            )
            self._orphans.extend(found)
        if self._orphans or self._backlog:
            self._retry_at = self._now()

    # Pieces --------------------------------------------------------------------------------------

    def _attempt(self, call: Callable[[], Answer]) -> Answer | None:
        """What the sink answers; None when it is away, and then not before `_retry_at` again."""
        try:
            answer = call()
        except Exception as error:
            self._failures += 1
            self._retry_at = self._now() + pause(self._failures, self._random.random())
            self._tell_trouble(error)
            return None
        if self._failures:
            logger.info("the metrics database answers again")
            self._failures = 0
            self._retry_at = self._now()
        return answer

    def _tell_trouble(self, error: Exception) -> None:
        if isinstance(error, SchemaMismatch):
            if not self._schema_warned:
                self._schema_warned = True
                logger.warning("batches are spooled until `cache-auditor migrate` is run: %s", error)
        elif not isinstance(error, SinkUnavailable):
            if self._failures == 1:
                logger.exception("delivering failed in an unforeseen way; batches are spooled")
        elif self._failures == 1:
            logger.warning("the metrics database is away, batches are spooled: %s", error)

    def _prepare(self, events: list[Event], ask: bool = True) -> tuple[Row, ...]:
        self.tally.drained += len(events)
        if self._hasher is None:
            self._learn_secret(ask)
        assert self._hasher is not None
        span = Span.around(self._clock_ns())
        rows = []
        for event in events:
            row = prepare(event, span, self._hasher)
            if isinstance(row, Refused):
                self.tally.refuse(row.reason)
            else:
                rows.append(row)
        return tuple(rows)

    def _learn_secret(self, ask: bool = True) -> None:
        def not_now() -> bytes:
            raise SinkUnavailable("the server is not asked now")

        source = self._sink.key_secret if ask and not self._failures else not_now
        self._secret = find_secret(self._settings.key_secret, source, self._destination)
        self._hasher = KeyHasher(
            self._secret.value,
            encoder=self._encoder,
            encoders=self._encoders,
            plain=self._settings.plain_keys,
        )

    def _next_batch(self, rows: tuple[Row, ...], watermark_ns: int | None) -> Batch:
        if not rows:
            return Batch(self._identity.collector_id, self._sequence)
        self._sequence += 1
        if self._counters is not None:
            self._counters.begin(self._sequence, len(rows))
        beat = self._make_beat(None if self._backlog else watermark_ns)
        batch = Batch(
            self._identity.collector_id, self._sequence, rows, (), self._identity.node, beat
        )
        self._under_way = batch
        return batch

    def _make_beat(self, watermark_ns: int | None) -> Beat:
        return replace(
            self._identity,
            watermark_ns=None if self._backlog else watermark_ns,
            recorded=self._recorder.recorded,
            delivered=self.tally.delivered,
            dropped=self.tally.dropped + self._backlog.dropped,
            refused=self.tally.refused,
            lost=self.tally.lost,
            spooled=self._backlog.on_disk + self._backlog.in_memory,
            keys_local=self._secret is not None and self._secret.local,
        )

    def _account(self, batch: Batch, receipt: Receipt) -> None:
        if batch.collector_id == self._identity.collector_id:
            self.tally.delivered += len(batch.rows) - len(receipt.refused)
        for refused in receipt.refused:
            self.tally.refuse(f"by the database: {refused.reason}")
        if receipt.refused and self._destination is not None:
            try:
                path = self._destination / "dead_letters.jsonl"
                dead_letters.set_aside(path, batch.collector_id, batch.sequence, receipt.refused)
            except OSError as error:
                logger.warning("refused rows cannot be set aside: %s", error)

    def _settle(self) -> None:
        """Tell the counter file what would survive a kill now."""
        if self._counters is not None:
            waits = len(self._under_way.rows) if self._under_way is not None else 0
            self._counters.settled(
                self.tally.drained + self.tally.dropped - waits - self._backlog.in_memory
            )

    def _tell_drops(self) -> None:
        self.tally.drop(self._recorder.dropped())
        self._settle()

    def _now(self) -> float:
        return self._clock_ns() / 1e9

    # Beginning and end ---------------------------------------------------------------------------

    def _open(self) -> None:
        settings = self._settings
        try:
            destination = destination_folder(settings.spool_dir, self._sink.destination)
            folder = claim(destination / self._identity.collector_id)
            if folder is None:
                raise OSError("its folder is held by another process")
            self._destination, self._folder = destination, folder
            self._counters = CounterFile(folder.counts)
            self._recorder.count_in(self._counters.cells)
            spool = self._make_spool(folder.path, self.tally.lose)
            self._backlog = Backlog(spool, settings.buffer_events)
        except OSError as error:
            logger.warning("without a spool: what the server does not take is lost: %s", error)

    def _make_spool(self, folder: Path, on_loss: Callable[[int], None]) -> Spool:
        return Spool(
            folder,
            max_bytes=self._settings.spool_bytes,
            max_age_ns=int(self._settings.spool_age_s * 1e9),
            clock_ns=self._clock_ns,
            on_loss=on_loss,
        )

    def _close(self) -> None:
        """Goodbye, if the server is there; the folder stays only if something waits in it."""
        if self._backlog and not self._failures:
            self._replay()
        self._tell_drops()
        if not self._failures:
            self._beat(goodbye=True)
        self._sink.close()
        for orphan in self._orphans:
            orphan.release()
        for done in self._requests:
            done.set()
        if self._folder is not None:
            if self._backlog:
                self._folder.release()
            else:
                self._folder.remove()
