"""A rule that a user wrote: a metric beyond a bound, for so many minutes in a row."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Final, Literal

from baselines.metrics import BY_NAME, Metric

SEVERITIES: Final = ("info", "warning", "critical")
MOST_MINUTES: Final = 60
"""A rule looks back no further."""
LEAST_COUNT: Final = 20.0
"""Fewer operations than this say little of a share or a mean, unless the rule says otherwise."""
MOST_NAME, MOST_MESSAGE = 100, 500
MOST_VALUE: Final = 1e12

Side = Literal["above", "below"]


class RuleInvalid(ValueError):
    """A rule that cannot be; the text names every fault of it."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Rule:
    """`metric` strictly on one `side` of a bound, in each of the last `for_minutes` minutes.

    value: the bound in the metric's unit; with against_baseline the distance to what the baseline
    has for the hour of the week, in percent of it. over_minutes: each minute's figure is pooled
    over so many, the counts added up. least_count: what a figure must rest on at least (operations
    of a share or a mean; what was counted or was expected of a count against its baseline); a count
    against a value needs nothing behind it. cache_name, implementation_type: None for all.
    severity: at least this; one of SEVERITIES. message: what to do, for whoever is on call.
    Raises RuleInvalid with every fault.
    """

    name: str
    metric: str
    side: Side
    value: float
    against_baseline: bool = False
    for_minutes: int = 1
    over_minutes: int = 1
    least_count: float = LEAST_COUNT
    cache_name: str | None = None
    implementation_type: str | None = None
    severity: str = "warning"
    message: str = ""

    def __post_init__(self) -> None:
        faults = [*_names(self), *_minutes(self)]
        metric = BY_NAME.get(self.metric)
        if metric is None:
            faults.append(f"metric = {self.metric!r}: must be one of {', '.join(BY_NAME)}")
        else:
            faults += _bound(self, metric)
            if self.over_minutes > 1 and is_quantile(metric):
                faults.append(
                    f"over_minutes = {self.over_minutes}: quantiles of single minutes cannot be "
                    f"pooled; leave it out, and say for_minutes"
                )
        if not 0 <= self.least_count <= MOST_VALUE:
            faults.append(f"least_count = {self.least_count:g}: must be a number from 0 on")
        if faults:
            raise RuleInvalid(*faults)

    def holds_for(self, cache_name: str, implementation_type: str) -> bool:
        """Whether a series is in its scope."""
        return self.cache_name in (None, cache_name) and self.implementation_type in (
            None,
            implementation_type,
        )

    def __str__(self) -> str:
        """'low hits: hit_rate below 80 % for 5 min, of sessions/new, critical'."""
        unit = BY_NAME[self.metric].unit
        bound = f"{self.value:g} {unit}".strip().replace(" /min", " a minute")
        if self.against_baseline:
            bound = f"its baseline by more than {self.value:g} %"
        over = f" over {self.over_minutes} min" if self.over_minutes > 1 else ""
        lasting = f" for {self.for_minutes} min" if self.for_minutes > 1 else ""
        scope = f", of {self.cache_name or '*'}/{self.implementation_type or '*'}"
        named = self.cache_name or self.implementation_type
        return (
            f"{self.name}: {self.metric} {self.side} {bound}{over}{lasting}"
            f"{scope if named else ''}, {self.severity}"
        )


def is_quantile(metric: Metric) -> bool:
    """Whether a metric's minutes are quantiles, of which no quantile of many can be made."""
    return metric.kind == "level" and not metric.denominator


def _names(rule: Rule) -> list[str]:
    faults = []
    if not 1 <= len(rule.name) <= MOST_NAME or not rule.name.isprintable():
        faults.append(f"name = {rule.name!r}: must be 1 to {MOST_NAME} printable characters")
    if rule.severity not in SEVERITIES:
        faults.append(f"severity = {rule.severity!r}: must be one of {', '.join(SEVERITIES)}")
    if "" in (rule.cache_name, rule.implementation_type):
        faults.append("cache, implementation: leave out what is meant for all")
    if len(rule.message) > MOST_MESSAGE:
        faults.append(f"message: must be at most {MOST_MESSAGE} characters")
    return faults


def _minutes(rule: Rule) -> list[str]:
    faults = [
        f"{name} = {minutes}: must be a whole number from 1 to {MOST_MINUTES}"
        for name, minutes in (
            ("for_minutes", rule.for_minutes),
            ("over_minutes", rule.over_minutes),
        )
        if not 1 <= minutes <= MOST_MINUTES
    ]
    if not faults and rule.for_minutes + rule.over_minutes - 1 > MOST_MINUTES:
        faults.append(
            f"for_minutes = {rule.for_minutes} and over_minutes = {rule.over_minutes}: "
            f"together they look back more than {MOST_MINUTES} minutes"
        )
    return faults


def _bound(rule: Rule, metric: Metric) -> list[str]:
    """A bound that no minute, or every minute, is beyond is a mistake."""
    key, value, most = _key(rule), rule.value, MOST_VALUE
    if rule.against_baseline:
        most = 100.0 if rule.side == "below" else MOST_VALUE
    elif metric.kind == "ratio":
        most = metric.scale
    if not isfinite(value) or not 0 <= value <= most:
        return [f"{key} = {value:g}: must be a number from 0 to {most:g}"]
    if rule.against_baseline and value == 0:
        return [f"{key} = 0: half of all ordinary minutes are {rule.side} their baseline"]
    end = most if rule.against_baseline or rule.side == "above" else 0.0
    if value == end != MOST_VALUE:
        return [f"{key} = {value:g}: no minute can be {rule.side} that"]
    return []


def _key(rule: Rule) -> str:
    """The bound's name in the settings file."""
    return f"{rule.side}_baseline_percent" if rule.against_baseline else rule.side
