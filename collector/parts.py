"""A batch in parts, where a server does not take it whole; each part has an id of its own.

The id follows from the batch's and from where the part lies in it, so that a part that is sent
again is stored once: the sequence is -(2^16 n + k), where n is the batch's and k numbers the halves
as a heap does (the halves of k are 2k and 2k + 1, the whole is 1). 0 is a part without content.
"""

from __future__ import annotations

from dataclasses import replace

from collector.batch import Batch

NUMBERS = 2**16
LARGEST_SEQUENCE = 2**46
WHOLE, NOTHING = 1, 0


def numbered(batch: Batch, sequence: int, number: int) -> Batch:
    """This content as the number-th part of batch `sequence`; the beat stays behind."""
    return replace(batch, sequence=-(sequence * NUMBERS + number), beat=None)


def empty(batch: Batch) -> Batch:
    """The batch without its content: sent last, it says that all of it is there."""
    return replace(batch, rows=(), weights=())


def size(batch: Batch) -> int:
    """How many items it could be split into."""
    return len(batch.rows) + len(batch.weights)


def halves(batch: Batch) -> tuple[Batch, Batch]:
    """Rows first, then weights, cut in the middle of both together."""
    middle = size(batch) // 2
    rows, weights = min(middle, len(batch.rows)), max(middle - len(batch.rows), 0)
    return (
        replace(batch, rows=batch.rows[:rows], weights=batch.weights[:weights]),
        replace(batch, rows=batch.rows[rows:], weights=batch.weights[weights:]),
    )


def sequences(sequence: int) -> tuple[int, int]:
    """The lowest and the highest sequence that a part with content of this batch may have."""
    return -(sequence * NUMBERS + NUMBERS - 1), -(sequence * NUMBERS + WHOLE)
