"""What a target is still to be told of a problem: the difference of what it knows and what is.

So one message a problem waits at most, whatever happened in between: who could not be reached, or
was not to be woken, hears how things are, and not the whole story.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from auditor.notifying.route import SEVERITIES, Kind, Route

State = Literal["open", "acknowledged", "resolved"]
News = Kind | Literal["over"]
"""over: it came and went, and the target heard of neither."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An observation as it is now. opened_as: the severity that it opened with, if that is known.

    metric_value, baseline_value: in the metric's unit. cost_ms: extra waiting so far. also: how
    many more series it has reached.
    """

    id: UUID
    cache_name: str
    implementation_type: str | None
    severity: str
    category: str
    state: str
    acknowledged: bool
    acknowledged_by: str | None
    title: str
    recommendation: str | None
    metric_name: str | None
    metric_value: float | None
    baseline_value: float | None
    deviation_percentage: float | None
    cause: str | None
    first_window: datetime
    resolved_at: datetime | None
    cost_ms: float
    also: int
    opened_as: str | None

    @property
    def standing(self) -> State:
        """Where it stands, for those who are told."""
        if self.state == "resolved":
            return "resolved"
        return "acknowledged" if self.acknowledged else "open"


@dataclass(frozen=True, slots=True)
class Told:
    """What a target was last told of a problem."""

    state: State
    severity: str


def news(route: Route, told: Told | None, problem: Problem) -> News | None:
    """What is to be told now; None for nothing. Of what somebody has acknowledged only that."""
    found = _difference(route, told, problem)
    if found == "over":
        return found if {"opened", "escalated", "resolved"} & set(route.on) else None
    if found == "escalated" and told is None and "opened" in route.on:
        return found  # the first that it hears of it
    return found if found in route.on else None


def _difference(route: Route, told: Told | None, problem: Problem) -> News | None:
    if problem.standing == "resolved":
        if problem.acknowledged or (told is not None and told.state != "open"):
            return None
        return "over" if told is None else "resolved"
    if problem.standing == "acknowledged":
        return "acknowledged" if told is not None and told.state == "open" else None
    if not route.is_grave_enough(problem.severity):
        return None
    if told is None:
        return "escalated" if _is_worse(problem.severity, problem.opened_as) else "opened"
    if told.state != "open":
        return "reopened"
    return "escalated" if _is_worse(problem.severity, told.severity) else None


def _is_worse(severity: str, than: str | None) -> bool:
    return than is not None and SEVERITIES.index(severity) > SEVERITIES.index(than)


def known(route: Route, told: Told | None, problem: Problem) -> Told | None:
    """What the target knows when nothing is told it of the problem as it is now."""
    unheard = problem.standing != "open" or not route.is_grave_enough(problem.severity)
    return None if told is None and unheard else Told(problem.standing, problem.severity)


def held_until(route: Route, severity: str, now: datetime) -> datetime | None:
    """Until when quiet hours hold back what is told of a problem so severe; None: not at all."""
    if route.quiet is None:
        return None
    passes = route.quiet.passes
    if passes != "nothing" and SEVERITIES.index(severity) >= SEVERITIES.index(passes):
        return None
    return route.quiet.until(now)
