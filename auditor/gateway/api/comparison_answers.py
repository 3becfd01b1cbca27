"""What is answered of a comparison: its figures, and the same words as the command's."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from auditor.asking.compared import Compared
from auditor.comparing.comparison import Mode
from auditor.comparing.verdict import Status, Verdict
from auditor.gateway.api.asking import Figure
from auditor.listening.compared import document, lines, notes


class Difference(BaseModel):
    """One measure, candidate less baseline. unit: points, or % of the baseline's figure."""

    name: str
    title: str
    value_unit: str
    unit: str
    baseline: Figure
    candidate: Figure
    estimate: Figure
    lower: Figure = Field(description="null: not measured, or nothing bounds it yet")
    upper: Figure
    margin: Figure = Field(description="a smaller difference is nobody's business")
    status: Status
    foretold: Status
    more_hours: Figure
    source: str | None
    why: str


class HourOfDay(BaseModel):
    """One measure in one hour of the day, on the clock of `time_zone`."""

    measure: str
    hour: int
    estimate: Figure
    lower: Figure
    upper: Figure
    blocks: int
    losing: bool


class LeftOut(BaseModel):
    """A warm-up that is not compared."""

    implementation: str
    since: datetime
    until: datetime
    after: Literal["start", "restart"]


class SelfCheck(BaseModel):
    """The A/A check: how often pairs that differ in nothing were told apart."""

    pairs: int
    wrong: int
    looks: int
    promised: float
    trusted: bool


class LosingKey(BaseModel):
    """A key of which the candidate misses more."""

    cache_key: str
    share_percent: Figure
    baseline_percent: Figure
    candidate_percent: Figure
    extra_misses: Figure


class LosingKeys(BaseModel):
    """What was found among the keys of the newest gets."""

    since: datetime
    until: datetime
    keys: int
    looked_at: int
    losing: list[LosingKey]
    others: tuple[Figure, Figure]


class Line(BaseModel):
    """One measure in words."""

    measure: str
    baseline: str
    candidate: str
    difference: str
    between: str
    margin: str
    comes_to: str


class Comparison(BaseModel):
    """A candidate beside its baseline; `says`, `lines` and `notes` are it in words."""

    cache_name: str
    baseline: str
    candidate: str
    since: datetime = Field(description="the first window that both have")
    until: datetime
    hours: float
    blocks: int
    block_minutes: int
    hours_seen: int
    missing_minutes: int
    left_out: list[LeftOut]
    mode: Mode
    candidate_share: Figure
    differences: list[Difference]
    verdict: Verdict
    more_hours: Figure
    hours_of_day: list[HourOfDay]
    self_check: SelfCheck | None
    losing_keys: LosingKeys | None = Field(
        description="null where no event has a key, or the gateway may not read events"
    )
    says: str
    lines: list[Line]
    notes: list[str]


class Answer(BaseModel):
    """A comparison, and what was asked for."""

    asked_at: datetime
    asked_since: datetime
    asked_until: datetime
    time_zone: str = Field(description="whose hours of the day")
    comparison: Comparison


def said(found: Compared) -> Comparison:
    """The document of `cache-auditor compare --json`, and the words of its screen."""
    one, keys = found.comparison, found.keys
    return Comparison.model_validate(
        document(one, keys) | {"lines": lines(one), "notes": notes(one, keys)},
        from_attributes=True,
    )
