"""A change as one JSON line: the observation's row after it, and when it would have come."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from auditor.backtesting.replay import Told
from auditor.observing.observation import Escalated, Resolved


def line(told: Told) -> dict[str, object]:
    """Plain values and instants under the names of cache_auditor_observations, and some more.

    change: opened, diagnosed, escalated, reopened or resolved; at: when it is known, the end of the
    window; window: the start of the window whose scoring made the change; score, surprise: of that
    window. A number that is not known is NaN.
    """
    change, observation = told.change, told.change.observation
    said = observation.wording
    causes = [
        {"name": claim.name, "title": claim.title, "weight": claim.weight, "for": claim.for_,
         "against": claim.against, "not_measured": claim.not_measured}
        for claim in observation.causes
    ]  # fmt: skip
    out: dict[str, object] = {
        "change": type(change).__name__.lower(),
        "at": instant(told.at),
        "window": instant(change.minute),
        "id": observation.id,
        "cache_name": observation.key.cache_name,
        "implementation_type": observation.key.implementation_type,
        "state": observation.state,
        "severity": observation.severity.word,
        "rank": observation.rank,
        "score": observation.score,
        "surprise": observation.surprise,
        "category": said.category,
        "title": said.title,
        "description": said.description,
        "recommendation": said.recommendation,
        "metric_name": said.metric_name,
        "metric_value": said.metric_value,
        "baseline_value": said.baseline_value,
        "deviation_percentage": said.deviation_percentage,
        "cause": observation.causes[0].name if observation.causes else None,
        "first_window": instant(observation.started),
        "resolved_at": None if observation.resolved is None else instant(observation.resolved),
        "metadata": {
            "causes": causes,
            "contributions": [asdict(each) for each in observation.contributions],
            "peak_surprise": observation.peak_surprise,
            "cost": asdict(observation.damage),
            "also": [asdict(key) for key in observation.also],
            **({"rule": observation.by_rule} if observation.by_rule else {}),
        },
    }
    if isinstance(change, Escalated):
        out["was"] = change.was.word
    if isinstance(change, Resolved):
        out["because"] = change.because
    return out


def instant(minute: int) -> datetime:
    """The aware UTC instant at which an epoch minute starts."""
    return datetime.fromtimestamp(minute * 60, UTC)
