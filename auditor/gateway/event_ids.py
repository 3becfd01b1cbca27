"""The id of an event: a place in the change log from which a client resumes and loses nothing.

FLOOR.AT.SEEN: the transaction below which it was told everything, when that was (s since 1970), and
the ids at or above it that it was told, such as 17-19_22. An id alone ("id greater than the last")
would lose changes that commit out of order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from auditor.gateway.refusals import Refusal

MOST_RANGES: Final = 200
"""What is beyond may come again: the id would become too long for a header."""
MOST_SEEN: Final = 100_000
MOST: Final = 2**63 - 1
LONGEST: Final = 10_000
ID: Final = re.compile(r"(\d{1,19})\.(\d{1,11})\.((?:\d{1,19}(?:-\d{1,19})?_?)*)")


@dataclass(frozen=True, slots=True)
class Place:
    """at: when it was so."""

    floor: int
    at: datetime
    seen: frozenset[int]


def written(floor: int, at: datetime, seen: Iterable[int]) -> str:
    """The id of a place."""
    ranges = [f"{low}-{high}" if low < high else f"{low}" for low, high in _ranges(seen)]
    return f"{floor}.{int(at.timestamp())}.{'_'.join(ranges[-MOST_RANGES:])}"


def read(id_: str) -> Place:
    """The place of an id. Raises Refusal (400) for what no gateway has written."""
    found = ID.fullmatch(id_) if len(id_) <= LONGEST else None
    if found is None:
        raise unknown()
    seen: set[int] = set()
    for part in filter(None, found[3].split("_")):
        low, _, high = part.partition("-")
        first, last = int(low), int(high or low)
        if not first <= last <= MOST or last - first + len(seen) >= MOST_SEEN:
            raise unknown()
        seen.update(range(first, last + 1))
    if int(found[1]) > MOST:
        raise unknown()
    return Place(int(found[1]), datetime.fromtimestamp(int(found[2]), UTC), frozenset(seen))


def unknown() -> Refusal:
    """What is said to who resumes from nowhere."""
    return Refusal(400, "Last-Event-ID is not the id of an event; leave it out to begin now")


def _ranges(seen: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Consecutive ids together, in order."""
    first = last = None
    for each in sorted(seen):
        if first is None or last is None:
            first = last = each
        elif each == last + 1:
            last = each
        else:
            yield first, last
            first = last = each
    if first is not None and last is not None:
        yield first, last
