"""A collector from its start to its end: thread, fork, interpreter exit."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from _thread import allocate_lock

from collector import forks
from collector.interpreter import is_main
from collector.recorder import Bell, Recorder
from collector.settings import Settings, from_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.anteroom import Anteroom
    from collector.intake import Intake
    from collector.keys import Encoder
    from collector.shipper import Shipper
    from collector.sinks.sink import Sink
    from collector.tally import Tally

logger = logging.getLogger("collector")

WITHOUT_DESTINATION = 10_000
IMPORTED_AGAIN_AFTER_S = (0.1, 0.5, 2.0, 0.0)  # 0: not again


class Collector:
    """Records cache operations and delivers them in a thread of its own.

    settings: None reads the environment at the first record. sink: makes the destination, in the
    thread and again after a fork; None means what settings name. encode_key: for cache keys that
    are neither str nor bytes. aggregate: "auto", "always" or "never", in place of the one in
    settings. The thread starts with the first record, or by `start`.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        sink: Callable[[], Sink] | None = None,
        encode_key: Encoder | None = None,
        aggregate: str | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._settings = settings
        self._aggregate = aggregate
        self._make_sink = sink
        self._encode_key = encode_key
        self._encoders: dict[str, Encoder] = {}
        self._clock_ns = clock_ns
        self._bell = Bell()
        self._starting = allocate_lock()
        self._thread: threading.Thread | None = None
        self._shipper: Shipper | None = None
        self._stopped = self._away = False
        self._intake: Intake | None = None
        self._recorder = Recorder(clock_ns=clock_ns, wake=self._begin)
        self.record = self._recorder.record
        forks.living.add(self)

    # Settings ----------------------------------------------------------------------------------

    def configure(self, settings: Settings, *, sink: Callable[[], Sink] | None = None) -> None:
        """Other settings, before the start. Raises RuntimeError once it runs."""
        if self._thread is not None:
            raise RuntimeError("the collector runs already; stop it before you configure it")
        self._settings, self._make_sink = settings, sink

    def encode_keys(self, cache_name: str, encoder: Encoder) -> None:
        """How the keys of one cache become bytes or text."""
        self._encoders[cache_name] = encoder

    # Start and end -------------------------------------------------------------------------------

    def start(self) -> bool:
        """Start the thread; False when it is switched off or has no destination. Never raises."""
        if self._stopped:
            self._stopped = False
            self._intake = None
            self._recorder.reset(self._read_settings().buffer_events, self._begin, 1)
        self._begin()
        return self._thread is not None

    def stop(self, timeout_s: float | None = None) -> bool:
        """Deliver or spool what waits, say goodbye, end the thread; later records are dropped.

        True when all of it is delivered or on disk. After timeout_s (default: exit_timeout_s) what
        is left is spooled without waiting for the network any longer.
        """
        thread, shipper = self._thread, self._shipper
        self._recorder.limit(0)
        self._stopped = True
        if thread is None:
            return not self.waiting
        if timeout_s is None:
            timeout_s = self._read_settings().exit_timeout_s
        self._stop_shipper()
        thread.join(timeout_s)
        shipper = self._shipper
        if thread.is_alive() and shipper is not None:
            shipper.abandon()
        self._thread = None
        self._shipper = None
        return not self.waiting

    def flush(self, timeout_s: float = 30.0) -> bool:
        """Wait until what waits now is delivered or spooled; False when that takes longer."""
        deadline = time.monotonic() + timeout_s
        self._begin()
        while self._shipper is None and self._is_starting():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.001)
        shipper = self._shipper
        if shipper is None:
            return False
        return shipper.request_flush().wait(max(deadline - time.monotonic(), 0.0))

    @property
    def waiting(self) -> int:
        """How many recorded operations wait in memory."""
        return self._recorder.waiting if self._intake is None else self._intake.waiting

    @property
    def recorded(self) -> int:
        """How many operations were recorded, those dropped among them."""
        return self._recorder.recorded

    @property
    def dropped(self) -> int:
        """How many of them found no room: the buffer was full, or nothing is recorded here."""
        return self._recorder.dropped()

    @property
    def tally(self) -> Tally | None:
        """The counts of the running thread; None when it does not run."""
        shipper = self._shipper
        return None if shipper is None else shipper.tally

    # Inside --------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """With the first record: start the thread, unless another caller is doing so."""
        if self._stopped or self._thread is not None or not self._starting.acquire(blocking=False):
            return
        try:
            settings = self._read_settings()
            if not settings.enabled:
                self._recorder.close()
            elif not is_main():
                self._stay_away()
            elif not (settings.dsn or settings.url or self._make_sink):
                self._stay_without_destination()
            else:
                self._recorder.limit(settings.buffer_events)
                self._start_thread(settings)
        except RuntimeError as error:  # no thread is left, or the interpreter ends
            logger.warning("the collector cannot start: %s", error)
            self._recorder.call(bool, 2**62)
        except Exception:
            logger.exception("the collector cannot start")
            self._recorder.call(bool, 2**62)
        finally:
            self._starting.release()

    def _is_starting(self) -> bool:
        return self._starting.locked() or (self._thread is not None and self._thread.is_alive())

    def _start_thread(self, settings: Settings) -> None:
        # A thread cannot be started once the interpreter ends; what waits is lost and counted then.
        thread = threading.Thread(
            target=self._run, args=(settings,), name="cache-auditor collector", daemon=True
        )
        thread.start()
        self._thread = thread
        self._recorder.call(self._bell.ring, settings.batch_size)
        atexit.register(self._exit)
        forks.at_workers_end(self._exit)

    def _stay_away(self) -> None:
        self._recorder.close()
        if not self._away:
            self._away = True
            logger.warning(
                "this is a subinterpreter: cache metrics are not recorded, but counted as dropped"
            )

    def _stay_without_destination(self) -> None:
        self._recorder.limit(WITHOUT_DESTINATION)
        self._recorder.call(bool, 2**62)
        logger.warning(
            "cache metrics have no destination: set CACHE_AUDITOR_DSN, DATABASE_URL or "
            "CACHE_AUDITOR_URL; up to %d events wait, further ones are dropped",
            WITHOUT_DESTINATION,
        )

    def _read_settings(self) -> Settings:
        if self._settings is None:
            self._settings = from_environment()
        return self._settings

    def _run(self, settings: Settings) -> None:
        """The thread: what is slow to import is imported here, once the count outlives a kill."""
        for pause_s in IMPORTED_AGAIN_AFTER_S:
            early = None
            try:
                with forks.importing():
                    name, early = self._count_early(settings)
                    shipper = self._make_shipper(settings, name, early)
                break
            except Exception as error:
                if early is not None:
                    early.leave()
                if pause_s and "partially initialized" in str(error):
                    # the host imports the same at the same time, and Python lets one of two that
                    # wait for each other see half of a module
                    time.sleep(pause_s)
                    continue
                said = type(error).__name__
                logger.error("cache metrics cannot be delivered: %s: %s", said, error)
                self._recorder.limit(WITHOUT_DESTINATION)
                return
        self._shipper = shipper
        shipper.stopping = self._stopped
        shipper.run()

    def _count_early(self, settings: Settings) -> tuple[str, Anteroom | None]:
        """A new id, and where its count begins; a sink of the user's own may be anywhere."""
        from uuid import uuid4

        from collector.anteroom import enter

        name = str(uuid4())
        return name, None if self._make_sink is not None else enter(settings, name, self._recorder)

    def _make_shipper(
        self, settings: Settings, collector_id: str, early: Anteroom | None
    ) -> Shipper:
        from collector.identity import identity
        from collector.shipper import Shipper

        return Shipper(
            self._recorder,
            self._take_in(settings),
            self._bell,
            settings,
            self._open_sink(settings),
            identity(collector_id, settings.node),
            encoder=self._encode_key,
            encoders=self._encoders,
            clock_ns=self._clock_ns,
            early=early,
        )

    def _open_sink(self, settings: Settings) -> Sink:
        if self._make_sink is not None:
            return self._make_sink()
        from collector.sinks.chosen import sink_of

        return sink_of(settings)

    def _take_in(self, settings: Settings) -> Intake:
        """What sorts this process's events; recording threads help it from now on."""
        from collector.choice import Choice
        from collector.following import Following
        from collector.intake import Intake
        from collector.keys import KeyEncoder

        intake = Intake(
            self._recorder,
            Choice(self._aggregate or settings.aggregate, settings.aggregate_above),
            Following(KeyEncoder(self._encode_key, self._encoders)),
            node=settings.node,
            clock_ns=self._clock_ns,
        )
        self._intake = intake
        self._recorder.helped_by(intake.relieve)
        return intake

    def _stop_shipper(self) -> None:
        if self._shipper is not None:
            self._shipper.stopping = True
        self._bell.ring()

    def _exit(self) -> None:
        atexit.unregister(self._exit)
        if self._thread is not None:
            self.stop()

    def after_fork(self) -> None:
        """In the child: nothing waits, nothing runs; its thread starts with its first record."""
        forks.inherited.append((self._shipper, self._thread, self._bell))
        if self._shipper is not None:
            self._shipper.disown()
        self._shipper = self._thread = self._intake = None
        self._bell = Bell()
        self._starting = allocate_lock()
        if not self._stopped:
            capacity = self._settings.buffer_events if self._settings is not None else 100_000
            self._recorder.reset(capacity, self._begin, 1)
