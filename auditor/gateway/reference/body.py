"""The body of the reference's endpoint, read row by row: good ones kept, bad ones named.

Nulls are allowed wherever the reference's client sends them; an instant without a zone is UTC.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from collector.events import Event, Refused, Row, Span, prepare
from collector.keys import KeyHasher
from collector.sinks.wire import UnreadableBody

MINUTE_NS: Final = 60 * 10**9
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_REASON: Final = 300


@dataclass(frozen=True, slots=True)
class Metrics:
    """rows: the good ones. indices: where each was. refused: (where, why) of each bad one."""

    rows: tuple[Row, ...]
    indices: tuple[int, ...]
    refused: tuple[tuple[int, str], ...]


class _Unfit(ValueError):
    """A value that no event can have; the message says which and why."""


def read_metrics(body: bytes, hasher: KeyHasher, now_ns: int) -> Metrics:
    """Raises UnreadableBody, with where, for what is not {"metrics": [...]}."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableBody(f"the body is not JSON: {error}") from error
    metrics = found.get("metrics") if isinstance(found, dict) else None
    if not isinstance(metrics, list):
        raise UnreadableBody('the body is not {"metrics": [...]}: "metrics" is no array')
    rows: list[Row] = []
    indices: list[int] = []
    refused: list[tuple[int, str]] = []
    span = Span.around(now_ns)
    for index, metric in enumerate(metrics):
        row = _row(metric, span, hasher, now_ns)
        if isinstance(row, Refused):
            refused.append((index, row.reason[:_LONGEST_REASON]))
        else:
            rows.append(row)
            indices.append(index)
    return Metrics(tuple(rows), tuple(indices), tuple(refused))


def windows_of(rows: tuple[Row, ...]) -> int:
    """How many distinct windows these rows fall into: by cache, implementation and minute."""
    return len(
        {(row.cache_name, row.implementation_type, row.timestamp_ns // MINUTE_NS) for row in rows}
    )


def _row(metric: Any, span: Span, hasher: KeyHasher, now_ns: int) -> Row | Refused:
    if not isinstance(metric, dict):
        return Refused("not a JSON object")
    try:
        return prepare(_event(metric, now_ns), span, hasher)
    except _Unfit as reason:
        return Refused(str(reason))


def _event(metric: Mapping[str, Any], now_ns: int) -> Event:
    key = metric.get("cache_key")
    if key is not None and not isinstance(key, str):
        raise _Unfit("cache_key is not a text")
    return (
        _instant_ns(metric.get("timestamp"), now_ns),
        metric.get("operation_type") or "",
        metric.get("cache_name") or "default",
        metric.get("implementation_type") or "default",
        key,
        metric.get("response_time_ms"),
        _whole(metric.get("cache_size")),
        None,
        metric.get("error_type"),
        metric.get("error_message"),
        metric.get("metadata"),
        False,
    )


def _instant_ns(value: Any, now_ns: int) -> int:
    """ISO 8601, UTC where it says no zone; null is now."""
    if value is None:
        return now_ns
    try:
        when = datetime.fromisoformat(value)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when
        return (when - _EPOCH) // timedelta(microseconds=1) * 1000
    except (ValueError, TypeError, OverflowError):
        raise _Unfit("timestamp is not an instant in ISO 8601") from None


def _whole(value: Any) -> Any:
    """A number that JSON wrote with a fraction of zero is whole."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
