"""An observation: one problem of one series as a person should see it, and how it changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from auditor.causes.signature import Claim
from auditor.judging.contribution import Contribution
from auditor.observing.severity import Damage, Severity
from baselines.series import SeriesKey

State = Literal["open", "resolved"]
Category = Literal["performance", "reliability", "capacity", "anomaly"]


@dataclass(frozen=True, slots=True)
class Wording:
    """What the contract's row says, in words and figures.

    metric_value, baseline_value: in the metric's unit, None = unknown. deviation_percentage: None
    where the baseline is 0 or unknown: there is no percentage of nothing.
    """

    title: str
    description: str
    recommendation: str
    category: Category
    metric_name: str
    metric_value: float | None
    baseline_value: float | None
    deviation_percentage: float | None


@dataclass(frozen=True, slots=True)
class Observation:
    """The whole state of a problem; minutes are epoch minutes.

    metric: the leading one. started: first minute that looks affected; opened: the minute that was
    judged when it opened; last_strange: the latest minute that was; judged_until: the minute after
    the last one folded in; quiet: quiet minutes since the last strange one; resolved: the minute
    after the last strange one, None while open. severity: the highest since it opened.
    rank: as of judged_until. causes, contributions, wording: as of the latest strange minute.
    started to last_strange is the span that must not be learned from.
    acknowledged_severity, acknowledged_intensity: how bad it was when a person acknowledged it;
    None unless acknowledged. also: other series that the same problem has reached, in the order in
    which it did; `key` is the one that leads. by_rule: name of the user's rule that opened it
    alone, outside the budget; '' when detection opened it. seconded: detection found a minute of
    what a rule had opened strange as well.
    """

    id: UUID
    key: SeriesKey
    metric: str
    state: State
    severity: Severity
    rank: float
    started: int
    opened: int
    last_strange: int
    judged_until: int
    quiet: int
    resolved: int | None
    surprise: float
    peak_surprise: float
    score: float
    damage: Damage
    causes: tuple[Claim, ...]
    contributions: tuple[Contribution, ...]
    wording: Wording
    acknowledged: bool = False
    acknowledged_severity: Severity | None = None
    acknowledged_intensity: float | None = None
    also: tuple[SeriesKey, ...] = ()
    by_rule: str = ""
    seconded: bool = False

    @property
    def keys(self) -> tuple[SeriesKey, ...]:
        """All series of the problem, the leading one first."""
        return (self.key, *self.also)


@dataclass(frozen=True, slots=True)
class Opened:
    """A new problem. minute: the judged window that opened it."""

    observation: Observation
    minute: int


@dataclass(frozen=True, slots=True)
class Extended:
    """The problem goes on (or grows quiet, but not yet for long enough); nobody is told."""

    observation: Observation
    minute: int


@dataclass(frozen=True, slots=True)
class Escalated:
    """The problem turned worse. An acknowledgement of it no longer holds."""

    observation: Observation
    minute: int
    was: Severity
    now: Severity


@dataclass(frozen=True, slots=True)
class Resolved:
    """The problem has been quiet for long enough, or can no longer be judged."""

    observation: Observation
    minute: int
    because: Literal["quiet", "not judged"]


@dataclass(frozen=True, slots=True)
class Reopened:
    """A problem that had just resolved is back: the same row."""

    observation: Observation
    minute: int


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """There is enough to name a likely cause by; nothing has turned worse."""

    observation: Observation
    minute: int


def reached(observations: Iterable[Observation]) -> set[SeriesKey]:
    """All series of the problems that are open: judged to the end, heard of or not."""
    return {key for each in observations if each.state == "open" for key in each.keys}


Change = Opened | Extended | Escalated | Resolved | Reopened | Diagnosed
