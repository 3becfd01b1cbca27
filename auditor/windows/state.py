"""Where the auditor stands: named instants in the database, read and written as they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from psycopg import Connection

from sql import queries


def read_state(connection: Connection) -> Mapping[str, datetime]:
    """Every named instant: settled_until, scored_until, last_tick_at …"""
    return dict(connection.execute(queries("auditor")["read_state"]).fetchall())


def advance_state(connection: Connection, name: str, value: datetime) -> None:
    """Moves one named instant on; never back, whatever another auditor's clock says."""
    connection.execute(queries("auditor")["advance_state"], {"name": name, "value": value})


def write_state(connection: Connection, name: str, value: datetime) -> None:
    """Sets one named instant."""
    connection.execute(queries("auditor")["write_state"], {"name": name, "value": value})
