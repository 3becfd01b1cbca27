"""What a collector says: each batch under the next number, each beat with its counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from collector.backlog import Backlog
from collector.batch import Batch, Beat
from collector.events import Row
from collector.preparation import Preparation
from collector.recorder import Recorder
from collector.tally import Tally
from collector.weights import Weight


class Author:
    """Writes in the name of one collector.

    identity: a beat with who this is (id, node, pid, version, start).
    """

    def __init__(
        self,
        identity: Beat,
        recorder: Recorder,
        tally: Tally,
        preparation: Preparation,
        backlog: Callable[[], Backlog],
    ) -> None:
        self._identity = identity
        self._recorder = recorder
        self._tally = tally
        self._preparation = preparation
        self._backlog = backlog
        self._sequence = 0

    def batch(
        self,
        rows: tuple[Row, ...],
        watermark_ns: int | None,
        weights: tuple[Weight, ...] = (),
        samples: int = 0,
    ) -> Batch:
        """These rows and weights under the next number; the last `samples` rows are examples.

        watermark_ns: None when more are to follow.
        """
        self._sequence += 1
        identity = self._identity
        beat = self.beat(watermark_ns)
        name, node = identity.collector_id, identity.node
        return Batch(name, self._sequence, rows, weights, node, beat, samples)

    def beat(self, watermark_ns: int | None, goodbye: bool = False) -> Beat:
        """How things stand; while anything waits to be replayed there is no watermark."""
        backlog = self._backlog()
        return replace(
            self._identity,
            watermark_ns=None if backlog else watermark_ns,
            recorded=self._recorder.recorded,
            delivered=self._tally.delivered,
            dropped=self._tally.dropped,
            refused=self._tally.refused,
            spooled=backlog.on_disk + backlog.in_memory,
            keys_local=self._preparation.keys_local,
            goodbye=goodbye,
        )
