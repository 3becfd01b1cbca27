"""`cache-auditor observations feedback|revoke`: what people said, and taking it back."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from auditor.commands.observations import group_of
from auditor.invocation import invocation_of


def register(app: typer.Typer) -> None:
    group = group_of(app)
    group.command()(feedback)
    group.command()(revoke)


def feedback(
    context: typer.Context,
    every: Annotated[
        bool, typer.Option("--all", help="Also what is over, and what silences nothing.")
    ] = False,
) -> None:
    """What people said that counts now: scope, until when, and what it has kept quiet."""
    from auditor.listening.signing import show_feedback
    from auditor.schema.ready import ready
    from auditor.stores.feedback import list_feedback

    invocation = invocation_of(context)
    with ready(invocation) as connection:
        rows = list_feedback(connection, datetime.now(UTC), every=every)
    if invocation.json:
        invocation.screen.document(rows)
    elif rows:
        show_feedback(invocation.screen, rows)
    else:
        invocation.screen.say("no feedback silences anything; `--all` lists what was said before")


def revoke(
    context: typer.Context,
    feedback_id: Annotated[
        int, typer.Argument(metavar="FEEDBACK_ID", help="As `observations feedback` lists it.")
    ],
    by: Annotated[str | None, typer.Option(help="Who revokes; else your login.")] = None,
) -> None:
    """Take feedback back: it silences nothing from now on, and no longer counts in learning."""
    from auditor.errors import NothingFound
    from auditor.schema.ready import ready
    from auditor.stores import feedback as store

    invocation = invocation_of(context)
    with ready(invocation) as connection:
        outcome = store.revoke(connection, feedback_id, by=by or getpass.getuser())
    if outcome == "unknown":
        raise NothingFound(f"there is no feedback {feedback_id}; see `observations feedback --all`")
    said = "is revoked" if outcome == "revoked" else "counted no longer already"
    if invocation.json:
        invocation.screen.document({"id": feedback_id, "outcome": outcome})
    else:
        invocation.screen.say(f"feedback {feedback_id} {said}")
