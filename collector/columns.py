"""Drained values by their columns: what sorts and sums them at the speed of the interpreter's own
loops. Values: PARTS an event, in the order of `Event`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from collector.events import LARGEST_VALUE_BYTES, LONGEST_MS, Event
from collector.recorder import PARTS

WHEN, OPERATION, CACHE, IMPLEMENTATION, KEY, ELAPSED, _, BYTES, ERROR = range(9)
SAMPLE = PARTS - 1
_NUMBERS = ({float}, {float, type(None)}, {type(None)})
_COUNTS = ({int}, {int, type(None)}, {type(None)})


class Columns:
    """What events are told apart by; a column that is alike in all of them is not looked at again.

    At least one event.
    """

    def __init__(self, values: list[Any]) -> None:
        self.values = values
        self.n = len(values) // PARTS
        self._whens: list[int] = values[WHEN::PARTS]
        self._ends = min(self._whens), max(self._whens)
        self._series = [*self._varying(CACHE), *self._varying(IMPLEMENTATION)]

    def by_series(self, width_ns: int) -> Iterable[Sequence[int]]:
        """Places of the same series and part of the time, in groups."""
        return _groups([*self._series, *self._parts(width_ns)], self.n)

    def by_kind(self, width_ns: int) -> Iterable[Sequence[int]]:
        """Places of the same series, part of the time, operation, failed and sample or not."""
        errors = self.values[ERROR::PARTS]
        failed = [[e is not None for e in errors]] if errors.count(None) != self.n else []
        names = [*self._varying(OPERATION), *self._varying(SAMPLE)]
        return _groups([*self._series, *self._parts(width_ns), *names, *failed], self.n)

    def _varying(self, part: int) -> list[Sequence[Any]]:
        column = self.values[part::PARTS]
        return [] if column.count(column[0]) == self.n else [column]

    def _parts(self, width_ns: int) -> list[Sequence[Any]]:
        first, last = (end // width_ns for end in self._ends)
        return [] if first == last else [[when // width_ns for when in self._whens]]


def _groups(columns: list[Sequence[Any]], n: int) -> Iterable[Sequence[int]]:
    """The places whose values are alike in every column."""
    if not columns:
        return [range(n)]
    groups: dict[Any, list[int]] = defaultdict(list)
    keys = columns[0] if len(columns) == 1 else zip(*columns, strict=True)
    for place, key in enumerate(keys):
        groups[key].append(place)
    return groups.values()


def pick(column: list[Any], places: Sequence[int]) -> Sequence[Any]:
    """The column's values at those places."""
    if len(places) == len(column):
        return column
    if len(places) == 1:
        return (column[places[0]],)
    picked: tuple[Any, ...] = itemgetter(*places)(column)
    return picked


def times(elapsed: Sequence[Any]) -> list[float] | None:
    """Ascending, without the unknown ones; None where any is not a plain and possible number."""
    types = set(map(type, elapsed))
    if types not in _NUMBERS:
        return None
    known = sorted([each for each in elapsed if each is not None])
    if known and not (known[0] >= 0.0 and known[-1] < LONGEST_MS and sum(known) < float("inf")):
        return None
    return known


def moved(sizes: Sequence[Any]) -> int | None:
    """Bytes in all; None where any is not a plain and possible count."""
    types = set(map(type, sizes))
    if types not in _COUNTS:
        return None
    known = [size for size in sizes if size is not None] if type(None) in types else sizes
    if known and not 0 <= min(known) <= max(known) <= LARGEST_VALUE_BYTES:
        return None
    total: int = sum(known)
    return total


def event_at(values: list[Any], place: int) -> Event:
    """The place-th event."""
    return tuple(values[place * PARTS : (place + 1) * PARTS])


def events_of(values: Sequence[Any]) -> list[Event]:
    """All of them."""
    return list(zip(*[iter(values)] * PARTS, strict=True))
