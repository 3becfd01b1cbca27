"""What listeners of the gateway are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from auditor.listening.changes import LoggedChange

WINDOWS = "cache_metrics_1min"
OBSERVATIONS = "cache_auditor_observations"


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row of a published table that was inserted or changed.

    record: the row as JSON has it, all columns. old_record: its primary key as it was before; None
    for an INSERT.
    """

    table: str
    type: Literal["INSERT", "UPDATE"]
    record: dict[str, Any]
    old_record: dict[str, Any] | None
    commit_timestamp: datetime


@dataclass(frozen=True, slots=True)
class WindowsChanged:
    """Windows of one minute were made or made again.

    payload: the broadcast, in the very words of `monitoring.windows_broadcast`; never written
    again. rows: each that changed, for listeners that asked for rows; else empty.
    """

    minute: datetime
    payload: str
    rows: tuple[RowChange, ...]


@dataclass(frozen=True, slots=True)
class ObservationChanged:
    """A row of the change log. payload: the broadcast, in the database's words."""

    change: LoggedChange
    payload: str
    row: RowChange


@dataclass(frozen=True, slots=True)
class Liveness:
    """Whether notices arrive. why: in words, when they do not."""

    live: bool
    since: datetime
    why: str = ""


Message = WindowsChanged | ObservationChanged | Liveness
