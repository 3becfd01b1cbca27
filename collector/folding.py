"""Drained values into sums: by columns and in bulk, because one by one would cost several times it.

The slow twin, which is the definition: `prepare` each event without what a sum does not hold (its
key, cache_size, error_message and metadata), and add the row up; what `prepare` refuses is refused
here, for the same reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from collector import columns as parts
from collector.choice import SPAN_S, Series
from collector.columns import event_at, events_of, pick
from collector.events import Event, Refused, Span, prepare
from collector.fold import MOST_EXAMPLES, Fold
from collector.recorder import PARTS
from collector.weights import SECOND_NS, Kind

SPAN_NS = SPAN_S * SECOND_NS


@dataclass(slots=True)
class Sorted:
    """Drained events by what becomes of them. plain: those to be shipped one by one.

    paces: how many of each series fell into each span of SPAN_S seconds, whatever becomes of them.
    """

    plain: list[Event] = field(default_factory=list)
    fold: Fold = field(default_factory=Fold)
    paces: Counter[tuple[Series, int]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Rules:
    """How to sort: which series are added up, what span is accepted, which keys are followed."""

    chosen: Container[Series]
    any_chosen: bool
    span: Span
    random: Random
    followed: Callable[[Any, str], bool]


def sort_out(values: list[Any], rules: Rules) -> Sorted:
    """Each event once: into the plain ones or into the fold. Never raises."""
    try:
        return _by_columns(values, rules)
    except Exception:  # something in a name's place that cannot be one
        return _one_by_one(events_of(values), rules)


def _by_columns(values: list[Any], rules: Rules) -> Sorted:
    found = Sorted()
    if not values:
        return found
    columns = parts.Columns(values)
    for places in columns.by_series(SPAN_NS):
        event = event_at(values, places[0])
        found.paces[event[2:4], event[0] // SPAN_NS] = len(places)
    if not rules.any_chosen:
        found.plain = events_of(values)
        return found
    plain: list[int] = []
    noted: list[int] = []
    for places in columns.by_kind(SECOND_NS):
        event = event_at(values, places[0])
        failed = event[parts.ERROR] is not None
        kind = Kind(event[2], event[3], event[0] // SECOND_NS, event[1], failed)
        if event[parts.SAMPLE] is False and kind[:2] in rules.chosen:
            _add(found.fold, kind, values, places, rules)
            noted += _noted(kind, values, places, rules)
        else:
            plain += places
    found.plain = [event_at(values, place) for place in sorted(plain)]
    found.fold.noted = [event_at(values, place) for place in sorted(noted)]
    return found


def _add(fold: Fold, kind: Kind, values: list[Any], places: Sequence[int], rules: Rules) -> None:
    n = len(places)
    event = event_at(values, places[0])
    names = prepare(_stripped(event, elapsed=None, value_bytes=None), rules.span, _no_key)
    if isinstance(names, Refused):
        fold.n += n
        fold.refused[names.reason] += n
        return
    times = parts.times(pick(values[parts.ELAPSED :: PARTS], places))
    moved = parts.moved(pick(values[parts.BYTES :: PARTS], places))
    if times is None or moved is None:
        for place in places:
            _add_one(fold, event_at(values, place), rules)
        return
    fold.n += n
    heap = fold.heap(kind)
    drawn = rules.random.sample(places, min(n, MOST_EXAMPLES))
    heap.draw([event_at(values, place) for place in drawn], heap.total.n, n, rules.random)
    heap.total.add_sorted(n, times, moved)


def _noted(kind: Kind, values: list[Any], places: Sequence[int], rules: Rules) -> Iterator[int]:
    """The places of followed keys; a hit says nothing of why a key is missing."""
    for place in places if kind.operation_type != "hit" else ():
        key = values[place * PARTS + parts.KEY]
        if rules.followed(key, kind.cache_name) or (key is None and kind[3] == "delete"):
            yield place


def _add_one(fold: Fold, event: Event, rules: Rules) -> None:
    """The slow twin, for what the columns cannot be sure of."""
    fold.n += 1
    found = prepare(_stripped(event, event[parts.ELAPSED], event[parts.BYTES]), rules.span, _no_key)
    if isinstance(found, Refused):
        fold.refused[found.reason] += 1
        return
    kind = Kind(
        found.cache_name,
        found.implementation_type,
        found.timestamp_ns // SECOND_NS,
        found.operation_type,
        found.error_type is not None,
    )
    heap = fold.heap(kind)
    heap.draw([event], heap.total.n, 1, rules.random)
    heap.total.add(found.response_time_ms, found.value_bytes)


def _one_by_one(events: list[Event], rules: Rules) -> Sorted:
    found = Sorted()
    for event in events:
        try:
            chosen = event[parts.SAMPLE] is False and event[2:4] in rules.chosen
        except Exception:
            chosen = False
        if chosen:
            _add_one(found.fold, event, rules)
        else:
            found.plain.append(event)
    return found


def _stripped(event: Event, elapsed: Any, value_bytes: Any) -> Event:
    failed = None if event[parts.ERROR] is None else ""
    return (*event[: parts.KEY], None, elapsed, None, value_bytes, failed, None, None, False)


def _no_key(key: Any, cache_name: str) -> str:
    return ""
