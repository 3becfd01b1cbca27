"""`cache-auditor observations budget`: false observations, asked for against achieved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.commands.observations import group_of
from auditor.invocation import invocation_of

if TYPE_CHECKING:
    from auditor.observing.achieved import Achieved

STYLES = {"kept": "green", "over": "bold red", "not known yet": "dim"}


def register(app: typer.Typer) -> None:
    group_of(app).command()(budget)


def budget(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="Of the last so many days: 7d, 28d.")] = "28d",
) -> None:
    """The alert budget by cache: what was asked for, and what people found to be false.

    False are those that were acknowledged as false alarms; what nobody signed may be, and makes the
    range. Exit code 1 when a cache is over its budget by more than chance explains.
    """
    from auditor.maintaining.asked import length
    from auditor.maintaining.errors import MaintenanceInvalid
    from auditor.observing.achieved import achieved, together
    from auditor.observing.budget import budget_of
    from auditor.schema.ready import ready
    from auditor.stores.budget import read_watched

    try:
        back = length(since)
    except (MaintenanceInvalid, OverflowError) as fault:
        raise typer.BadParameter(str(fault), param_hint="--since") from None
    if not timedelta() < back <= timedelta(days=3650):
        raise typer.BadParameter("is not between a minute and 3650 days", param_hint="--since")
    invocation = invocation_of(context)
    settings = invocation.settings()
    with ready(invocation) as connection:
        watched = read_watched(connection, datetime.now(UTC) - back)
    for_all, by_cache = settings.alert_budget_per_week, settings.alert_budget_by_cache
    lines = [achieved(each, budget_of(each.cache_name, for_all, by_cache)) for each in watched]
    whole = together(lines)
    if invocation.json:
        invocation.screen.document({"since": since, "caches": lines, "all": whole})
    elif lines:
        from rich.text import Text

        invocation.screen.table(
            ("cache", "asked", "achieved", "95 %", "series-weeks", "false", "unsigned", "real", ""),
            [
                (*_cells(each), Text(each.answer, STYLES[each.answer]))
                for each in (*lines, *([whole] if len(lines) > 1 else []))
            ],
        )
        invocation.screen.note(
            "false observations a series and week; achieved: if none of the unsigned was false, "
            "and if all were"
        )
    else:
        invocation.screen.say("nothing has been judged in that time; `doctor` says what is missing")
    if any(each.answer == "over" for each in lines):
        raise typer.Exit(1)


def _cells(line: Achieved) -> tuple[object, ...]:
    unknown = not line.series_weeks > 0
    return (
        line.cache_name or "all",
        f"{line.asked:g}",
        "" if unknown else _range(line.at_least, line.at_most),
        "" if unknown else _range(line.lower, line.upper),
        f"{line.series_weeks:.1f}",
        line.false_alarms,
        line.unsigned,
        line.real,
    )


def _range(least: float, most: float) -> str:
    return f"{least:.2f}" if least == most else f"{least:.2f}\N{EN DASH}{most:.2f}"
