"""What `GET /v1/observations/{id}` says, field by field."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from auditor.gateway.api.briefs import ObservationBrief, Severity


class CostSoFar(BaseModel):
    """Beyond the ordinary, of all series that the problem has reached."""

    extra_ms: float = Field(description="extra waiting, ms")
    ordinary_minutes: float = Field(description="the same in ordinary minutes' worth")
    extra_loads: float
    extra_errors: float
    lost_requests: float


class Cause(BaseModel):
    """A known cause that may be behind it."""

    name: str
    title: str
    weight: float = Field(description="0 to 1, its share of all that may be")
    for_it: list[str]
    against_it: list[str]
    not_measured: list[str]
    recommendation: str | None


class Contribution(BaseModel):
    """One channel's part in one window's score; null is unknown."""

    detector: str
    channel: str
    metric: str
    metric_title: str
    unit: str
    minutes: int = Field(description="how many minutes it adds up")
    value: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    count: float | None = Field(description="operations that the value rests on")
    surprise: float | None = Field(description="-log10 of the calibrated chance per minute")


class CostPart(BaseModel):
    """A part of one minute's cost."""

    title: str
    ms: float


class Moment(BaseModel):
    """A window that is kept whole: the one that opened it, or its worst."""

    moment: str
    minute_window: datetime
    severity: Severity
    surprise: float | None
    opening_surprise: float = Field(description="from which an observation opens")
    leading_metric: str | None
    contributions: list[Contribution]
    cost: list[CostPart]
    ordinary_ms: float | None = Field(description="an ordinary minute's waiting, ms")


class Change(BaseModel):
    """A line of its history."""

    kind: str
    changed_at: datetime
    severity: Severity
    by: str | None
    reason: str | None
    note: str | None


class SignedFeedback(BaseModel):
    """What a person signed."""

    id: int
    reason: str
    note: str
    by: str
    at: datetime
    about: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None = Field(description="null where a worse turn took it back")


class ReasonChoice(BaseModel):
    """A reason that may be signed."""

    reason: str
    means: str
    lasts_s: int | None = Field(description="how long it silences, unless said; null: nothing")


class ScopeChoice(BaseModel):
    """A scope that may be signed."""

    scope: str
    about: str


class ObservationPage(ObservationBrief):
    """One observation in full."""

    description: str
    recommendation: str | None
    timestamp: datetime
    updated_at: datetime
    reopened: int
    deviation_percentage: float | None
    rule: str | None = Field(description="the user's rule that opened it alone")
    peak_surprise: float | None
    cost: CostSoFar | None
    causes: list[Cause]
    moments: list[Moment]
    history: list[Change] = Field(description="oldest first, as long as the change log keeps it")
    signed: list[SignedFeedback]
    earlier: list[ObservationBrief] = Field(description="others of the same cache, newest first")
    reasons: list[ReasonChoice]
    scopes: list[ScopeChoice]


class SeriesMinutes(BaseModel):
    """Another implementation over the same minutes."""

    implementation_type: str
    values: list[float | None]


class ObservationCourse(BaseModel):
    """One metric over the minutes around an observation; null where nothing is known."""

    metric: str
    metric_title: str
    unit: str
    start: datetime
    values: list[float | None] = Field(description="a minute each, in the unit")
    expected: list[float | None]
    lower: list[float | None] = Field(description="band of a single minute")
    upper: list[float | None]
    surprise: list[float | None] = Field(description="of the window as a whole")
    scored: list[bool]
    opening_surprise: float | None
    siblings: list[SeriesMinutes]
    first_window: datetime
    resolved_at: datetime | None
    cut: bool = Field(description="the observation is longer than what is shown")
    metrics: list[str] = Field(description="names that may be asked for")
