"""Observations as rows: listing, finding by a short id, their history, and acknowledging."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from auditor.errors import NothingFound
from sql import queries

SHORT = 8
"""Characters of an id that are shown, and enough to name it."""


@dataclass(frozen=True, slots=True)
class ObservationRow:
    """One row of cache_auditor_observations with its progress.

    also: other series that the problem has reached, by cache_name and implementation_type.
    """

    id: UUID
    cache_name: str
    implementation_type: str | None
    node: str
    timestamp: datetime
    severity: str
    category: str
    title: str
    description: str
    recommendation: str | None
    metric_name: str | None
    metric_value: float | None
    baseline_value: float | None
    deviation_percentage: float | None
    metadata: dict[str, Any]
    acknowledged: bool
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    state: str
    rank: float
    cause: str | None
    first_window: datetime
    resolved_at: datetime | None
    reopened: int
    updated_at: datetime
    last_window: datetime | None
    cost_ms: float
    also: list[dict[str, str]]

    @property
    def short_id(self) -> str:
        """The beginning of the id, as people see and type it."""
        return str(self.id)[:SHORT]


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One transition of an observation."""

    id: int
    kind: str
    changed_at: datetime
    by: str | None
    reason: str | None
    note: str | None
    severity: str


def list_observations(
    connection: Connection,
    *,
    state: str | None = None,
    severities: Sequence[str] | None = None,
    cache_name: str | None = None,
    since: datetime | None = None,
    acknowledged: bool | None = None,
    most: int = 50,
) -> list[ObservationRow]:
    """Observations that fit, open ones first, then by rank, then the newest."""
    with connection.cursor(row_factory=class_row(ObservationRow)) as cursor:
        return cursor.execute(
            queries("auditor")["list_observations"],
            {
                "state": state,
                "severities": list(severities) if severities else None,
                "cache_name": cache_name,
                "since": since,
                "acknowledged": acknowledged,
                "most": most,
            },
        ).fetchall()


def find_observation(connection: Connection, typed: str) -> ObservationRow:
    """The one observation whose id begins with what was typed (at least 4 characters).

    Raises NothingFound when there is none, or more than one.
    """
    prefix = typed.strip().lower()
    if len(prefix) < 4 or not set(prefix) <= set("0123456789abcdef-"):
        raise NothingFound(
            f"{typed!r} is not an observation's id; type the first 4 or more of the "
            "characters that `observations list` shows"
        )
    with connection.cursor(row_factory=class_row(ObservationRow)) as cursor:
        found = cursor.execute(
            queries("auditor")["find_observations"], {"prefix": prefix}
        ).fetchall()
    if not found:
        raise NothingFound(f"no observation's id begins with {typed!r}; see `observations list`")
    if len(found) > 1:
        longer = ", ".join(str(row.id)[:13] for row in found)
        raise NothingFound(f"several observations' ids begin with {typed!r}: {longer}; type more")
    return found[0]


def read_history(connection: Connection, observation_id: UUID) -> list[HistoryRow]:
    """What happened to one observation, oldest first (as long as the change log keeps it)."""
    with connection.cursor(row_factory=class_row(HistoryRow)) as cursor:
        return cursor.execute(
            queries("auditor")["read_history"], {"observation_id": observation_id}
        ).fetchall()


def acknowledge(
    connection: Connection, observation_id: UUID, *, by: str, reason: str, note: str
) -> str:
    """Signs an observation. Returns 'acknowledged', 'already' or 'unknown'."""
    row = connection.execute(
        queries("auditor")["acknowledge"],
        {"observation_id": observation_id, "by": by, "reason": reason, "note": note},
    ).fetchone()
    assert row is not None  # a function's result is one row
    return str(row[0])
