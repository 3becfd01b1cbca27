"""Where the auditor stands: named instants in the database, read and written as they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from psycopg import Connection

from sql import queries


def read_state(connection: Connection) -> Mapping[str, datetime]:
    """Every named instant: settled_until, scored_until, last_tick_at …"""
    return dict(connection.execute(queries("auditor")["read_state"]).fetchall())


def write_state(connection: Connection, name: str, value: datetime) -> None:
    """Sets one named instant."""
    connection.execute(queries("auditor")["write_state"], {"name": name, "value": value})
