"""`cache-auditor maintenance`: plan it, list it, end it early, remove what was planned wrongly."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.invocation import Invocation, invocation_of

if TYPE_CHECKING:
    from auditor.maintaining.maintenance import Maintenance
    from auditor.maintaining.occurrences import Occurrence
    from auditor.stores.maintenance import MaintenanceRow

ORDER = ("on", "planned", "unreadable", "over")


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True,
        help="Maintenance: while it holds nothing new is opened, and nothing is learned.",
    )
    app.add_typer(group, name="maintenance")
    group.command()(add)
    group.command("list")(list_)
    group.command()(end)
    group.command()(remove)


def add(
    context: typer.Context,
    cache: Annotated[str | None, typer.Option(help="For this cache.")] = None,
    implementation: Annotated[
        str | None, typer.Option(help="For this implementation; else for all of them.")
    ] = None,
    all_caches: Annotated[bool, typer.Option("--all-caches", help="For every cache.")] = False,
    begins: Annotated[
        str | None,
        typer.Option("--from", help="'2026-11-22 22:00', or 22:00 for the next; else now."),
    ] = None,
    lasts: Annotated[
        str | None, typer.Option("--for", help="How long: 2h, 90m, 1h30m.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(help="When it ends; with --every, before when it begins for the last time."),
    ] = None,
    every: Annotated[
        str | None, typer.Option(help="daily, sunday, monday,thursday, 'day 1' or 'last day'.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="IANA name, of these times; else the setting.")
    ] = None,
    reason: Annotated[str, typer.Option(help="What is done, for whoever wonders.")] = "",
    by: Annotated[str | None, typer.Option(help="Who signs; else your login.")] = None,
) -> None:  # fmt: skip
    """Plan maintenance, once or again and again; from now on, or from a time on."""
    from auditor.maintaining.asked import when_of
    from auditor.maintaining.errors import MaintenanceInvalid
    from auditor.maintaining.maintenance import Maintenance
    from auditor.schema.ready import ready
    from auditor.stores.maintenance import add_maintenance, count_in_scope, find_maintenance

    if all_caches == (cache is not None or implementation is not None):
        raise typer.BadParameter("name --cache or --implementation, or say --all-caches")
    invocation, now = invocation_of(context), datetime.now(UTC)
    zone = time_zone or invocation.settings().time_zone
    try:
        when = when_of(now, zone, begins=begins, lasts=lasts, ends=until, every=every)
        signed = by or getpass.getuser()
        asked = Maintenance(when, cache, implementation, reason, signed, zone)
    except MaintenanceInvalid as fault:
        raise typer.BadParameter(str(fault)) from None
    with ready(invocation) as connection:
        id_ = add_maintenance(connection, asked)
        series = count_in_scope(connection, asked)
        row = find_maintenance(connection, id_)
    shown = _described(row, now)
    if not series:
        invocation.screen.note("no series that was ever heard of is in its scope; a wrong name?")
    if shown["state"] == "over":
        invocation.screen.note("it is over already: all it does is keep its windows from learning")
    if invocation.json:
        invocation.screen.document({**shown, "series": series})
    else:
        invocation.screen.say(_said(shown))


def list_(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Also what is over.")] = False,
) -> None:
    """What holds now and what is planned, with the next time of each."""
    from auditor.schema.ready import ready
    from auditor.stores.maintenance import list_maintenance

    invocation, now = invocation_of(context), datetime.now(UTC)
    with ready(invocation) as connection:
        rows = list_maintenance(connection)
    shown = [_described(row, now) for row in rows]
    shown = [each for each in shown if every or each["state"] != "over"]
    shown.sort(key=lambda each: (ORDER.index(str(each["state"])), str(each["next"])))
    if invocation.json:
        invocation.screen.document(shown)
    elif shown:
        columns = ("id", "scope", "state", "when", "next", "reason", "by")
        names = ("id", "scope", "standing", "when", "next", "reason", "by")
        invocation.screen.table(columns, [[each[name] for name in names] for each in shown])
    else:
        invocation.screen.say("no maintenance holds or is planned; `--all` lists what is over")


def end(
    context: typer.Context,
    id_: Annotated[int, typer.Argument(metavar="ID", help="As `maintenance list` shows it.")],
    occurrence: Annotated[
        bool, typer.Option("--occurrence", help="Only the one that is on; later ones stay.")
    ] = False,
    by: Annotated[str | None, typer.Option(help="Who signs; else your login.")] = None,
) -> None:
    """End it now: it holds no longer, and does not come again."""
    from auditor.errors import NothingFound
    from auditor.schema.ready import ready
    from auditor.stores.maintenance import cut_maintenance, end_maintenance, find_maintenance

    invocation, now = invocation_of(context), datetime.now(UTC)
    with ready(invocation) as connection:
        before = _described(find_maintenance(connection, id_), now)
        if before["state"] == "over":
            raise NothingFound(f"maintenance {id_} was over already")
        if occurrence and before["state"] != "on":
            raise NothingFound(f"maintenance {id_} is not on: {before['standing']}")
        if occurrence:
            cut_maintenance(connection, id_, now)
        else:
            end_maintenance(connection, id_, now, by or getpass.getuser())
        after = _described(find_maintenance(connection, id_), now)
    _tell(invocation, after)


def remove(
    context: typer.Context,
    id_: Annotated[int, typer.Argument(metavar="ID", help="As `maintenance list` shows it.")],
) -> None:
    """Remove it as if it had never been: what it held is learned from like the rest."""
    from auditor.schema.ready import ready
    from auditor.stores.maintenance import find_maintenance, remove_maintenance

    invocation, now = invocation_of(context), datetime.now(UTC)
    with ready(invocation) as connection:
        shown = _described(find_maintenance(connection, id_), now)
        remove_maintenance(connection, id_)
    if invocation.json:
        invocation.screen.document({**shown, "removed": True})
    else:
        invocation.screen.say(f"removed maintenance {id_}: {shown['scope']}, {shown['when']}")


def _tell(invocation: Invocation, shown: dict[str, object]) -> None:
    if invocation.json:
        invocation.screen.document(shown)
    else:
        invocation.screen.say(_said(shown))


def _said(shown: dict[str, object]) -> str:
    told = f"maintenance {shown['id']}: {shown['scope']}, {shown['when']}; {shown['standing']}"
    return f"{told}; next {shown['next']}" if shown["next"] else told


def _described(row: MaintenanceRow, now: datetime) -> dict[str, object]:
    """A row with how it stands now; one that cannot be read says why."""
    from auditor.maintaining.errors import MaintenanceInvalid
    from auditor.maintaining.wording import scope_words

    known: dict[str, object] = {
        "id": row.id, "scope": scope_words(row.cache_name, row.implementation_type),
        "cache_name": row.cache_name, "implementation_type": row.implementation_type,
        "time_zone": row.time_zone, "every": row.every,
        "reason": row.reason, "by": row.entered_by, "entered_at": row.entered_at,
        "ended_at": row.ended_at, "ended_by": row.ended_by,
    }  # fmt: skip
    try:
        return {**known, **_standing(row.maintenance(), now)}
    except MaintenanceInvalid as fault:
        said = f"cannot be read, and holds nothing: {fault}"
        return {**known, "state": "unreadable", "standing": said, "when": "", "current": None,
                "following": None, "next": ""}  # fmt: skip


def _standing(maintenance: Maintenance, now: datetime) -> dict[str, object]:
    from auditor.maintaining.maintenance import Once
    from auditor.maintaining.occurrences import standing
    from auditor.maintaining.wording import span_words, standing_words, when_words

    found = standing(maintenance, now)

    def told(span: Occurrence | None) -> str:
        # once: `when` says it
        once = isinstance(maintenance.when, Once)
        return "" if span is None or once else span_words(span, maintenance.time_zone)

    return {
        "state": found.state,
        "standing": standing_words(found, now),
        "when": when_words(maintenance),
        "current": found.current,
        "following": found.following,
        "next": told(found.following),
    }
