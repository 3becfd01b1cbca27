"""An observation's whole state as JSON and back, to the bit; NaN is null.

The database writes a large whole number without a point, so every figure is read as the float that
it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from math import isnan, nan
from typing import Any
from uuid import UUID

from auditor.causes.signature import Claim
from auditor.judging.contribution import Contribution
from auditor.observing.observation import Observation, Wording
from auditor.observing.severity import Damage, Severity
from baselines.series import SeriesKey

CONTRIBUTION = tuple(field.name for field in fields(Contribution))


def to_json(observation: Observation) -> dict[str, Any]:
    """Plain values that JSON knows."""
    # not asdict of it all: that copies every part of every contribution once more
    plain = {field.name: getattr(observation, field.name) for field in fields(observation)}
    plain["id"] = str(observation.id)
    plain["causes"] = [asdict(each) for each in observation.causes]
    plain["also"] = [asdict(each) for each in observation.also]
    for name in ("key", "damage", "wording"):
        plain[name] = asdict(plain[name])
    plain["contributions"] = [contribution_to_json(each) for each in observation.contributions]
    plain["surprise"] = _null(observation.surprise)
    plain["score"] = _null(observation.score)
    return plain


def from_json(plain: Mapping[str, Any]) -> Observation:
    """What `to_json` took apart. Raises KeyError or TypeError for anything else."""
    found = dict(plain)
    found["id"] = UUID(found["id"])
    found["key"] = SeriesKey(**found["key"])
    found["severity"] = Severity(found["severity"])
    if found["acknowledged_severity"] is not None:
        found["acknowledged_severity"] = Severity(found["acknowledged_severity"])
    for name in ("surprise", "score", "peak_surprise", "rank"):
        found[name] = _number(found[name])
    found["acknowledged_intensity"] = _known(found["acknowledged_intensity"])
    found["damage"] = Damage(**{name: float(value) for name, value in found["damage"].items()})
    found["causes"] = tuple(_claim(each) for each in found["causes"])
    # states of before a problem could reach other series have none
    found["also"] = tuple(SeriesKey(**each) for each in found.get("also", ()))
    found["contributions"] = tuple(_contribution(each) for each in found["contributions"])
    found["wording"] = _wording(found["wording"])
    return Observation(**found)


def contribution_to_json(contribution: Contribution) -> dict[str, Any]:
    """One detector's part of a score, as a window's `parts` keep it."""
    return {name: _null(getattr(contribution, name)) for name in CONTRIBUTION}


def _contribution(plain: Mapping[str, Any]) -> Contribution:
    words = {"detector", "channel", "metric", "minutes"}
    fields: dict[str, Any] = {k: v if k in words else _number(v) for k, v in plain.items()}
    return Contribution(**fields)


def _claim(plain: Mapping[str, Any]) -> Claim:
    lists = {"for_", "against", "not_measured"}
    fields: dict[str, Any] = {k: tuple(v) if k in lists else v for k, v in plain.items()}
    return Claim(**{**fields, "weight": float(fields["weight"])})


def _wording(plain: Mapping[str, Any]) -> Wording:
    figures = ("metric_value", "baseline_value", "deviation_percentage")
    return Wording(**{**plain, **{name: _known(plain[name]) for name in figures}})


def _null(value: Any) -> Any:
    return None if isinstance(value, float) and isnan(value) else value


def _number(value: float | None) -> float:
    return nan if value is None else float(value)


def _known(value: float | None) -> float | None:
    return None if value is None else float(value)
