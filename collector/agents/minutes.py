"""A span of time cut at the minutes' ends, and counts shared out over the pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

SECOND_NS = 10**9
MINUTE_NS = 60 * SECOND_NS

Name = TypeVar("Name", tuple[str, bool], str, int)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a span within one minute.

    second: its last whole second, which counts are filed under. until_share: how much of the whole
    span is over at its end, 0..1. measured_ns: its length, or 0 where the span was cut, because the
    counts of each piece are then an estimate. last: the span ends with it.
    """

    second: int
    until_share: float
    measured_ns: int
    last: bool


def pieces(since_ns: int, until_ns: int) -> tuple[Piece, ...]:
    """The half-open span (since_ns, until_ns] in pieces; one when it ends no minute on its way.

    Raises ValueError for a span without a length.
    """
    if until_ns <= since_ns:
        raise ValueError(f"a span from {since_ns} to {until_ns} has no length")
    ends = [*range((since_ns // MINUTE_NS + 1) * MINUTE_NS, until_ns, MINUTE_NS), until_ns]
    whole = until_ns - since_ns
    return tuple(
        Piece(
            (end - 1) // SECOND_NS,
            (end - since_ns) / whole,
            whole if len(ends) == 1 else 0,
            end == until_ns,
        )
        for end in ends
    )


def shared(counts: Mapping[Name, int], parts: Sequence[Piece]) -> tuple[dict[Name, int], ...]:
    """The counts of each piece, by its share of the time; they add up to the whole, exactly."""
    found: list[dict[Name, int]] = []
    before: dict[Name, int] = dict.fromkeys(counts, 0)
    for part in parts:
        reached = {name: round(n * part.until_share) for name, n in counts.items()}
        found.append({name: reached[name] - before[name] for name in counts})
        before = reached
    return tuple(found)
