"""What a dead process left behind: its spooled batches, and how many events died with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from collector import losses
from collector.batch import Batch, Beat
from collector.sinks.sink import Sink
from collector.spool import Spool
from collector.spool_folder import ClaimedFolder, claim_dead

MakeSpool = Callable[[Path, Callable[[int], None]], Spool]


class Orphan:
    """The folder of one dead collector, held by this process until its affairs are in order."""

    def __init__(self, folder: ClaimedFolder, make_spool: MakeSpool) -> None:
        self.collector_id = folder.path.name
        self._folder = folder
        self._dropped = 0
        self._counts = losses.read(folder.counts)
        self._spool = make_spool(folder.path, self._drop)
        self._sequences: set[int] = set()

    def oldest(self) -> Batch | None:
        """The batch of it to be delivered next."""
        batch = self._spool.oldest()
        if batch is not None:
            self._sequences.add(batch.sequence)
        return batch

    def forget_oldest(self) -> None:
        """What `oldest` gave is delivered."""
        self._spool.forget_oldest()

    def bury(self, sink: Sink) -> int:
        """Say what was lost, say goodbye in its name, remove the folder. Raises SinkUnavailable.

        Only when nothing of it waits any more. Returns how many events died with the process.
        """
        counts = self._counts
        lost, dropped = 0, self._dropped
        if counts is not None:
            stored = counts.sequence in self._sequences or (
                counts.under_way > 0 and sink.stored(self.collector_id, counts.sequence)
            )
            lost, dropped = counts.lost(stored), dropped + counts.dropped
        sink.beat(
            Beat(
                self.collector_id,
                recorded=counts.recorded if counts is not None else 0,
                dropped=dropped,
                lost=lost,
                goodbye=True,
                buried=True,
            )
        )
        self._folder.remove()
        return lost

    def release(self) -> None:
        """Leave it to whoever comes next."""
        self._folder.release()

    def _drop(self, events: int) -> None:
        self._dropped += events
        with suppress(OSError):  # then it is said only if this process comes to bury it
            losses.add_dropped(self._folder.counts, events)


def find_orphans(destination: Path, own: str, make_spool: MakeSpool) -> Iterator[Orphan]:
    """Those of this destination whose process is gone, each taken over. Raises OSError."""
    for folder in claim_dead(destination, own):
        try:
            yield Orphan(folder, make_spool)
        except OSError:
            folder.release()
