"""What a collector keeps on disk: folder, counters, backlog, and the dead it looks after."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from collector import dead_letters, trouble
from collector.anteroom import Anteroom, anteroom
from collector.backlog import Backlog
from collector.batch import Batch
from collector.losses import CounterFile
from collector.orphans import Orphan, find_orphans
from collector.recorder import Recorder
from collector.settings import Settings
from collector.sinks.sink import Receipt, RefusedRow
from collector.spool import spool_maker
from collector.spool_folder import (
    DEAD_LETTERS,
    ClaimedFolder,
    claim,
    destination_folder,
    name_destination,
)
from collector.tally import Tally

logger = logging.getLogger("collector")

REOPEN_EVERY_NS = 2 * 10**9


class Custody:
    """One process's part of the spool folder; without a folder, bounded memory alone.

    early: where it counts already.
    """

    def __init__(
        self,
        settings: Settings,
        collector_id: str,
        tally: Tally,
        clock_ns: Callable[[], int],
        early: Anteroom | None = None,
    ) -> None:
        self._early = early
        self._settings = settings
        self._collector_id = collector_id
        self._tally = tally
        self._clock_ns = clock_ns
        self._make_spool = spool_maker(settings.spool_bytes, settings.spool_age_s, clock_ns)
        self._folder: ClaimedFolder | None = None
        self._counters: CounterFile | None = None
        self._reopen: Callable[[], None] | None = None
        self._opened_ns = 0
        self.destination: Path | None = None
        self.backlog = Backlog(None, settings.buffer_events, tally.shed_waiting)
        self.orphans: deque[Orphan] = deque()

    def open(self, destination: str, recorder: Recorder) -> None:
        """Take the folder and count in it; a disk that does not let us is said once.

        `reopen` tries again.
        """
        self._opened_ns = self._clock_ns()
        try:
            self._take(destination, recorder)
        except OSError as error:
            if self._folder is not None:
                self._folder.remove()
                self._folder = None
            if self._reopen is None:
                logger.warning("without a spool: what the server does not take is lost: %s", error)
            self._reopen = partial(self.open, destination, recorder)
        else:
            self._reopen = None

    def reopen(self) -> None:
        """Try again what failed, now and then: a disk that was full need not stay so."""
        waited_ns = self._clock_ns() - self._opened_ns
        if self._reopen is not None and not 0 <= waited_ns < REOPEN_EVERY_NS:
            self._reopen()

    def _take(self, destination: str, recorder: Recorder) -> None:
        self.destination = destination_folder(self._settings.spool_dir, destination)
        name_destination(self.destination, destination)
        path = self.destination / self._collector_id
        counters = self._take_folder(path)
        self.backlog.move_to(self._make_spool(path, self._tally.shed_waiting))
        self._counters = counters
        self.settle(None)  # before what was recorded, so that a kill never counts too many
        recorder.count_in(counters.cells)

    def _take_folder(self, path: Path) -> CounterFile:
        early, self._early = self._early, None
        if early is not None:
            try:
                self._folder = early.move_to(path)
                return early.counters
            except OSError:
                early.leave()
        self._folder = claim(path)
        if self._folder is None:
            raise OSError("its folder is held by another process")
        return CounterFile(self._folder.counts)

    def note_trouble(self, error: BaseException | None) -> None:
        """Why the sink took nothing, beside what waits for it; None: it is over. Never raises."""
        if self._folder is not None:
            trouble.note(self._folder.path, error, self._clock_ns() / 1e9)

    def begin(self, batch: Batch) -> None:
        """The batch is now being delivered or spooled."""
        if self._counters is not None:
            self._counters.begin(batch.sequence, batch.operations)

    def settle(self, under_way: Batch | None) -> None:
        """Tell the counter file what would survive a kill now."""
        if self._counters is not None:
            waits = under_way.operations if under_way is not None else 0
            seen = self._tally.drained + self._tally.turned_away
            self._counters.settled(seen - waits - self.backlog.in_memory, self._tally.dropped)

    def account(self, batch: Batch, receipt: Receipt) -> None:
        """Count what is delivered and what was refused; keep that for a person to look at."""
        delivered = batch.operations
        for row in receipt.refused:
            operations = batch.settles(row.item)
            delivered -= operations
            if operations:
                self._tally.refuse(f"by the database: {row.reason}", operations)
        if batch.collector_id == self._collector_id:
            self._tally.delivered += delivered
        self._set_aside(batch, receipt.refused)

    def _set_aside(self, batch: Batch, refused: Sequence[RefusedRow]) -> None:
        if refused and self.destination is not None:
            path = self.destination / DEAD_LETTERS
            try:
                dead_letters.set_aside(path, batch.collector_id, batch.sequence, refused)
            except OSError as error:
                logger.warning("refused rows cannot be set aside: %s", error)

    def look_after_the_dead(self) -> None:
        """Take over what collectors left behind whose process is gone."""
        if self.destination is None or self.orphans:
            return
        for folder in (self.destination, anteroom(self._settings)):
            try:
                if folder is not None:
                    found = find_orphans(folder, self._collector_id, self._make_spool)
                    self.orphans.extend(found)
            except OSError as error:
                logger.debug("the spool folder cannot be read: %s", error)

    def release(self) -> None:
        """Let go of every lock, without a change on the disk."""
        for orphan in self.orphans:
            orphan.release()
        if self._folder is not None:
            self._folder.release()

    def close(self) -> None:
        """The end: the folder stays only if something waits in it."""
        if self._folder is not None and not self.backlog:
            self._folder.remove()
        self.release()
