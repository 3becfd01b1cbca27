"""An observation as lists show it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from auditor.stores.observations import ObservationRow
from baselines.metrics import BY_NAME

Severity = Literal["info", "warning", "critical"]


class Series(BaseModel):
    """A cache under one implementation."""

    cache_name: str
    implementation_type: str


class ObservationBrief(BaseModel):
    """One problem, in a line or two."""

    id: UUID
    short_id: str
    cache_name: str
    implementation_type: str | None
    also: list[Series] = Field(description="other series that the problem has reached")
    severity: Severity
    state: Literal["open", "resolved"]
    rank: float = Field(description="0 to 100, orders within and across severities")
    category: str
    title: str
    metric_name: str | None
    metric_title: str | None
    unit: str = Field(description="of the values: %, ms, /min, or none")
    metric_value: float | None
    baseline_value: float | None
    cause: str | None = Field(description="title of the likeliest cause, null when none fits")
    first_window: datetime
    last_window: datetime | None = Field(description="the last minute that was strange")
    resolved_at: datetime | None
    cost_ms: float = Field(description="extra waiting so far, ms")
    acknowledged: bool
    acknowledged_by: str | None
    acknowledged_at: datetime | None


def brief(row: ObservationRow) -> ObservationBrief:
    """The row as lists show it."""
    return ObservationBrief.model_validate(brief_fields(row))


def brief_fields(row: ObservationRow) -> dict[str, object]:
    """The same as plain values, for models that say more."""
    metric = BY_NAME.get(row.metric_name or "")
    names = set(ObservationBrief.model_fields) - {"metric_title", "unit", "cause", "also"}
    return {
        **{name: getattr(row, name) for name in names},
        "also": row.also,
        "metric_title": None if metric is None else metric.title,
        "unit": "" if metric is None else metric.unit,
        "cause": _cause_title(row),
    }


def _cause_title(row: ObservationRow) -> str | None:
    causes = row.metadata.get("causes") or []
    found = next((each for each in causes if each.get("name") == row.cause), None)
    return row.cause if found is None else str(found["title"])
