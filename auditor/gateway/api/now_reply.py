"""What `GET /v1/now` says, field by field."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from auditor.gateway.api.briefs import ObservationBrief
from auditor.gateway.api.freshness import Stale
from auditor.gateway.api.standing import State


class Expected(BaseModel):
    """What a value should be, and the band of a single minute; in the value's unit."""

    centre: float
    lower: float
    upper: float


class HitRateCourse(BaseModel):
    """The last hours in steps; in percent, null where nothing is known."""

    start: datetime
    step_minutes: int
    hit_rate_percent: list[float | None]
    lower_percent: list[float | None]
    upper_percent: list[float | None]


class OpenMinuteNow(BaseModel):
    """The minute that is not closed yet, as far as it is known."""

    minute_window: datetime
    gets: int
    hit_rate_percent: float | None
    errors: int


class SeriesNow(BaseModel):
    """A cache under one implementation as its last closed minute has it."""

    cache_name: str
    implementation_type: str
    state: State
    says: str = Field(description="why it is in this state; empty when it is ordinary")
    observation_id: str | None = Field(description="the worst open one of it")
    judged_from: datetime | None = Field(description="when about it can be judged")
    last_minute: datetime = Field(description="the last minute it was heard of")
    minute_window: datetime | None = Field(description="the minute that the figures are of")
    hit_rate_percent: float | None
    expected_hit_rate_percent: Expected | None
    traffic_per_min: float | None
    p95_response_time_ms: float | None
    error_rate_percent: float | None
    errors_per_min: float | None
    completeness_ratio: float | None = Field(
        description="share of the expected collectors that had delivered; null without watermarks"
    )
    open_minute: OpenMinuteNow | None
    course: HitRateCourse


class Now(BaseModel):
    """Everything on one page."""

    now: datetime
    settled_until: datetime | None
    scored_until: datetime | None
    last_tick_at: datetime | None
    stale: list[Stale]
    collectors_heard: int
    collectors_silent: int
    collectors_ever: int
    series_ever: int
    series: list[SeriesNow] = Field(description="by cache, the cache of the worst state first")
    series_left_out: int
    observations: list[ObservationBrief] = Field(description="open, the worst first")
    open_observations: int
