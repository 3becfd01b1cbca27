"""An explanation as a terminal and as JSON show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

from rich.text import Text

from auditor.explaining.explanation import Explanation, clock
from auditor.listening.screen import STYLES
from auditor.observing.wording import amount
from auditor.screen import Screen, plain
from auditor.stores.observations import ObservationRow
from baselines.metrics import BY_NAME

MOST_DIFFERENCES = 10
LEAST_SHOWN = 1.0
"""Channels that are less surprising than one minute in ten are counted; JSON has them all."""
CHANNEL_COLUMNS = (
    "channel", "min", "actual", "expected", "band", "count", "statistic", "surprise", "own past",
)  # fmt: skip
MINUTE_COLUMNS = ("expected", "band", "surprise")
TITLES = {"opened": "The window that opened it", "worst": "Its worst window"}
NOTHING_KEPT = (
    "What it was judged by was not kept: it was not opened by a tick of this version. "
    "`observations show` tells what is known."
)


def show(
    screen: Screen, row: ObservationRow, moments: Sequence[Explanation], doubts: Sequence[str]
) -> None:
    """Why it was told, window by window, and whether judging again says the same."""
    screen.show(Text(plain(f"{row.severity.upper()}  {row.title}"), STYLES[row.severity]))
    if not moments:
        screen.say(NOTHING_KEPT)
    for each in moments:
        _show_moment(screen, each)
    for doubt in doubts:
        screen.show(Text(plain(doubt), "bold red"))


def _show_moment(screen: Screen, each: Explanation) -> None:
    kept, found = each.kept, each.kept.found
    bar = kept.opening_surprise
    screen.say(f"\n{TITLES[kept.kind]}: {clock(kept.minute)} UTC, severity then {kept.severity}")
    told = "This window was not judged"
    if found["surprise"] is not None:
        told = f"Surprise {found['surprise']:.2f} (score {found['score']:.3f}), led by "
        told += f"{found['leading_metric']}"
    screen.say(
        f"{told}. An observation opens from {bar:.2f}, for {kept.budget:g} false ones a series "
        "and week."
    )
    _show_minutes(screen, each)
    screen.say("")
    loud = [part for part in found["contributions"] if (part["surprise"] or 0) >= LEAST_SHOWN]
    screen.table(CHANNEL_COLUMNS, [_channel(part, each) for part in loud])
    quiet = len(found["contributions"]) - len(loud)
    if quiet:
        screen.say(f"{quiet} other channels are as usual (a surprise below {LEAST_SHOWN:g}).")
    screen.say(f"\nCost of this minute: {_cost(found['cost'])}.")
    _show_causes(screen, found["causes"])
    style = "bold red" if each.in_doubt else "green" if each.agreement == "equal" else "yellow"
    screen.show(Text(plain(f"\n{each.says[0].upper()}{each.says[1:]}."), style))
    if each.agreement == "different":
        screen.table(
            ("value", "stored", "recomputed"),
            [(one.where, one.stored, one.again) for one in each.differences[:MOST_DIFFERENCES]],
        )
    for doubt in each.doubts:
        screen.show(Text(plain(f"{doubt[0].upper()}{doubt[1:]}."), "bold red"))


def _show_minutes(screen: Screen, each: Explanation) -> None:
    again, metric_name = each.again, each.kept.found["leading_metric"]
    if again is None or metric_name is None:
        return
    first, metric = again.first_deviating, BY_NAME[metric_name]
    if first is None:
        screen.say(
            f"This minute's {metric.title} is within the band of a single minute; the departure is "
            "in the sum of several."
        )
    else:
        screen.say(f"First deviating window: {clock(first)} UTC.")
    screen.say("")
    screen.table(
        ("minute (UTC)", f"{metric.title} {metric.unit}".strip(), *MINUTE_COLUMNS),
        [
            (
                clock(one.minute),
                Text(_figure(one.value), "bold red" if one.deviates else ""),
                _figure(one.expected),
                f"{_figure(one.lower)}\N{EN DASH}{_figure(one.upper)}",
                _figure(one.surprise),
            )
            for one in again.minutes
        ],
    )


def _channel(part: Mapping[str, Any], each: Explanation) -> tuple[object, ...]:
    metric, past = BY_NAME.get(part["metric"]), None
    if each.again is not None:
        past = each.again.calibrations.get(part["channel"])

    def told(name: str) -> str:
        if part[name] is None or metric is None:
            return _figure(part[name])
        return amount(metric, part[name])

    band = "" if part["lower"] is None else f"{told('lower')} to {told('upper')}"
    return (
        part["channel"],
        part["minutes"],
        told("value"),
        told("expected"),
        band,
        _figure(part["count"]),
        _figure(part["statistic"]),
        _figure(part["surprise"]),
        "" if past is None else f"tail from {past.threshold:.3g}, {past.windows:,} min",
    )


def _cost(parts: Mapping[str, float]) -> str:
    names = {"misses": "extra loads", "loads": "slower loads", "hits": "slower hits",
             "errors": "errors", "lost": "lost requests"}  # fmt: skip
    told = [f"{title} {parts[name]:,.0f} ms" for name, title in names.items() if parts.get(name)]
    ordinary = f"an ordinary minute takes {parts['ordinary']:,.0f} ms"
    return f"{', '.join(told) or 'none'}; {ordinary}"


def _show_causes(screen: Screen, causes: Sequence[Mapping[str, Any]]) -> None:
    if not causes:
        screen.say("Cause: no known one fits.")
    for place, claim in enumerate(causes, 1):
        screen.say(f"Cause {place}: {claim['title']} (fits {claim['weight']:.2f})")
        for name, title in (("for_", "for it"), ("against", "against it"),
                            ("not_measured", "not measured")):  # fmt: skip
            if claim[name]:
                screen.say(f"  {title}: {'; '.join(claim[name])}")


def _figure(value: float | None) -> str:
    return "" if value is None or isnan(value) else f"{value:,.4g}"


def document(
    row: ObservationRow, moments: Sequence[Explanation], doubts: Sequence[str]
) -> dict[str, object]:
    """The same as JSON has it."""
    return {
        "id": row.id,
        "title": row.title,
        "doubts": doubts,
        "moments": [_moment_document(each) for each in moments],
    }


def _moment_document(each: Explanation) -> dict[str, object]:
    kept, again = each.kept, each.again
    return {
        "moment": kept.kind,
        "minute_window": clock(kept.minute),
        "severity": kept.severity,
        "opening_surprise": kept.opening_surprise,
        "says": each.says,
        "agreement": each.agreement,
        "in_doubt": each.in_doubt,
        "reasons": each.reasons,
        "doubts": each.doubts,
        "differences": each.differences,
        "stored": kept.found,
        "recomputed": None if again is None else again.judgement.plain(),
        "first_deviating": None
        if again is None or again.first_deviating is None
        else clock(again.first_deviating),
        "minutes": []
        if again is None
        else [
            {"minute_window": clock(one.minute), "value": one.value, "expected": one.expected,
             "lower": one.lower, "upper": one.upper, "surprise": one.surprise}
            for one in again.minutes
        ],
        "calibrations": {} if again is None else again.calibrations,
        "judged_by": {
            "in_force": {key.implementation_type: ids for key, ids in kept.in_force.items()},
            "forest_id": kept.forest_id,
            "thresholds": kept.thresholds,
            "alert_budget_per_week": kept.budget,
            "made_with": kept.made_with,
            "recorded_at": kept.recorded_at,
        },
    }  # fmt: skip
