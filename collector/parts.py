"""A batch in parts, where a server does not take it whole; each part has an id of its own.

The id follows from the batch's and from where the part lies in it, so that a part that is sent
again is stored once: the sequence is -(2^16 n + k), where n is the batch's and k numbers the halves
as a heap does (the halves of k are 2k and 2k + 1, the whole is 1). 0 is a part without content.
"""

from __future__ import annotations

from dataclasses import replace

from collector.batch import Batch
from collector.events import Row
from collector.polled import Gauge
from collector.weights import Weight

NUMBERS = 2**16
LARGEST_SEQUENCE = 2**46
WHOLE, NOTHING = 1, 0


def numbered(batch: Batch, sequence: int, number: int) -> Batch:
    """This content as the number-th part of batch `sequence`; the beat stays behind."""
    return replace(batch, sequence=-(sequence * NUMBERS + number), beat=None)


def empty(batch: Batch) -> Batch:
    """The batch without its content: sent last, it says that all of it is there."""
    return replace(batch, rows=(), weights=(), gauges=(), samples=0)


def items(batch: Batch) -> list[Row | Weight | Gauge]:
    """What it could be split into: rows, weights, gauges."""
    return [*batch.rows, *batch.weights, *batch.gauges]


def size(batch: Batch) -> int:
    """How many items it could be split into."""
    return len(batch.rows) + len(batch.weights) + len(batch.gauges)


def halves(batch: Batch) -> tuple[Batch, Batch]:
    """Rows first, then weights, then gauges, cut in the middle of all of them together."""
    middle = size(batch) // 2
    return _between(batch, 0, middle), _between(batch, middle, size(batch))


def _between(batch: Batch, first: int, last: int) -> Batch:
    """The items first..last; the samples, which are the last rows, where they come to lie."""
    rows, weights = len(batch.rows), len(batch.rows) + len(batch.weights)
    kept = batch.rows[first:last]
    recorded = max(min(rows - batch.samples, last) - first, 0)
    return replace(
        batch,
        rows=kept,
        weights=batch.weights[max(first - rows, 0) : max(last - rows, 0)],
        gauges=batch.gauges[max(first - weights, 0) : max(last - weights, 0)],
        samples=len(kept) - recorded,
    )


def sequences(sequence: int) -> tuple[int, int]:
    """The lowest and the highest sequence that a part with content of this batch may have."""
    return -(sequence * NUMBERS + NUMBERS - 1), -(sequence * NUMBERS + WHOLE)
