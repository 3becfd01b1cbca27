"""What is stored of one observation beside its row: its state, what was signed, its minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from auditor.observing.feedback import Scope
from baselines.series import SeriesKey
from baselines.store import instant
from sql import queries


@dataclass(frozen=True, slots=True)
class SignedRow:
    """One signature on an observation."""

    id: int
    reason: str
    note: str
    acknowledged_by: str
    acknowledged_at: datetime
    scope_cache_name: str
    scope_implementation_type: str | None
    scope_metric: str | None
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None

    @property
    def scope(self) -> Scope:
        """What it is about."""
        return Scope(self.scope_cache_name, self.scope_implementation_type, self.scope_metric)


def read_progress(connection: Connection, observation_id: UUID) -> dict[str, Any]:
    """The observation's state after its last strange minute, as `fold_state` writes it; {} if none.

    What other programs wrote has none.
    """
    row = connection.execute(
        queries("gateway_pages")["read_progress"], {"observation_id": observation_id}
    ).fetchone()
    return {} if row is None else dict(row[0])


def read_signed(connection: Connection, observation_id: UUID) -> list[SignedRow]:
    """What was signed on one observation, the newest first."""
    with connection.cursor(row_factory=class_row(SignedRow)) as cursor:
        return cursor.execute(
            queries("gateway_pages")["read_observation_feedback"],
            {"observation_id": observation_id},
        ).fetchall()


def read_surprises(
    connection: Connection, key: SeriesKey, since: int, until: int
) -> dict[int, float | None]:
    """By epoch minute of [since, until): how strange a scored window was, None where not judged."""
    asked = {
        "cache_name": key.cache_name,
        "implementation_type": key.implementation_type,
        "since": instant(since),
        "until": instant(until),
    }
    return dict(connection.execute(queries("gateway_pages")["read_surprises"], asked).fetchall())
