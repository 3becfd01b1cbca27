"""Delivering what dead processes left in a spool folder, now, on somebody's word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from collector import dead_letters
from collector.orphans import MakeSpool, Orphan, find_orphans
from collector.sinks.sink import Sink
from collector.spool_folder import DEAD_LETTERS


@dataclass(slots=True)
class HandedOver:
    """What became of it. refused: rows that are in the dead letters. lost: died with a process."""

    collectors: int = 0
    batches: int = 0
    events: int = 0
    duplicates: int = 0
    refused: int = 0
    lost: int = 0


def hand_over(
    destination: Path,
    sink: Sink,
    make_spool: MakeSpool,
    done: HandedOver,
    progress: Callable[[int], None] = lambda events: None,
) -> None:
    """Each of the destination's dead collectors, oldest first; never one of a living process.

    done: is added to as it goes, and says how far it came. progress: told of each batch's events.
    Raises SinkUnavailable and OSError; what is not delivered then is where it was.
    """
    for orphan in find_orphans(destination, "", make_spool):
        try:
            _deliver(orphan, destination, sink, done, progress)
            done.lost += orphan.bury(sink)
            done.collectors += 1
        finally:
            orphan.release()


def _deliver(
    orphan: Orphan,
    destination: Path,
    sink: Sink,
    done: HandedOver,
    progress: Callable[[int], None],
) -> None:
    while (batch := orphan.oldest()) is not None:
        receipt = sink.deliver(batch)
        if receipt.refused:
            letters = destination / DEAD_LETTERS
            dead_letters.set_aside(letters, batch.collector_id, batch.sequence, receipt.refused)
        orphan.forget_oldest()
        done.batches += 1
        refused = sum(batch.settles(row.item) for row in receipt.refused)
        done.events += batch.operations - refused
        done.duplicates += receipt.duplicate
        done.refused += len(receipt.refused)
        progress(batch.operations)
