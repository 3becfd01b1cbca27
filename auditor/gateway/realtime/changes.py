"""postgres_changes: what a client subscribes to, which changes it wants, and how they are told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from auditor.gateway.live.messages import RowChange
from auditor.gateway.realtime.envelopes import dumps
from auditor.gateway.realtime.filters import Condition, UnusableFilter, read_filter

SCHEMA: Final = "monitoring"
ANY: Final = "*"
EVENTS: Final = ("INSERT", "UPDATE", "DELETE", ANY)
MOST_BYTES: Final = 1_000_000
"""Python clients lose their connection over a message of a MiB."""
LONGEST_REQUEST: Final = 4_000
SHORT_VALUE: Final = 64
TOO_LARGE: Final = "Error 413: Payload Too Large"

Columns = Mapping[str, tuple[tuple[str, str], ...]]
"""Published table -> (column, PostgreSQL's name of its type), in the table's order."""


class RefusedSubscription(ValueError):
    """The message says why; clients show it."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """id: the same for the same request, and never 0. select: None for all columns.

    Equal where the request is, whoever made it.
    """

    request: str
    id: int
    event: str
    table: str
    select: tuple[str, ...] | None
    conditions: tuple[Condition, ...]

    def __hash__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subscription) and other.request == self.request

    def wants(self, change: RowChange) -> bool:
        """Whether a change is one of those."""
        return (
            self.table in (ANY, change.table)
            and self.event in (ANY, change.type)
            and all(condition.lets(change.record) for condition in self.conditions)
        )


def read_subscription(request: Any, columns: Columns) -> Subscription:
    """Of a request as it was written. Raises RefusedSubscription for what could never match."""
    if not isinstance(request, dict):
        raise RefusedSubscription("a request for postgres_changes is an object")
    event = request.get("event", ANY)
    schema = request.get("schema") or "public"
    table = request.get("table") or ANY
    if not isinstance(event, str) or event.upper() not in EVENTS:
        raise RefusedSubscription("event is INSERT, UPDATE, DELETE or *")
    if schema not in (SCHEMA, ANY) or (table != ANY and table not in tuple(columns)):
        known = " and ".join(sorted(columns))
        raise RefusedSubscription(f"only {known} of the schema {SCHEMA} are published here")
    types = dict(columns[table]) if table != ANY else _shared(columns)
    try:
        conditions = _conditions(request.get("filter"), types)
    except UnusableFilter as error:
        raise RefusedSubscription(f"the filter cannot be used: {error}") from None
    written = json.dumps(request, sort_keys=True)
    if len(written) > LONGEST_REQUEST:
        raise RefusedSubscription(f"a request has at most {LONGEST_REQUEST} letters")
    return Subscription(
        written, _number(written), event.upper(), table,
        _select(request.get("select"), types), conditions,
    )  # fmt: skip


def _conditions(written: Any, types: Mapping[str, str]) -> tuple[Condition, ...]:
    if written in (None, ""):
        return ()
    if not isinstance(written, str):
        raise UnusableFilter("it is no text")
    return read_filter(written, types)


def _select(asked: Any, types: Mapping[str, str]) -> tuple[str, ...] | None:
    if not asked:
        return None
    if not isinstance(asked, list) or not all(isinstance(name, str) for name in asked):
        raise RefusedSubscription("select is a list of columns")
    if unknown := [name for name in asked if name not in types]:
        raise RefusedSubscription(f"there is no column {unknown[0][:80]!r}")
    return tuple(asked)


def _shared(columns: Columns) -> dict[str, str]:
    """What every published table has, for a filter over all of them."""
    tables = [set(found) for found in columns.values()]
    return dict(set.intersection(*tables)) if tables else {}


def _number(written: str) -> int:
    return int.from_bytes(sha256(written.encode()).digest()[:4]) % (2**31 - 1) + 1


def told(change: RowChange, columns: Columns, select: tuple[str, ...] | None) -> str:
    """A change as its `data` goes out: JSON of an object, of at most MOST_BYTES."""
    written = _written(change, columns, select, short=False)
    return written if len(written) <= MOST_BYTES else _written(change, columns, select, short=True)


def _written(
    change: RowChange, columns: Columns, select: tuple[str, ...] | None, *, short: bool
) -> str:
    def kept(row: Mapping[str, Any]) -> dict[str, Any]:
        chosen = {name: row[name] for name in row if select is None or name in select}
        if not short:
            return chosen
        return {name: each for name, each in chosen.items() if len(dumps(each)) <= SHORT_VALUE}

    content = {
        "schema": SCHEMA,
        "table": change.table,
        "commit_timestamp": instant(change.commit_timestamp),
        "type": change.type,
        "errors": [TOO_LARGE] if short else None,
        "columns": [
            {"name": name, "type": type_name}
            for name, type_name in columns.get(change.table, ())
            if select is None or name in select
        ],
        "record": kept(change.record),
    }
    if change.old_record is not None:
        content["old_record"] = kept(change.old_record)
    return dumps(content)


def instant(when: datetime) -> str:
    """As the real server writes it: milliseconds, in UTC."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"
