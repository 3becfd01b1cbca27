"""What is answered of a cache's history, response times and ordinary week."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from auditor.charting.spans import Source, SpanName
from auditor.gateway.api.asking import Figures


class Grid(BaseModel):
    """Where points lie: point i is the half-open span [since + i steps, since + (i + 1) steps)."""

    since: datetime
    until: datetime
    step_minutes: int
    source: Source = Field(description="the windows that points are added up from")


class Counts(BaseModel):
    """One figure a point; null where there is no window, which is not zero."""

    measured_minutes: Figures = Field(description="of the point; 0: a gap")
    gets_per_minute: Figures
    sets_per_minute: Figures
    deletes_per_minute: Figures
    evictions_per_minute: Figures
    expirations_per_minute: Figures
    errors_per_minute: Figures
    hits: Figures = Field(description="in the whole point")
    misses: Figures = Field(description="in the whole point")
    gets: Figures = Field(description="in the whole point: hits, misses, failed gets")
    operations: Figures = Field(description="in the whole point: gets, sets, deletes")
    errors: Figures = Field(description="in the whole point")
    hit_rate_percent: Figures = Field(description="hits of hits and misses, sums over sums")
    error_rate_percent: Figures = Field(description="errors of operations, sums over sums")
    entries: Figures = Field(description="held, mean over the point, nodes added up")
    memory_bytes: Figures
    memory_limit_bytes: Figures = Field(description="null: no limit, or not known")
    fill_percent: Figures = Field(description="memory of the limit, of nodes that have one")
    clients: Figures
    completeness: Figures = Field(description="share of the expected collectors, 0 to 1")
    nodes: Figures = Field(description="heard of at once, at most")
    provisional: list[bool] = Field(description="a window of the point was still open")


class Expected(BaseModel):
    """What the baseline in force expects at each point; the band is that of a single minute."""

    metric: str
    title: str
    unit: str
    centre: Figures
    lower: Figures | None = Field(description="null where a point is more than a minute")
    upper: Figures | None


class BaselineFit(BaseModel):
    """The baseline in force. Its weeks are those of its time zone."""

    version: int
    fitted_since: datetime
    fitted_until: datetime
    windows: int = Field(description="minutes learned from")
    time_zone: str


class Mark(BaseModel):
    """An observation on the axis of time."""

    id: UUID
    severity: Literal["info", "warning", "critical"]
    title: str
    state: Literal["open", "resolved"]
    acknowledged: bool
    cause: str | None
    first_window: datetime
    resolved_at: datetime | None
    implementation_type: str | None = Field(description="null: of the whole cache")


class History(BaseModel):
    """A series as it went over a span."""

    cache_name: str
    implementation_type: str
    span: SpanName
    asked_at: datetime
    grid: Grid
    counts: Counts
    baseline: BaselineFit | None
    expected: list[Expected] = Field(description="of spans of minutes, where there is a baseline")
    observations: list[Mark] = Field(description="the weightiest, by when they began")
    observations_left_out: bool


class Quantiles(BaseModel):
    """ms, one a point; null where no response time is known."""

    p50_ms: Figures
    p95_ms: Figures
    p99_ms: Figures


class HeatMap(BaseModel):
    """Gets by column of time and row of response time."""

    since: datetime
    step_minutes: int
    lower_ms: list[float] = Field(description="lower bound of each row; the first may be 0")
    upper_ms: Figures = Field(description="upper bound of each row; null: none")
    hits: list[list[int]] = Field(description="by column, then row")
    misses: list[list[int]]


class ResponseTimes(BaseModel):
    """Response times of gets: quantiles by point, and how they were spread."""

    cache_name: str
    implementation_type: str
    span: SpanName
    asked_at: datetime
    grid: Grid
    gets: Quantiles
    hits: Quantiles
    misses: Quantiles
    heat: HeatMap


class WeekOfMetric(BaseModel):
    """168 hours from Monday 00:00, in the metric's unit; the band is that of a single minute."""

    metric: str
    title: str
    unit: str
    worse: Literal["up", "down", "both"]
    centre: Figures
    lower: Figures
    upper: Figures
    windows: Figures = Field(description="minutes learned from; 0: other hours stand in")


class OrdinaryWeek(BaseModel):
    """What is ordinary in each hour of the week; no baseline: nothing is learned yet."""

    cache_name: str
    implementation_type: str
    asked_at: datetime
    baseline: BaselineFit | None
    metrics: list[WeekOfMetric]
