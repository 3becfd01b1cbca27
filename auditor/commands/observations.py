"""`cache-auditor observations`: what is wrong, one in full, acknowledging, and watching live."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.invocation import invocation_of

if TYPE_CHECKING:
    pass

STATES = ("open", "resolved", "all")
SEVERITIES = ("info", "warning", "critical")


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="List, show, acknowledge and watch observations."
    )
    app.add_typer(group, name="observations")
    group.command("list")(list_)
    group.command()(show)
    group.command()(ack)
    group.command()(watch)


def list_(
    context: typer.Context,
    state: Annotated[str, typer.Option(help="open, resolved or all.")] = "open",
    severity: Annotated[
        list[str] | None, typer.Option(help="info, warning or critical; may be repeated.")
    ] = None,
    cache: Annotated[str | None, typer.Option(help="Of this cache only.")] = None,
    hours: Annotated[
        float | None, typer.Option(min=0, help="Not resolved longer ago than this.")
    ] = None,
    unacknowledged: Annotated[
        bool, typer.Option("--unacknowledged", help="Only what nobody has acknowledged.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
) -> None:
    """What is wrong: open observations, the worst first."""
    from auditor.listening.screen import show_table
    from auditor.schema.ready import ready
    from auditor.stores.observations import list_observations

    _one_of("--state", state, STATES)
    for one in severity or ():
        _one_of("--severity", one, SEVERITIES)
    invocation, now = invocation_of(context), datetime.now(UTC)
    with ready(invocation) as connection:
        rows = list_observations(
            connection,
            state=None if state == "all" else state,
            severities=severity,
            cache_name=cache,
            since=None if hours is None else now - timedelta(hours=hours),
            acknowledged=False if unacknowledged else None,
            most=limit,
        )
    if invocation.json:
        invocation.screen.document(rows)
    elif rows:
        show_table(invocation.screen, rows, now)
    else:
        scope = "" if state == "all" else f"{state} "
        invocation.screen.say(f"no {scope}observations; `--state all` lists those that are over")


def show(
    context: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="The id's first characters.")],
) -> None:
    """One observation in full: what, since when, cost, cause, what to do, what happened."""
    from auditor.listening.screen import show_one
    from auditor.schema.ready import ready
    from auditor.stores.observations import find_observation, read_history

    invocation = invocation_of(context)
    with ready(invocation) as connection:
        row = find_observation(connection, id_)
        history = read_history(connection, row.id)
    if invocation.json:
        invocation.screen.document({"observation": row, "history": history})
    else:
        show_one(invocation.screen, row, history, datetime.now(UTC))


def ack(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="One or many.")],
    reason: Annotated[
        str, typer.Option(help="fixed, expected, false-alarm or new-normal.")
    ],
    note: Annotated[str, typer.Option(help="What the next one on call should know.")] = "",
    by: Annotated[str | None, typer.Option(help="Who signs; else your login.")] = None,
) -> None:  # fmt: skip
    """Sign observations: someone has seen them, and why they need no more noise.

    fixed: it was real and is mended. expected: it was real and planned. false-alarm: it was not
    real. new-normal: it is how things are from now on.
    """
    from auditor.errors import NothingFound
    from auditor.schema.ready import ready
    from auditor.stores.observations import REASONS, acknowledge, find_observation

    _one_of("--reason", reason, REASONS)
    if len(note) > 2000:
        raise typer.BadParameter("is longer than 2000 characters", param_hint="--note")
    invocation, signed = invocation_of(context), by or getpass.getuser()
    outcomes: list[dict[str, str]] = []
    failed = 0
    with ready(invocation) as connection:
        for typed in ids:
            try:
                row = find_observation(connection, typed)
            except NothingFound as unknown:
                outcomes.append({"id": typed, "outcome": "unknown", "says": str(unknown)})
                failed += 1
                continue
            outcome = acknowledge(connection, row.id, by=signed, reason=reason, note=note)
            said = _outcome(outcome, row.title, row.acknowledged_by, row.acknowledged_at, signed)
            outcomes.append({"id": row.short_id, "outcome": outcome, "says": said})
            failed += outcome != "acknowledged"
    if invocation.json:
        invocation.screen.document(outcomes)
    else:
        for one in outcomes:
            invocation.screen.say(f"{one['id']}  {one['says']}")
    if failed:
        raise typer.Exit(2)


def _outcome(
    outcome: str, title: str, was_by: str | None, was_at: datetime | None, signed: str
) -> str:
    if outcome == "already":
        when = f" at {was_at:%Y-%m-%d %H:%M} UTC" if was_at else ""
        return f"was already acknowledged by {was_by or 'somebody'}{when}: {title}"
    return f"acknowledged by {signed}: {title}"


def watch(
    context: typer.Context,
    since: Annotated[
        float, typer.Option(min=0, max=7 * 24, help="Begin with the changes of so many hours ago.")
    ] = 0.0,
    severity: Annotated[
        str, typer.Option(help="Show changes of this severity and above.")
    ] = "info",
    once: Annotated[
        bool, typer.Option("--once", help="Catch up, and end.")
    ] = False,
) -> None:  # fmt: skip
    """Hear of every change as it happens: opened, escalated, acknowledged, reopened, resolved.

    Says first what is open. Over a broken connection nothing is lost: it reconnects and catches up.
    """
    _one_of("--severity", severity, SEVERITIES)
    invocation = invocation_of(context)
    settings = invocation.settings()
    with invocation.resolve() as dsn:
        from auditor.listening.watch import Watch
        from auditor.postgres.database import listen_dsn, opened
        from auditor.schema.ready import make_ready

        with opened(dsn) as connection:
            make_ready(connection, settings)
        Watch(invocation.screen, listen_dsn(dsn, settings), severity).run(since, once)


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(allowed)}", param_hint=option)
