"""What the database says of the auditor, in one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row

from sql import queries


@dataclass(frozen=True, slots=True)
class State:
    """now: the database's clock. Instants are None before the first of them.

    open_observations: by severity. undelivered: events by what became of them.
    """

    now: datetime
    scored_until: datetime | None
    last_tick_at: datetime | None
    series: int
    windows: int
    open_observations: dict[str, int]
    collectors: int
    undelivered: dict[str, int]
    spooled: int
    messages: dict[str, int]
    notice_queue: float

    @property
    def lag_s(self) -> float | None:
        """How long ago the last window ended that was scored."""
        if self.scored_until is None:
            return None
        return (self.now - self.scored_until).total_seconds()


def read_state(connection: Connection) -> State:
    """As of now."""
    with connection.cursor(row_factory=class_row(State)) as cursor:
        found = cursor.execute(queries("gateway")["read_metrics"]).fetchone()
    assert found is not None  # a select without a table
    return found
