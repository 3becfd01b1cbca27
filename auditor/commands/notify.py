"""`cache-auditor notify`: try the routes, see what waits and what is dead, send it now."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.invocation import Invocation, invocation_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.delivering.outbox import NotificationRow
    from auditor.delivering.targets import Target
    from auditor.notifying.wording import Place

SEND_WITHIN = timedelta(seconds=60)
Name = Annotated[
    str | None, typer.Argument(metavar="[NAME]", help="A route of the settings; else all.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="People who are told elsewhere: webhooks, chat, mail."
    )
    app.add_typer(group, name="notify")
    group.command("test")(try_)
    group.command("list")(list_)
    group.command()(retry)
    group.command()(send)


def try_(context: typer.Context, name: Name = None) -> None:
    """Send a test message to each address, and say what came of it; exit code 1 if one failed."""
    from auditor.notifying.wording import trial

    invocation, now = invocation_of(context), datetime.now(UTC)
    targets, place = _targets(invocation, name)

    def outcome(target: Target) -> str:
        return target.sender.send(trial(target.route.name, now, place))

    with invocation.screen.progress("sending", len(targets)) as more:
        reasons = []
        with ThreadPoolExecutor(min(len(targets), 8)) as threads:
            for reason in threads.map(outcome, targets):
                reasons.append(reason)
                more(1)
    rows = [
        {"route": target.route.name, "target": target.label, "sent": not reason, "because": reason}
        for target, reason in zip(targets, reasons, strict=True)
    ]
    if invocation.json:
        invocation.screen.document(rows)
    else:
        told = [
            (row["target"], "sent" if row["sent"] else "failed", row["because"]) for row in rows
        ]
        invocation.screen.table(("target", "outcome", "because"), told)
    if any(reasons):
        raise typer.Exit(1)


def list_(
    context: typer.Context,
    name: Name = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what was told.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
) -> None:
    """What waits to be told, and what was given up, with why."""
    from auditor.delivering.outbox import list_notifications
    from auditor.schema.ready import ready

    invocation, now = invocation_of(context), datetime.now(UTC)
    with ready(invocation) as connection:
        rows = list_notifications(connection, route=name, everything=everything, most=limit)
    if invocation.json:
        invocation.screen.document([{**_fields(row), "standing": _standing(row)} for row in rows])
    elif rows:
        columns = ("route", "problem", "what", "stands", "attempts", "next", "because")
        invocation.screen.table(columns, [_cells(row, now) for row in rows])
    else:
        invocation.screen.say("nothing waits and nothing is dead; `--all` lists what was told")


def retry(context: typer.Context, name: Name = None) -> None:
    """Dead letters and what is failing are due again now; `run` sends them."""
    from auditor.delivering.outbox import retry as make_due
    from auditor.schema.ready import ready

    invocation = invocation_of(context)
    with ready(invocation) as connection:
        count = make_due(connection, name, datetime.now(UTC))
    if invocation.json:
        invocation.screen.document({"retried": count})
    else:
        invocation.screen.say(f"{count} are due again; `run` or `notify send` sends them")


def send(context: typer.Context) -> None:
    """Send once what is due, and end: for cron, beside `tick`. Exit code 1 if some failed."""
    from auditor.delivering.notifier import Notifier
    from auditor.delivering.outbox import count_notifications
    from auditor.schema.ready import ready

    invocation = invocation_of(context)
    targets, place = _targets(invocation, None)
    notifier = Notifier(targets, place)
    with ready(invocation) as connection:
        taken = notifier.work_off(connection, lambda: datetime.now(UTC), SEND_WITHIN)
        failing = sum(one.failing + one.dead for one in count_notifications(connection))
    if invocation.json:
        invocation.screen.document({"looked_at": taken, "failing": failing})
    else:
        invocation.screen.say(f"looked at {taken}; {failing} are failing or dead")
    if failing:
        raise typer.Exit(1)


def _targets(invocation: Invocation, name: str | None) -> tuple[Sequence[Target], Place]:
    """Those of a route, or all. Raises NothingFound, and what targets_of does."""
    from auditor.delivering.targets import targets_of
    from auditor.errors import NothingFound
    from auditor.notifying.wording import Place

    settings = invocation.settings()
    chosen = [each for each in settings.notify if name in (None, each.route.name)]
    if not chosen:
        named = ", ".join(each.route.name for each in settings.notify)
        raise NothingFound(
            f"no route is called {name!r}; there are: {named}" if named
            else "no route is set: write [[notify]] with name and url into cache-auditor.toml"
        )  # fmt: skip
    return targets_of(chosen), Place(settings.time_zone, settings.serve_url or "")


def _standing(row: NotificationRow) -> str:
    if row.dead_at is not None:
        return "dead"
    if row.due_at is None:
        return f"told: {row.told}" if row.told_at else "nothing to tell"
    return "failing" if row.attempts else "waits"


def _fields(row: NotificationRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__slots__}


def _cells(row: NotificationRow, now: datetime) -> tuple[str, ...]:
    from auditor.spans import span
    from auditor.stores.observations import SHORT

    next_ = "" if row.due_at is None else "now"
    if row.due_at is not None and row.due_at > now:
        next_ = f"in {span(row.due_at - now)}"
    attempts = f"{row.attempts}" if row.attempts else ""
    what = row.title or "(the observation was deleted)"
    problem = str(row.observation_id)[:SHORT]
    return (row.route, problem, what, _standing(row), attempts, next_, row.because)
