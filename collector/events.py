"""An event: one cache operation as the recorder holds it, and the rules it must meet to be kept.

The recorder holds a plain tuple (the cheapest thing to make), in the order of `Event`. The shipper
turns it into a `Row`, which is what a batch, the spool and the database hold: the key is hashed,
the metadata is JSON text, every value is within its bounds. What breaks a rule is `Refused` with
its reason, and is counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import index
from typing import Any, NamedTuple

from collector.errors import UnencodableKey

OPERATIONS = frozenset({"hit", "miss", "set", "delete", "evict", "expire", "error"})

# timestamp_ns (UTC epoch), operation_type, cache_name, implementation_type, cache_key (the raw
# object), response_time_ms, cache_size, value_bytes, error_type, error_message, metadata, is_sample
Event = tuple[int, str, str, str, Any, Any, Any, Any, Any, Any, Any, bool]

DAY_NS = 86_400 * 10**9
OLDEST_NS = 8 * DAY_NS
NEWEST_NS = DAY_NS
LONGEST_NAME = 128
LONGEST_ERROR_TYPE = 128
LONGEST_ERROR_MESSAGE = 2_000
LONGEST_METADATA = 8_192
# Beyond these nothing is believable, and a minute's sums could leave the range of a bigint.
LONGEST_MS = 1e9
LARGEST_CACHE = 2**53
LARGEST_VALUE_BYTES = 2**40

_IMPLEMENTATION = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z")
# \u0000 in JSON text that is not itself behind a backslash; jsonb cannot hold it.
_JSON_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class Row(NamedTuple):
    """An event that may be stored: hashed key, JSON text for metadata, nanoseconds UTC."""

    timestamp_ns: int
    operation_type: str
    cache_name: str
    implementation_type: str
    cache_key: str
    response_time_ms: float | None
    cache_size: int | None
    value_bytes: int | None
    error_type: str | None
    error_message: str | None
    metadata: str | None
    is_sample: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that is not kept, and why; `reason` has no value of the user's in it but names."""

    reason: str


@dataclass(frozen=True, slots=True)
class Span:
    """The half-open span of time that events are accepted from; nanoseconds UTC."""

    since_ns: int
    until_ns: int

    @classmethod
    def around(cls, now_ns: int) -> Span:
        """What the database takes from a live collector: the last 8 days and the next one."""
        return cls(now_ns - OLDEST_NS, now_ns + NEWEST_NS)


class _Broken(ValueError):
    """A rule is broken; the message is the reason."""


def prepare(event: Event, span: Span, hash_key: Callable[[Any, str], str]) -> Row | Refused:
    """The event as a row, or the reason why it cannot be one. Never raises.

    hash_key(key, cache_name) gives the text that is stored, or raises UnencodableKey.
    """
    try:
        when, operation, cache, implementation, key, *rest = event
        elapsed, cache_size, value_bytes, error_type, message, metadata, is_sample = rest
        if operation not in OPERATIONS:
            raise _Broken("operation_type is none of " + ", ".join(sorted(OPERATIONS)))
        return Row(
            _timestamp(when, span),
            operation,
            name_of(cache, "cache_name"),
            implementation_of(implementation),
            hash_key(key, cache),
            _elapsed(elapsed),
            _count(cache_size, "cache_size", LARGEST_CACHE),
            _count(value_bytes, "value_bytes", LARGEST_VALUE_BYTES),
            text_of_error_type(error_type),
            text_of_error_message(message),
            json_of(metadata),
            bool(is_sample),
        )
    except _Broken as broken:
        return Refused(str(broken))
    except UnencodableKey as refused:
        return Refused(str(refused))
    except Exception as error:
        return Refused(f"the event cannot be read ({type(error).__name__})")


def _timestamp(value: Any, span: Span) -> int:
    if type(value) is not int:
        raise _Broken("timestamp is not whole nanoseconds")
    if not span.since_ns <= value < span.until_ns:
        raise _Broken("timestamp lies outside the span that is accepted (8 days back, 1 ahead)")
    return value


def name_of(value: Any, what: str) -> str:
    """The name, which `what` calls in an error. Raises ValueError."""
    if type(value) is not str or not value or len(value) > LONGEST_NAME:
        raise _Broken(f"{what} is not a text of 1 to {LONGEST_NAME} characters")
    if "\0" in value:
        raise _Broken(f"{what} has a NUL character")
    _check_unicode(value, what)
    return value


def implementation_of(value: Any) -> str:
    """The implementation's name. Raises ValueError."""
    if type(value) is not str or not _IMPLEMENTATION.match(value):
        raise _Broken("implementation_type is not 1 to 64 characters of [A-Za-z0-9_.:-]")
    return value


def _elapsed(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, str | bytes | bool):
        raise _Broken("response_time_ms is not a number")
    try:
        elapsed = float(value)
    except Exception:
        raise _Broken("response_time_ms is not a number") from None
    if not 0.0 <= elapsed < LONGEST_MS:
        raise _Broken("response_time_ms is negative, or a billion and more: is it in ms?")
    return elapsed


def _count(value: Any, what: str, most: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool):
        raise _Broken(f"{what} is not a whole number")
    try:
        count = index(value)
    except Exception:
        raise _Broken(f"{what} is not a whole number") from None
    if not 0 <= count <= most:
        raise _Broken(f"{what} is negative or above {most}")
    return count


def text_of_error_type(value: Any) -> str | None:
    """What kind of error it was, within its bound; None for none. Raises ValueError."""
    return _text(value, LONGEST_ERROR_TYPE)


def text_of_error_message(value: Any) -> str | None:
    """What the error said, within its bound; None for none. Raises ValueError."""
    return _text(value, LONGEST_ERROR_MESSAGE)


def _text(value: Any, longest: int) -> str | None:
    """Free text of an error: cut to its bound, and what PostgreSQL cannot store replaced."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise _Broken("error_type or error_message is not a text")
    text = str(value[: longest - 1]) + "…" if len(value) > longest else str(value)
    text = text.replace("\0", "�")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def json_of(metadata: Any) -> str | None:
    """Metadata as the text of a JSON object; None for none. Raises ValueError."""
    if metadata is None:
        return None
    if not isinstance(metadata, dict):
        raise _Broken("metadata is not a dict")
    try:
        text = json.dumps(metadata, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except Exception:
        raise _Broken("metadata cannot be written as JSON") from None
    if len(text) > LONGEST_METADATA:
        raise _Broken(f"metadata is longer than {LONGEST_METADATA} characters")
    if _JSON_NUL.search(text):
        raise _Broken("metadata has a NUL character")
    _check_unicode(text, "metadata")
    return text


def _check_unicode(value: str, what: str) -> None:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _Broken(f"{what} has a lone surrogate") from None
