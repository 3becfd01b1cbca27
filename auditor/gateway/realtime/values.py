"""Values of columns as PostgreSQL compares them: read by the column's type, from text or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID


def _number(said: Any) -> Decimal:
    try:
        found = Decimal(str(said).strip())
    except InvalidOperation:
        raise ValueError(said) from None
    return found if not found.is_nan() else Decimal("Infinity")  # sorts as PostgreSQL's NaN does


def _whole(said: Any) -> Decimal:
    found = _number(said)
    if not abs(found) <= 2**63 or found != found.to_integral_value():
        raise ValueError(said)
    return found


def _truth(said: Any) -> bool:
    if isinstance(said, bool):
        return said
    word = str(said).strip().lower()
    if word not in ("t", "true", "yes", "on", "1", "f", "false", "no", "off", "0"):
        raise ValueError(said)
    return word in ("t", "true", "yes", "on", "1")


def _instant(said: Any) -> datetime:
    found = datetime.fromisoformat(str(said).strip())
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _tree(said: Any) -> str:
    found = json.loads(said) if isinstance(said, str) else said
    return json.dumps(found, sort_keys=True)


def _identity(said: Any) -> UUID:
    return UUID(str(said).strip())


def _text(said: Any) -> str:
    return str(said)


READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "bool": _truth,
    "float4": _number,
    "float8": _number,
    "int2": _whole,
    "int4": _whole,
    "int8": _whole,
    "jsonb": _tree,
    "numeric": _number,
    "timestamptz": _instant,
    "uuid": _identity,
}
"""Of a type that is not here, values are text."""
UNORDERED: Final = ("bool", "jsonb", "uuid")
"""Types of which only equality is asked for here."""


def read_value(type_name: str, said: Any) -> Any:
    """A value that compares with others of its column. Raises ValueError."""
    read: Callable[[Any], Any] = READERS.get(type_name, _text)
    try:
        return read(said)
    except (TypeError, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None
