"""Many ordinary events into rows, by columns, because one by one costs several times it.

Ordinary: each value has the very type that its column is for, and every rule is met. The slow twin,
which is the definition, is `prepare` for each event; where anything is out of the ordinary nothing
is said here, and the twin decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from collector.events import (
    LARGEST_CACHE,
    LARGEST_VALUE_BYTES,
    LONGEST_MS,
    OPERATIONS,
    Event,
    Row,
    Span,
    implementation_of,
    json_of,
    name_of,
    text_of_error_message,
    text_of_error_type,
)
from collector.keys import KeyHasher

_ABSENT = type(None)


class _Unusual(ValueError):
    """Something that the slow twin must look at."""


def rows_at_once(events: Sequence[Event], span: Span, hasher: KeyHasher) -> list[Row] | None:
    """A row for each event, as `prepare` makes it; None where not all of them are ordinary.

    Never raises, whatever the values or the encoder of a key do.
    """
    if not events:
        return []
    try:
        return _rows(events, span, hasher)
    except BaseException:
        return None


def _rows(events: Sequence[Event], span: Span, hasher: KeyHasher) -> list[Row]:
    columns = list(zip(*events, strict=True))
    when, operation, cache, implementation, key, elapsed, cache_size, moved = columns[:8]
    error_type, message, metadata, is_sample = columns[8:]
    _require(set(map(type, when)) == {int} and span.since_ns <= min(when))
    _require(max(when) < span.until_ns and set(map(type, is_sample)) == {bool})
    _require(set(map(type, operation)) == {str} and OPERATIONS.issuperset(operation))
    for name in _distinct(cache):
        name_of(name, "cache_name")
    for name in _distinct(implementation):
        implementation_of(name)
    _check_times(elapsed)
    _check_counts(cache_size, LARGEST_CACHE)
    _check_counts(moved, LARGEST_VALUE_BYTES)
    if error_type.count(None) != len(events):
        error_type = tuple(map(text_of_error_type, error_type))
    if message.count(None) != len(events):
        message = tuple(map(text_of_error_message, message))
    if metadata.count(None) != len(events):
        metadata = tuple(map(json_of, metadata))
    hashed = hasher.all(key, cache)
    names = (when, operation, cache, implementation, hashed)
    numbers_and_texts = (elapsed, cache_size, moved, error_type, message, metadata, is_sample)
    return list(map(Row._make, zip(*names, *numbers_and_texts, strict=True)))


def _distinct(names: Iterable[Any]) -> set[str]:
    """Each once, for a rule need not be checked twice; all of them plain texts."""
    _require(set(map(type, names)) == {str})
    return set(names)


def _check_times(values: Sequence[Any]) -> None:
    known = _known(values, float)
    # a NaN among them makes the sum one
    _require(not known or (min(known) >= 0.0 and max(known) < LONGEST_MS and sum(known) >= 0.0))


def _check_counts(values: Sequence[Any], most: int) -> None:
    known = _known(values, int)
    _require(not known or 0 <= min(known) <= max(known) <= most)


def _known(values: Sequence[Any], kind: type) -> Sequence[Any]:
    """Those that are not absent; all of them of that very type."""
    types = set(map(type, values))
    _require(types <= {kind, _ABSENT})
    return [value for value in values if value is not None] if _ABSENT in types else values


def _require(holds: bool) -> None:
    if not holds:
        raise _Unusual
