"""A parcel of the intake into a batch: rows prepared, weights beside them, everything counted."""

from __future__ import annotations

from collector.author import Author
from collector.batch import Batch
from collector.intake import Parcel
from collector.preparation import Preparation
from collector.tally import Tally


class Packing:
    """Packs one collector's parcels, one at a time."""

    def __init__(self, tally: Tally, preparation: Preparation, author: Author) -> None:
        self._tally = tally
        self._preparation = preparation
        self._author = author

    def pack(self, parcel: Parcel, watermark_ns: int | None, now_ns: int) -> Batch | None:
        """The next batch; None where nothing of the parcel may be stored."""
        rows = self._preparation.rows(parcel.events, now_ns, ask=False)
        samples = self._preparation.samples(parcel.samples, now_ns)
        self._tally.drained += parcel.operations - len(parcel.events)
        for reason, n in parcel.refused.items():
            self._tally.refuse(reason, n)
        if not (rows or parcel.weights):
            return None
        weights = tuple(parcel.weights)
        return self._author.batch((*rows, *samples), watermark_ns, weights, len(samples))
