"""What the reference's clients send and get, as the API's page tells it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Metric(BaseModel):
    """One event. Nulls are allowed where the reference's client sends them."""

    cache_key: str | None = None
    operation_type: Literal["hit", "miss", "set", "evict", "error", "delete", "expire"]
    implementation_type: str | None = Field("default", description="legacy, new, any short name")
    cache_name: str | None = "default"
    response_time_ms: float | None = Field(None, ge=0)
    cache_size: int | None = Field(None, ge=0)
    error_type: str | None = None
    error_message: str | None = None
    metadata: dict[str, Any] | None = None
    timestamp: str | None = Field(
        None, description="ISO 8601; UTC without a zone; now without a timestamp",
        examples=["2026-11-22T10:00:00.123456"],
    )  # fmt: skip


class Metrics(BaseModel):
    """A body of the reference's client."""

    metrics: list[Metric]


class RefusedMetric(BaseModel):
    """A metric that was not stored."""

    index: int = Field(description="its place in the body, from 0")
    reason: str


class Stored(BaseModel):
    """What became of a body."""

    success: bool
    metrics_stored: int
    aggregations_created: int = Field(
        description="distinct windows (cache, implementation, minute) that the stored fall into"
    )
    refused: list[RefusedMetric]


class Summary(BaseModel):
    """Of all windows in the time asked for, also those left out of `metrics`."""

    total_operations: int
    total_hits: int
    total_misses: int
    overall_hit_rate: float = Field(description="percent; 0 when there was no get")
    avg_response_time_ms: float = Field(description="of gets; 0 when none was timed")
    time_range_hours: float


class CacheMetricsRow(BaseModel):
    """A row of cache_metrics_1min or cache_metrics_1hour, every column under its name."""

    model_config = ConfigDict(extra="allow")

    cache_name: str
    implementation_type: str
    node: str
    total_operations: int
    hits: int
    misses: int
    hit_rate: float = Field(description="percent")
    avg_response_time_ms: float | None


class CacheMetrics(BaseModel):
    """Windows, oldest first, and their sum."""

    metrics: list[CacheMetricsRow]
    summary: Summary
    truncated: bool = Field(description="there are more; these are the newest")
