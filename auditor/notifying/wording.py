"""The words of a message: plain text, since every service can show that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from auditor.causes.registry import signatures
from auditor.controls import without_controls
from auditor.notifying.news import News, Problem
from auditor.notifying.route import SEVERITIES
from auditor.observing.wording import amount
from auditor.spans import span
from baselines.metrics import BY_NAME

Tone = Literal["info", "warning", "failure", "success"]
TONES: Final[dict[str, Tone]] = {"info": "info", "warning": "warning", "critical": "failure"}
MOST_LINES: Final = 50
LONGEST_LINE: Final = 500


@dataclass(frozen=True, slots=True)
class Message:
    """tone: how the service may colour it."""

    title: str
    body: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reader is: the zone of the times, and the dashboard's URL, '' for none."""

    time_zone: str = "UTC"
    dashboard: str = ""

    def at(self, instant: datetime) -> str:
        """'2026-03-02 13:04 Europe/Zurich'."""
        return f"{instant.astimezone(ZoneInfo(self.time_zone)):%Y-%m-%d %H:%M} {self.time_zone}"

    def link(self, problem: Problem) -> str:
        """To the problem's page; '' where there is none."""
        return f"{self.dashboard}/observations/{problem.id}" if self.dashboard else ""


def word(kind: News, problem: Problem, now: datetime, place: Place) -> Message:
    """The message of one problem."""
    title = f"[{problem.severity}] {_what_happened(kind, problem)}: {harmless(problem.title)}"
    lines = [
        f"cache: {_series(problem)}",
        *_against_expected(problem),
        f"since: {place.at(problem.first_window)}, {_lasting(problem, now)}",
        *([f"cost so far: {problem.cost_ms / 1000:,.1f} s of extra waiting"]
          if problem.cost_ms >= 50 else []),
        f"cause: {_cause(problem)}",
        *([f"what to do: {harmless(problem.recommendation)}"]
          if problem.recommendation and kind not in ("resolved", "acknowledged") else []),
        *([place.link(problem)] if place.dashboard else []),
    ]  # fmt: skip
    tone = "success" if kind in ("resolved", "acknowledged") else TONES[problem.severity]
    return Message(title, "\n".join(lines), tone)


def bundle(told: Sequence[tuple[News, Problem]], now: datetime, place: Place) -> Message:
    """One message of many problems, a line each, the worst first."""
    ordered = sorted(told, key=lambda one: SEVERITIES.index(one[1].severity), reverse=True)
    over = sum(kind == "over" for kind, _ in ordered)
    title = f"{_count(len(ordered))}{', all of them over' * (over == len(ordered) > 1)}"
    if over == len(ordered) == 1:
        title = f"{title}, over"
    lines = [
        f"[{problem.severity}] {_what_happened(kind, problem)}: {harmless(problem.title)} "
        f"(since {place.at(problem.first_window)}, {_lasting(problem, now)})"
        for kind, problem in ordered[:MOST_LINES]
    ]
    if len(ordered) > MOST_LINES:
        lines.append(f"and {len(ordered) - MOST_LINES} more")
    if place.dashboard:
        lines.append(place.dashboard)
    open_ = [problem.severity for kind, problem in ordered if kind not in ("over", "resolved")]
    return Message(title, "\n".join(lines), TONES[open_[0]] if open_ else "success")


def trial(route: str, now: datetime, place: Place) -> Message:
    """What `notify test` sends."""
    body = f"This is a test of the route {route}, sent {place.at(now)}. Nothing is wrong."
    return Message(
        f"cache-auditor: test of {route}",
        f"{body}\n{place.dashboard}" if place.dashboard else body,
        "info",
    )


def harmless(text: str) -> str:
    """A text that calls nobody, opens nothing and stays on its line: names of caches are in it."""
    plain = " ".join(without_controls(text).split())[:LONGEST_LINE]
    return plain.replace("@", "@\N{ZERO WIDTH SPACE}").replace("<", "<\N{ZERO WIDTH SPACE}")


def _what_happened(kind: News, problem: Problem) -> str:
    if kind == "acknowledged":
        return f"acknowledged by {harmless(problem.acknowledged_by or 'somebody')}"
    if kind == "over":
        return "came and went"
    return {"reopened": "open again"}.get(kind, kind)


def _series(problem: Problem) -> str:
    name = harmless(problem.cache_name)
    if problem.implementation_type:
        name = f"{name}/{problem.implementation_type}"
    return f"{name} and {problem.also} more series" if problem.also else name


def _against_expected(problem: Problem) -> list[str]:
    metric = BY_NAME.get(problem.metric_name or "")
    if metric is None or problem.metric_value is None:
        return []
    told = f"{metric.title}: {amount(metric, problem.metric_value)}"
    if problem.baseline_value is not None:
        told += f", expected {amount(metric, problem.baseline_value)}"
    if problem.deviation_percentage is not None:
        told += f" ({problem.deviation_percentage:+.0f} %)"
    return [told]


def _lasting(problem: Problem, now: datetime) -> str:
    length = span(max((problem.resolved_at or now) - problem.first_window, timedelta()))
    return f"it lasted {length}" if problem.resolved_at else f"for {length}"


def _cause(problem: Problem) -> str:
    titles = {each.name: each.title for each in signatures()}
    return titles.get(problem.cause or "", problem.cause or "unknown")


def _count(problems: int) -> str:
    return f"{problems} problem{'s' * (problems != 1)}"
