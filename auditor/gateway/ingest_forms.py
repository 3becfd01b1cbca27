"""What collectors send and get, as the API's page tells it; `collector.sinks.wire` reads it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class BatchBody(BaseModel):
    """A batch as `collector.sinks.wire` writes it; rows, weights and gauges are arrays by place."""

    collector_id: UUID
    sequence: int
    node: str = ""
    rows: list[list[Any]] = []
    weights: list[list[Any]] = []
    gauges: list[list[Any]] = []
    beat: dict[str, Any] | None = None


class BeatBody(BaseModel):
    """A heartbeat, with what its collector counted."""

    model_config = ConfigDict(extra="allow")

    collector_id: UUID


class Receipt(BaseModel):
    """What became of a batch."""

    duplicate: bool
    events: int
    weights: int
    refused: list[dict[str, Any]]


class IsStored(BaseModel):
    """Whether the ledger has a batch."""

    stored: bool


class KeySecret(BaseModel):
    """In hex."""

    secret: str
