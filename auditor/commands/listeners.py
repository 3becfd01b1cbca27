"""`cache-auditor listeners`: named listeners, how far behind each is, and removing dead ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.invocation import invocation_of

if TYPE_CHECKING:
    from auditor.listening.named import ListenerRow


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True,
        help="Named listeners: how far each has heard.",
    )
    app.add_typer(group, name="listeners")
    group.command("list")(list_)
    group.command()(forget)


def list_(context: typer.Context) -> None:
    """Every named listener: when it was last heard of, what waits for it, what it missed."""
    from auditor.listening.named import list_listeners
    from auditor.schema.ready import ready

    invocation = invocation_of(context)
    with ready(invocation) as connection:
        rows = list_listeners(connection)
    if invocation.json:
        invocation.screen.document(rows)
    elif rows:
        columns = ("name", "owner", "last heard of", "waiting", "oldest", "missed")
        invocation.screen.table(columns, [_cells(row) for row in rows])
    else:
        invocation.screen.say("no listener has a name; `observations watch --name NAME` makes one")


def forget(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `listeners list` shows it.")],
) -> None:
    """Remove a name and its place; who listens under it again begins anew."""
    from auditor.errors import NothingFound
    from auditor.listening.named import forget_listener
    from auditor.schema.ready import ready

    invocation = invocation_of(context)
    with ready(invocation) as connection:
        outcome = forget_listener(connection, name)
    if outcome != "forgotten":
        raise NothingFound(
            f"listener {name!r} belongs to another login" if outcome == "foreign"
            else f"there is no listener {name!r}; see `listeners list`"
        )  # fmt: skip
    if invocation.json:
        invocation.screen.document({"name": name, "outcome": outcome})
    else:
        invocation.screen.say(f"forgot listener {name}")


def _cells(row: ListenerRow) -> tuple[str, ...]:
    from auditor.spans import span

    def ago(then: datetime | None) -> str:
        return "" if then is None else f"{span(max(row.now - then, timedelta()))} ago"

    missed = f"{row.missed}, to {row.missed_until:%m-%d %H:%M}" if row.missed_until else ""
    waiting = f"{row.behind}"
    return (row.name, row.owner, ago(row.heard_at), waiting, ago(row.oldest_unheard_at), missed)
