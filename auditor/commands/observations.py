"""`cache-auditor observations`: what is wrong, one in full, and watching live.

Feedback, explanation and the budget have modules of their own, and the same group.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from auditor.invocation import invocation_of

STATES = ("open", "resolved", "all")
SEVERITIES = ("info", "warning", "critical")


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="List, show, explain, acknowledge and watch observations."
    )
    app.add_typer(group, name="observations")
    group.command("list")(list_)
    group.command()(show)
    group.command()(watch)


def group_of(app: typer.Typer) -> typer.Typer:
    """The group that other modules add their commands to; this one's name sorts before theirs."""
    for each in app.registered_groups:
        if each.name == "observations" and each.typer_instance is not None:
            return each.typer_instance
    raise RuntimeError("the group `observations` is registered first")


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

    one_of("--state", state, STATES)
    for one in severity or ():
        one_of("--severity", one, SEVERITIES)
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
    name: Annotated[
        str | None, typer.Option(help="Go on where the listener of this name was, days later too.")
    ] = None,
) -> None:  # fmt: skip
    """Hear of every change as it happens: opened, escalated, acknowledged, reopened, resolved.

    Says first what is open; at a terminal a table that is kept as things are, else a line a change.
    Over a broken connection nothing is lost: it reconnects and catches up.
    """
    from auditor.listening.named import NAME

    one_of("--severity", severity, SEVERITIES)
    if name is not None and not NAME.fullmatch(name):
        raise typer.BadParameter("1 to 64 characters of A-Z a-z 0-9 _ . : -", param_hint="--name")
    invocation = invocation_of(context)
    settings = invocation.settings()
    with invocation.resolve() as dsn:
        from auditor.listening.live_watch import LiveWatch, is_for
        from auditor.listening.watch import Watch
        from auditor.postgres.database import listen_dsn, opened
        from auditor.schema.ready import make_ready

        with opened(dsn) as connection:
            make_ready(connection, settings)
        kind = LiveWatch if is_for(invocation.screen) else Watch
        kind(invocation.screen, listen_dsn(dsn, settings), severity, name).run(since, once)


def one_of(option: str, value: str, allowed: Sequence[str]) -> None:
    """Raises typer.BadParameter unless the value of an option is one that is allowed."""
    if value not in allowed:
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(allowed)}", param_hint=option)
