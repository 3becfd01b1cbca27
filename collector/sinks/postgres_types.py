"""How a batch's values go into binary COPY: instants from whole nanoseconds, jsonb from its text.

Dumpers are chosen by the column's type, so the rows need no objects made for the driver's sake.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

from psycopg import Connection
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

EVENT_TYPES = ["timestamptz", *["text"] * 4, "float8", "int8", "int8", "text", "text", "jsonb"]
EVENT_TYPES += ["bool", "text", "int8"]
WEIGHT_TYPES = ["text", "text", "text", "timestamptz", "text", "bool", "int8", "int8", "float8"]
WEIGHT_TYPES += ["int2[]", "int8[]", "int8", "int8"]
GAUGE_TYPES = [*["text"] * 3, "timestamptz", "int4", *["int8"] * 5]

# PostgreSQL counts microseconds from 2000-01-01T00:00:00Z.
_EPOCH_2000_US = 946_684_800 * 10**6
_LONG = Struct("!q").pack


class _Instant:
    """Nanoseconds UTC, as an int; only a name to register the dumper under."""


class _JsonText:
    """JSON as text; only a name to register the dumper under."""


class _InstantDumper(Dumper):
    oid = 1184  # timestamptz
    format = Format.BINARY

    def dump(self, obj: Any) -> Buffer:
        packed: bytes = _LONG(int(obj) // 1000 - _EPOCH_2000_US)
        return packed


class _JsonTextDumper(Dumper):
    oid = 3802  # jsonb
    format = Format.BINARY

    def dump(self, obj: Any) -> Buffer:
        return b"\x01" + str(obj).encode()


def register(connection: Connection) -> None:
    """Make COPY on this connection take timestamptz as nanoseconds and jsonb as text."""
    connection.adapters.register_dumper(_Instant, _InstantDumper)
    connection.adapters.register_dumper(_JsonText, _JsonTextDumper)
