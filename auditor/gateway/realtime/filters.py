"""Filters of postgres_changes: `column=[not.]operator.value`, with a comma for AND.

As in SQL a comparison with null is neither true nor false, so that neither it nor its `not.` lets a
row through; `is` and `isdistinct` know null.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from auditor.gateway.realtime.patterns import like, read_like
from auditor.gateway.realtime.regex_reading import read_regex
from auditor.gateway.realtime.values import UNORDERED, read_value

LONGEST_FILTER: Final = 2_000
MOST_CONDITIONS: Final = 20
MOST_LISTED: Final = 100
COMPARED: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
TEXTS: Final = ("text", "varchar", "bpchar", "name")
IS: Final[dict[str, bool | None]] = {"null": None, "true": True, "false": False, "unknown": None}


class UnusableFilter(ValueError):
    """The message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. fits: of the column's value; None where it is neither true nor false."""

    column: str
    negated: bool
    fits: Callable[[Any], bool | None]

    def lets(self, record: Mapping[str, Any]) -> bool:
        """Whether a row passes."""
        try:
            found = self.fits(record.get(self.column))
        except ValueError:  # a value that Python cannot say, such as an instant of infinity
            return False
        return found is not None and found is not self.negated


def read_filter(written: str, types: Mapping[str, str]) -> tuple[Condition, ...]:
    """types: column -> PostgreSQL's name of its type. Raises UnusableFilter."""
    if len(written) > LONGEST_FILTER:
        raise UnusableFilter(f"a filter has at most {LONGEST_FILTER} letters")
    parts = split(written)
    if len(parts) > MOST_CONDITIONS:
        raise UnusableFilter(f"a filter has at most {MOST_CONDITIONS} conditions")
    return tuple(_condition(part, types) for part in parts)


def split(written: str) -> list[str]:
    """At commas outside quotes and parentheses. Raises UnusableFilter where one is left open."""
    parts, start, depth, quoted, escaped = [], 0, 0, False, False
    for at, letter in enumerate(written):
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = letter == "\\", letter != '"'
        elif letter == '"':
            quoted = True
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter == "," and depth == 0:
            parts.append(written[start:at])
            start = at + 1
    if quoted or depth:
        raise UnusableFilter("a quote or a parenthesis is left open")
    return [*parts, written[start:]]


def _condition(part: str, types: Mapping[str, str]) -> Condition:
    column, equals, rest = part.strip().partition("=")
    negated = rest.startswith("not.")
    name, dot, value = rest.removeprefix("not.").partition(".")
    if not equals or not dot:
        raise UnusableFilter(f"{part[:80]!r} is not column=operator.value")
    if column not in types:
        raise UnusableFilter(f"there is no column {column[:80]!r}")
    try:
        return Condition(column, negated, _test(name, value, types[column]))
    except UnusableFilter:
        raise
    except ValueError:
        raise UnusableFilter(f"{value[:80]!r} is no value for {name} of {column}") from None


def _test(name: str, value: str, type_name: str) -> Callable[[Any], bool | None]:
    if name == "is":
        return _is(value.lower())
    if name == "isdistinct":
        return _is_distinct(value, type_name)
    if name == "in":
        return _among(value, type_name)
    if name in ("like", "ilike", "match", "imatch"):
        return _pattern(name, unquoted(value), type_name)
    if name not in COMPARED:
        raise UnusableFilter(f"there is no operator {name[:20]!r}")
    if type_name in UNORDERED and name not in ("eq", "neq"):
        raise UnusableFilter(f"{name} is not for a column of type {type_name}")
    compare, wanted = COMPARED[name], read_value(type_name, unquoted(value))
    return lambda found: None if found is None else compare(read_value(type_name, found), wanted)


def _is(value: str) -> Callable[[Any], bool | None]:
    if value not in IS:
        raise UnusableFilter("`is` takes null, true, false or unknown")
    wanted = IS[value]
    return lambda found: found is wanted


def _is_distinct(value: str, type_name: str) -> Callable[[Any], bool | None]:
    wanted = None if value.lower() == "null" else read_value(type_name, unquoted(value))

    def test(found: Any) -> bool:
        return (None if found is None else read_value(type_name, found)) != wanted

    return test


def _among(value: str, type_name: str) -> Callable[[Any], bool | None]:
    if not (value.startswith("(") and value.endswith(")")):
        raise UnusableFilter("`in` takes values in parentheses: in.(a,b)")
    listed = split(value[1:-1])
    if len(listed) > MOST_LISTED:
        raise UnusableFilter(f"`in` takes at most {MOST_LISTED} values")
    wanted = [read_value(type_name, unquoted(each.strip())) for each in listed]
    return lambda found: None if found is None else read_value(type_name, found) in wanted


def _pattern(name: str, value: str, type_name: str) -> Callable[[Any], bool | None]:
    if type_name not in TEXTS:
        raise UnusableFilter(f"{name} is not for a column of type {type_name}")
    folded = name.startswith("i")
    if name.endswith("like"):
        pattern = read_like(value.lower() if folded else value)
        return lambda found: (
            None if found is None else like(found.lower() if folded else found, pattern)
        )
    regex = read_regex(value, folded)
    return lambda found: None if found is None else regex.found_in(found)


def unquoted(value: str) -> str:
    """Without the quotes that keep a comma or a parenthesis from meaning something."""
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    inner, letters = iter(value[1:-1]), []
    for letter in inner:
        letters.append(next(inner, "\\") if letter == "\\" else letter)
    return "".join(letters)
