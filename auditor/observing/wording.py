"""Plain words with numbers and units for an observation."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from auditor.causes.signature import Claim
from auditor.judging.contribution import Contribution
from auditor.observing.observation import Category, Wording
from auditor.observing.severity import Damage
from baselines.metrics import BY_NAME, Metric
from baselines.series import SeriesKey

PLAIN = ("ratio_tail", "count_tail", "seasonal_residual", "silence")
"""Detectors whose value and band are the metric's own; the others compare in other ways."""
SHORT_OF_ROOM = (
    "memory_fragmentation",
    "memory_pressure",
    "scan_pollution",
    "slow_leak",
    "value_bloat",
)
"""Causes that are a matter of capacity."""
MOST_PERCENT = 99_999.0
"""Beyond a thousandfold a percentage tells nobody anything."""
NO_CAUSE = (
    "The cause is not known. Compare with deploys and changes at that minute, and with the other "
    "implementation of the cache."
)


def word(
    key: SeriesKey,
    metric_name: str,
    contributions: Sequence[Contribution],
    causes: Sequence[Claim],
    damage: Damage,
    minutes: int,
) -> Wording:
    """The words for a problem of `metric_name` that has lasted `minutes`.

    contributions: of the minute that is told about, the most surprising first.
    """
    metric = BY_NAME[metric_name]
    figure = leading(metric_name, contributions)
    value = None if figure is None or not isfinite(figure.value) else figure.value
    expected = None if figure is None or not isfinite(figure.expected) else figure.expected
    return Wording(
        title=_title(key, metric, figure),
        description=_description(metric, figure, contributions, causes, damage, minutes),
        recommendation=causes[0].recommendation if causes else NO_CAUSE,
        category=category(metric_name, causes),
        metric_name=metric_name,
        metric_value=value,
        baseline_value=expected,
        deviation_percentage=deviation_percentage(value, expected),
    )


def leading(metric_name: str, contributions: Sequence[Contribution]) -> Contribution | None:
    """The most surprising contribution that states the metric itself; None when there is none."""
    of_metric = [each for each in contributions if each.metric == metric_name]
    plain = [each for each in of_metric if each.detector in PLAIN]
    return next(iter(plain or of_metric), None)


def deviation_percentage(value: float | None, expected: float | None) -> float | None:
    """100 (value - expected) / expected; None where the expected is 0 or next to nothing."""
    if value is None or expected is None or expected == 0:
        return None
    share = 100.0 * (value - expected) / expected
    return share if abs(share) <= MOST_PERCENT else None


def category(metric_name: str, causes: Sequence[Claim]) -> Category:
    """The contract's four: what is hurt, unless the cause says that memory is short."""
    if causes and causes[0].name in SHORT_OF_ROOM:
        return "capacity"
    if metric_name == "error_rate":
        return "reliability"
    return "anomaly" if metric_name == "traffic" else "performance"


def amount(metric: Metric, value: float) -> str:
    """A figure with its unit, with as many digits as it deserves: '61.2 %', '81 ms'."""
    if metric.unit == "%":
        digits = 1 if value >= 1 or value == 0 else 2
        return f"{value:.{digits}f} %"
    plain = f"{value:,.0f}" if abs(value) >= 100 or value == 0 else f"{value:.3g}"
    return f"{plain} {metric.unit}".strip().replace(" /min", " a minute")


def _title(key: SeriesKey, metric: Metric, figure: Contribution | None) -> str:
    if figure is None:
        return f"{metric.title} of {key} is out of the ordinary"
    if metric.name == "traffic" and figure.value == 0:
        return f"no traffic at {key} (expected {amount(metric, figure.expected)})"
    verb = "rose" if figure.value > figure.expected else "fell"
    return (
        f"{metric.title} of {key} {verb} to {amount(metric, figure.value)} "
        f"(expected {_band(metric, figure)})"
    )


def _band(metric: Metric, figure: Contribution) -> str:
    if not (isfinite(figure.lower) and isfinite(figure.upper)):
        return f"about {amount(metric, figure.expected)}"
    low = amount(metric, figure.lower).removesuffix(f" {metric.unit}").removesuffix(" a minute")
    return f"{low}\N{EN DASH}{amount(metric, figure.upper)}"


def _description(
    metric: Metric,
    figure: Contribution | None,
    contributions: Sequence[Contribution],
    causes: Sequence[Claim],
    damage: Damage,
    minutes: int,
) -> str:
    parts = [f"It has lasted {_plural(minutes, 'minute')}."]
    if figure is not None:
        parts.insert(0, _evidence(metric, figure))
    parts.extend(_cost(damage))
    others = _others(metric.name, contributions)
    if others:
        parts.append(f"Also out of the ordinary: {', '.join(others)}.")
    if causes:
        parts.append(_cause(causes[0]))
        rest = [claim.title for claim in causes[1:]]
        if rest:
            parts.append(f"Less likely: {'; '.join(rest)}.")
    else:
        parts.append("No known cause fits.")
    return " ".join(parts)


def _evidence(metric: Metric, figure: Contribution) -> str:
    span = "in one minute" if figure.minutes == 1 else f"over {figure.minutes} minutes"
    count = f", counting {figure.count:,.0f} operations" if isfinite(figure.count) else ""
    return (
        f"{metric.title.capitalize()} was {amount(metric, figure.value)} {span}{count}; "
        f"ordinary is {amount(metric, figure.expected)}."
    )


def _cost(damage: Damage) -> list[str]:
    told = []
    if damage.extra_loads >= 1:
        told.append(f"{_plural(round(damage.extra_loads), 'extra load')}")
    if damage.extra_errors >= 1:
        told.append(f"{_plural(round(damage.extra_errors), 'error')}")
    if damage.lost_requests >= 1:
        told.append(f"{_plural(round(damage.lost_requests), 'request')} that did not come")
    if damage.extra_ms > 0:
        told.append(f"{damage.extra_ms / 1000:,.1f} s of extra waiting")
    return [f"Cost so far: {', '.join(told)}."] if told else []


def _others(metric_name: str, contributions: Sequence[Contribution]) -> list[str]:
    found: dict[str, Contribution] = {}
    for each in contributions:
        if each.detector in PLAIN and each.metric != metric_name and each.surprise >= 3.0:
            found.setdefault(each.metric, each)
    return [
        f"{BY_NAME[name].title} {amount(BY_NAME[name], each.value)} "
        f"(ordinary {amount(BY_NAME[name], each.expected)})"
        for name, each in found.items()
    ]


def _cause(claim: Claim) -> str:
    words = f"Likely cause: {claim.title} (for it: {', '.join(claim.for_)}"
    if claim.against:
        words += f"; against it: {', '.join(claim.against)}"
    if claim.not_measured:
        words += f"; not measured: {', '.join(claim.not_measured)}"
    return f"{words})."


def _plural(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
