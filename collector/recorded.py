"""Recorded events from CSV or JSON lines, line by line, in memory that does not grow.

Columns may have our names or one of the names below; `mapping` gives others. A recorded `get` is a
hit, a miss or an error by its column `outcome`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

from collector.errors import CollectorError
from collector.events import OPERATIONS, Event, Refused

FORMATS = ("csv", "jsonl")

# our name -> what else it is called
ALIASES: dict[str, tuple[str, ...]] = {
    "timestamp": ("ts", "time"),
    "timestamp_ms": ("ts_ms",),
    "timestamp_us": ("ts_us",),
    "timestamp_ns": ("ts_ns",),
    "cache_name": ("cache",),
    "cache_key": ("key",),
    "key_hash": (),
    "implementation_type": ("implementation",),
    "operation_type": ("operation", "op"),
    "outcome": ("result",),
    "response_time_ms": ("latency_ms",),
    "response_time_us": ("latency_us",),
    "value_bytes": ("size",),
    "cache_size": (),
    "error_type": (),
    "error_message": (),
    "metadata": (),
}
OUR_NAMES = {name: ours for ours, others in ALIASES.items() for name in (ours, *others)}

# (operation_type, outcome) as recorded -> (operation_type, error_type) as we have it
OUTCOMES: dict[tuple[str, str], tuple[str, str | None]] = {
    ("get", "hit"): ("hit", None),
    ("get", "miss"): ("miss", None),
    ("get", "miss_error"): ("miss", "load_error"),
    ("get", "error"): ("error", "get_error"),
    ("set", "error"): ("set", "set_error"),
    ("delete", "error"): ("delete", "delete_error"),
    ("eviction", ""): ("evict", None),
    ("expiration", ""): ("expire", None),
}
_PLAIN_OUTCOMES = frozenset({"", "ok", "success"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UnusableColumns(CollectorError):
    """The file has no column for something that every event needs, or two for the same."""


@dataclass(frozen=True, slots=True)
class HashedKey:
    """A key that the file holds as a hash already, to be kept as it is."""

    text: str


class _Unreadable(ValueError):
    """A line that is no event; the message says why."""


def read_events(
    stream: TextIO, form: str, mapping: Mapping[str, str] | None = None
) -> Iterator[tuple[int, Event | Refused]]:
    """(line number from 1, event or refusal) of each line that is not empty, in order.

    mapping: column in the file -> our name; before the known aliases. A CSV's first line names its
    columns. Raises UnusableColumns, and ValueError for an unknown format.
    """
    if form not in FORMATS:
        raise ValueError(f"format {form!r} is none of {', '.join(FORMATS)}")
    read = _csv_rows if form == "csv" else _json_rows
    rows = read(stream, mapping or {})
    for line, row in rows:
        if isinstance(row, Refused):
            yield line, row
            continue
        try:
            yield line, _event(row)
        except _Unreadable as reason:
            yield line, Refused(str(reason))


def _csv_rows(
    stream: TextIO, mapping: Mapping[str, str]
) -> Iterator[tuple[int, dict[str, Any] | Refused]]:
    reader = csv.reader(stream)
    header = next(reader, None)
    if header is None:
        return
    names = _our_names([name.strip().lstrip("\ufeff") for name in header], mapping)
    before = reader.line_num
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield before + 1, Refused(f"not CSV: {error}")
            before = reader.line_num
            continue
        line, before = before + 1, reader.line_num
        if not cells:
            continue
        if len(cells) != len(names):
            yield line, Refused(f"{len(cells)} columns where the header has {len(names)}")
        else:
            yield line, {name: cell for name, cell in zip(names, cells, strict=True) if name}


def _json_rows(
    stream: TextIO, mapping: Mapping[str, str]
) -> Iterator[tuple[int, dict[str, Any] | Refused]]:
    for line, text in enumerate(stream, 1):
        if not text.strip():
            continue
        try:
            found = json.loads(text)
        except ValueError as error:
            yield line, Refused(f"not JSON: {error}")
            continue
        if not isinstance(found, dict):
            yield line, Refused("not a JSON object")
            continue
        names = {name: mapping.get(name) or OUR_NAMES.get(name, "") for name in found}
        yield line, {names[name]: value for name, value in found.items() if names[name]}


def _our_names(header: list[str], mapping: Mapping[str, str]) -> list[str]:
    """Our name of each column, '' for a column that is not used."""
    unknown = sorted(set(mapping) - set(header))
    if unknown:
        raise UnusableColumns(f"no column {', '.join(unknown)}; there are {_listed(header)}")
    mapped = set(mapping.values())
    names = []
    for column in header:
        ours = mapping.get(column) or OUR_NAMES.get(column, "")
        names.append("" if column not in mapping and ours in mapped else ours)
    given = [name for name in names if name]
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise UnusableColumns(f"two columns for {', '.join(twice)}; say which by --map")
    if not any(name.startswith("timestamp") for name in given):
        raise UnusableColumns(f"no column for the timestamp in {_listed(header)}; use --map")
    if "operation_type" not in given:
        raise UnusableColumns(f"no column for operation_type in {_listed(header)}; use --map")
    return names


def _listed(header: list[str]) -> str:
    """Some columns by name; a file that is no CSV may have any number, of any length."""
    names = [name if len(name) <= 40 else f"{name[:39]}…" for name in header[:20]]
    more = f" and {len(header) - 20} more" if len(header) > 20 else ""
    return ", ".join(names) + more


def check_mapping(pairs: Mapping[str, str]) -> None:
    """Raises UnusableColumns for a pair whose right side is none of our names."""
    for column, ours in pairs.items():
        if ours not in ALIASES:
            known = ", ".join(ALIASES)
            raise UnusableColumns(f"{column}={ours}: {ours} is none of our names: {known}")


def _event(row: dict[str, Any]) -> Event:
    operation, error_type = _operation(row)
    return (
        _when_ns(row),
        operation,
        row.get("cache_name") or "default",
        row.get("implementation_type") or "default",
        HashedKey(str(row["key_hash"])) if row.get("key_hash") else row.get("cache_key") or "",
        _elapsed_ms(row),
        _whole(row, "cache_size"),
        _whole(row, "value_bytes"),
        row.get("error_type") or error_type,
        row.get("error_message") or None,
        _metadata(row.get("metadata")),
        False,
    )


def _operation(row: dict[str, Any]) -> tuple[str, str | None]:
    operation = str(row.get("operation_type") or "").strip().lower()
    outcome = str(row.get("outcome") or "").strip().lower()
    found = OUTCOMES.get((operation, outcome))
    if found is None and outcome in _PLAIN_OUTCOMES:
        found = OUTCOMES.get((operation, ""))
    if found is not None:
        return found
    if operation in OPERATIONS and outcome in _PLAIN_OUTCOMES | {operation}:
        return operation, None
    if not operation:
        raise _Unreadable("no operation_type")
    raise _Unreadable(f"operation_type {operation!r} with outcome {outcome!r} is not known")


def _when_ns(row: dict[str, Any]) -> int:
    for name, unit_ns in (("timestamp_ns", 1), ("timestamp_us", 10**3), ("timestamp_ms", 10**6)):
        value = row.get(name)
        if value not in (None, ""):
            return _scaled(value, unit_ns, name)
    value = row.get("timestamp")
    if value in (None, ""):
        raise _Unreadable("no timestamp")
    if isinstance(value, str) and not _is_number(value):
        try:
            when = datetime.fromisoformat(value.strip())
        except ValueError:
            raise _Unreadable(f"timestamp {value!r} is neither ISO 8601 nor a number") from None
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        return (when - _EPOCH) // _MICROSECOND * 1000
    return _scaled(value, 10**9, "timestamp")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return not text.strip().isdigit() or len(text.strip()) != 8  # 20250916 is a date


def _scaled(value: Any, unit_ns: int, name: str) -> int:
    """A number of units, whole or with a fraction, in nanoseconds."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return int(value) * unit_ns
        text = str(value).strip()
        if text.lstrip("+-").isdigit():
            return int(text) * unit_ns
        whole, _, fraction = text.partition(".")
        if whole.lstrip("+-").isdigit() and fraction.isdigit():
            part = int(fraction[:18].ljust(18, "0")) * unit_ns // 10**18
            return int(whole) * unit_ns + (-part if whole.startswith("-") else part)
        return round(float(text) * unit_ns)
    except (ValueError, OverflowError):
        raise _Unreadable(f"{name} {value!r} is not a number") from None


def _elapsed_ms(row: dict[str, Any]) -> float | None:
    for name, factor in (("response_time_ms", 1.0), ("response_time_us", 1e-3)):
        value = row.get(name)
        if value not in (None, ""):
            try:
                return float(value) * factor
            except (TypeError, ValueError):
                raise _Unreadable(f"{name} {value!r} is not a number") from None
    return None


def _whole(row: dict[str, Any], name: str) -> int | None:
    value = row.get(name)
    if value in (None, ""):
        return None
    try:
        number = float(value)
        if number != int(number):
            raise ValueError
        return int(value) if isinstance(value, int) or str(value).isdigit() else int(number)
    except (TypeError, ValueError, OverflowError):
        raise _Unreadable(f"{name} {value!r} is not a whole number") from None


def _metadata(value: Any) -> Any:
    if value in (None, "") or isinstance(value, dict):
        return value or None
    try:
        found = json.loads(value)
    except (TypeError, ValueError):
        raise _Unreadable("metadata is not JSON") from None
    if found is not None and not isinstance(found, dict):
        raise _Unreadable("metadata is not a JSON object")
    return found
