"""The check of what people called false alarms, against the alert budget."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from auditor.examining.doctor import Examination, Finding, ok, warning
from auditor.observing.achieved import achieved
from auditor.observing.budget import budget_of
from auditor.stores.budget import read_watched

BACK: Final = timedelta(days=28)


def false_alarms(examination: Examination) -> Finding:
    """No cache has more false alarms than its budget and chance allow."""
    for_all = examination.settings.alert_budget_per_week
    by_cache = examination.settings.alert_budget_by_cache
    watched = read_watched(examination.connection, examination.now - BACK)
    asked = {each.cache_name: budget_of(each.cache_name, for_all, by_cache) for each in watched}
    many = [e for e in watched if e.false_alarms > asked[e.cache_name] * e.series_weeks]
    lines = [achieved(each, asked[each.cache_name]) for each in many]
    over = [line for line in lines if line.answer == "over"]
    if over:
        named = ", ".join(
            f"{line.cache_name} ({line.at_least:.2f} a series and week, asked {line.asked:g})"
            for line in over
        )
        return warning(
            "false alarms",
            f"more than the alert budget and chance allow: {named}",
            "see: cache-auditor observations budget; a smaller alert_budget_by_cache opens later",
        )
    false, weeks = sum(e.false_alarms for e in watched), sum(e.series_weeks for e in watched)
    unsigned = sum(e.unsigned for e in watched)
    return ok(
        "false alarms",
        f"{false} in {weeks:.1f} series-weeks of the last 28 days; {unsigned} observations are "
        "not signed",
    )
