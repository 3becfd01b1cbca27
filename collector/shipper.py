"""The thread that ships: drain, prepare, deliver or spool, replay, and say that it lives.

One turn after the other: the schedule says what is due, the rest is done here. Nothing it meets
ends it but `stopping`. A courier makes the calls to the sink; while one of them takes long, what it
carries and what comes due is put on the disk. The lock guards what `abandon` does from another
thread at the very end.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from math import inf

from collector.anteroom import Anteroom
from collector.author import Author
from collector.batch import Batch, Beat
from collector.courier import Courier
from collector.custody import Custody
from collector.delivery import Delivery
from collector.errors import SinkUnavailable
from collector.flush_requests import FlushRequests
from collector.intake import Intake, Parcel
from collector.keys import Encoder
from collector.packing import Packing
from collector.preparation import Preparation
from collector.recorder import Bell, Recorder
from collector.replay import Replay, Source
from collector.schedule import Moment, Rhythm, next_step, offset
from collector.settings import Settings
from collector.sinks.sink import Receipt, Sink
from collector.tally import Tally

logger = logging.getLogger("collector")

# A thread that read the clock may be set aside for a moment before its event is in the buffer.
STRAGGLE_NS = 50 * 10**6


class Shipper:
    """Ships what one recorder holds to one sink, under one collector id; `run` is the thread.

    identity: a beat with who this is (id, node, pid, version, start). early: see `Custody`.
    """

    def __init__(
        self,
        recorder: Recorder,
        intake: Intake,
        bell: Bell,
        settings: Settings,
        sink: Sink,
        identity: Beat,
        *,
        encoder: Encoder | None = None,
        encoders: Mapping[str, Encoder] | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
        early: Anteroom | None = None,
    ) -> None:
        self._recorder = recorder
        self._intake = intake
        self._bell, self._sink = bell, sink
        self._clock_ns = clock_ns
        self._rhythm = Rhythm(
            settings.batch_size,
            settings.flush_interval_s,
            settings.flush_every_s,
            settings.heartbeat_s,
            offset(identity.collector_id, settings.spread_s),
        )
        self.tally = Tally()
        self._courier = Courier(self._meanwhile)
        self._custody = Custody(settings, identity.collector_id, self.tally, clock_ns, early)
        self._delivery = Delivery(
            self._courier, identity.collector_id, note=self._custody.note_trouble
        )
        self._preparation = Preparation(
            self.tally,
            lambda: self._courier.carry(sink.key_secret),
            given_secret=settings.key_secret,
            plain=settings.plain_keys,
            encoder=encoder,
            encoders=encoders,
        )
        self._author = Author(
            identity, recorder, self.tally, self._preparation, lambda: self._custody.backlog
        )
        self._packing = Packing(self.tally, self._preparation, self._author)
        self._replaying = Replay(self._custody, self._delivery, sink, self._settle_replayed)
        self._under_way: Batch | None = None
        self._flushed, self._contacted = self._now(), -inf
        self._drained_until_ns: int | None = None
        self._lock = threading.RLock()
        self._abandoned = self.stopping = False
        self._requests = FlushRequests()

    # What other threads call -------------------------------------------------------------------

    def request_flush(self) -> threading.Event:
        """Flush soon; the event is set when what waits now is delivered or spooled."""
        done = self._requests.add()
        self._bell.ring()
        return done

    def abandon(self) -> None:
        """The process ends and the thread hangs in the network: put what is left on the disk.

        The batch under way keeps its id, so that it does no harm if it was stored after all.
        """
        with self._lock:
            self._abandoned = True
            if self._under_way is not None:
                self._custody.backlog.append(self._under_way)
                self._under_way = None
            for parcel in self._intake.parcels():
                batch = self._pack(parcel, None)
                if batch is not None:
                    self._custody.backlog.append(batch)
                    self._under_way = None
            self._custody.settle(None)

    def disown(self) -> None:
        """In a forked child: let go of the parent's locks; they stay the parent's."""
        self._custody.release()

    # The thread --------------------------------------------------------------------------------

    def run(self) -> None:
        """Until `stopping` is set and nothing waits."""
        self._courier.start()
        self._custody.open(self._sink.destination, self._recorder)
        self._preparation.folder = self._custody.destination
        while not self._abandoned:
            try:
                if self.stopping and not self._intake.waiting:
                    break
                self._turn()
            except BaseException:
                logger.exception("the collector's thread met an error and goes on")
                self._bell.sleep(1.0)
        if not self._abandoned:
            self._close()
        self._courier.end()
        with self._lock:
            self._custody.release()
        self._requests.answer(self._requests.taken())

    def _turn(self) -> None:
        with self._lock:
            self._custody.reopen()
            self._intake.attend(self._bell.ring, self._rhythm.batch_size)
        requests = self._requests.taken()
        step = next_step(self._rhythm, self._moment(bool(requests)))
        if step.retry:
            self._replay()
        if step.flush:
            self._flush()
        elif step.beat:
            self._beat()
        self._requests.answer(requests)
        if step.sleep_s and not requests:
            self._bell.sleep(self._intake.at_most(step.sleep_s))

    def _moment(self, asked: bool = False) -> Moment:
        now = self._now()
        return Moment(
            now,
            self._intake.pressing(self._rhythm.batch_size),
            self._flushed,
            self._contacted,
            now + self._delivery.retry_in_s,
            self.stopping or asked,
        )

    def _flush(self) -> None:
        """Everything that waits now, in batches; the last one carries the watermark."""
        self._flushed = self._now()
        before_ns = self._clock_ns() - STRAGGLE_NS
        parcels = self._intake.parcels()
        while not self._abandoned:
            ask = not (self._delivery.failing or self._delivery.busy)
            # outside the lock, which the interpreter's exit may have to wait for
            self._preparation.make_ready(ask)
            with self._lock:
                parcel = next(parcels, None)
                if parcel is None:
                    break
                batch = self._pack(parcel, before_ns if parcel.last else None)
            if batch is not None:
                self._ship(batch)
            if parcel.last:
                self._drained_until_ns = before_ns
        self._tell_drops()

    def _ship(self, batch: Batch) -> None:
        receipt = None
        delivery, backlog = self._delivery, self._custody.backlog
        if not (delivery.failing or delivery.busy or backlog):
            receipt = delivery.attempt(lambda: self._sink.deliver(batch))
        with self._lock:
            if self._abandoned:
                return
            held = self._under_way is batch  # else it was put on the disk meanwhile
            self._under_way = None
            if receipt is not None:
                self._contacted = self._now()
                if held or backlog.forget(batch):
                    self._custody.account(batch, receipt)
            elif held:
                backlog.append(batch)
            if backlog:
                delivery.soon()
            self._custody.settle(None)

    def _meanwhile(self) -> None:
        """The sink is slow to answer: what it was given goes to the disk, and what comes due.

        A kill then loses no more than it does when the sink is quick.
        """
        with self._lock:
            if self._abandoned:
                raise SinkUnavailable("it did not answer before the end")
            if self._under_way is not None:
                self._custody.backlog.append(self._under_way)
                self._under_way = None
                self._custody.settle(None)
        with self._lock:
            self._intake.attend(self._bell.ring, self._rhythm.batch_size)
        requests = self._requests.taken()
        if self._preparation.ready:
            if next_step(self._rhythm, self._moment(bool(requests))).flush:
                self._flush()
            self._requests.answer(requests)

    def _replay(self) -> None:
        if self._replaying.turn():
            self._delivery.done()
            self._beat()

    def _settle_replayed(self, source: Source, batch: Batch, receipt: Receipt) -> bool:
        with self._lock:
            if self._abandoned:
                return False
            source.forget_oldest()
            self._custody.account(batch, receipt)
            self._custody.settle(None)
        return True

    def _beat(self, goodbye: bool = False) -> None:
        self._contacted = self._now()
        if self._delivery.resting:
            return
        self._tell_drops()
        if not self._custody.backlog and not self._intake.waiting:
            self._drained_until_ns = self._clock_ns() - STRAGGLE_NS
        beat = self._author.beat(self._drained_until_ns, goodbye)

        def send() -> bool:
            self._sink.beat(beat)
            return True

        if self._delivery.attempt(send) and not goodbye:
            self._after_contact()

    def _after_contact(self) -> None:
        """The server is there: learn the real secret, look after the dead, go on with the spool."""
        if self._preparation.keys_local:
            self._preparation.learn()
        self._custody.look_after_the_dead()
        if self._custody.orphans or self._custody.backlog:
            self._delivery.soon()
        else:
            self._delivery.done()

    def _close(self) -> None:
        self._replaying.at_the_end(lambda: self._abandoned)
        self._tell_drops()
        if not self._delivery.failing:
            self._beat(goodbye=True)
        if not self._abandoned:  # else the courier may still be in the sink
            self._sink.close()
            self._custody.close()

    # Pieces ------------------------------------------------------------------------------------

    def _pack(self, parcel: Parcel, watermark_ns: int | None) -> Batch | None:
        batch = self._packing.pack(parcel, watermark_ns, self._clock_ns())
        if batch is not None:
            self._custody.begin(batch)
            self._under_way = batch
        return batch

    def _tell_drops(self) -> None:
        self.tally.turn_away(self._recorder.dropped())
        self._custody.settle(self._under_way)

    def _now(self) -> float:
        return self._clock_ns() / 1e9
