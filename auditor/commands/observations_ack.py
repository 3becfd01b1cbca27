"""`cache-auditor observations ack`: say what it was, see first what that would have changed."""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.commands.observations import group_of
from auditor.invocation import Invocation, invocation_of

if TYPE_CHECKING:
    import psycopg

    from auditor.listening.acknowledging import Signature
    from auditor.listening.signing import Proposal
    from auditor.stores.observations import ObservationRow


def register(app: typer.Typer) -> None:
    group_of(app).command()(ack)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one id that was typed. proposal, row: None where there is nothing to sign."""

    id: str
    outcome: str
    says: str
    feedback_id: int | None = None
    proposal: Proposal | None = None
    row: ObservationRow | None = None

    def document(self) -> dict[str, object]:
        """As JSON has it."""
        plain = {"id": self.id, "outcome": self.outcome, "says": self.says}
        preview = None if self.proposal is None else self.proposal.document()
        return {**plain, "feedback_id": self.feedback_id, "preview": preview}


def ack(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="One or many.")],
    reason: Annotated[
        str, typer.Option(help="fixed, expected, false-alarm or new-normal.")
    ],
    note: Annotated[str, typer.Option(help="What the next one on call should know.")] = "",
    by: Annotated[str | None, typer.Option(help="Who signs; else your login.")] = None,
    scope: Annotated[
        str, typer.Option(help="What it is about: metric, series, cache-metric or cache.")
    ] = "metric",
    expires: Annotated[
        str | None, typer.Option(help="How long it silences: 12h, 30d; else as is usual.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would have changed; sign nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Sign without asking.")] = False,
) -> None:  # fmt: skip
    """Sign observations, after showing what that would have changed in the history.

    fixed: it was real and is mended. expected: it was real and planned. false-alarm: it was not
    real. new-normal: it is how things are from now on.
    """
    from auditor.listening.acknowledging import AcknowledgementInvalid, signature
    from auditor.schema.ready import ready

    try:
        wanted = signature(by or getpass.getuser(), reason, note, scope, expires)
    except AcknowledgementInvalid as fault:
        raise typer.BadParameter(str(fault), param_hint=f"--{fault.part}") from None
    invocation = invocation_of(context)
    with ready(invocation) as connection:
        outcomes = _proposed(connection, ids, wanted)
        signing = _shown_and_agreed(invocation, outcomes, yes or dry_run) and not dry_run
        if signing:
            outcomes = [_signed(connection, each, wanted) for each in outcomes]
    _tell(invocation, outcomes)
    if any(each.outcome in ("unknown", "already") for each in outcomes):
        raise typer.Exit(2)
    if not signing and not dry_run:
        raise typer.Exit(1)


def _proposed(connection: psycopg.Connection, ids: list[str], wanted: Signature) -> list[Answer]:
    """What each id stands for, with what signing it would do."""
    from auditor.errors import NothingFound
    from auditor.listening.acknowledging import already, proposed
    from auditor.stores.feedback import read_past
    from auditor.stores.observations import find_observation

    outcomes = []
    past, now = read_past(connection), datetime.now(UTC)
    for typed in ids:
        try:
            row = find_observation(connection, typed)
        except NothingFound as unknown:
            outcomes.append(Answer(typed, "unknown", str(unknown)))
            continue
        if row.acknowledged:
            outcomes.append(Answer(row.short_id, "already", already(row)))
            continue
        proposal = proposed(row, past, now, wanted)
        said = f"not signed: {row.title}"
        outcomes.append(Answer(row.short_id, "not signed", said, proposal=proposal, row=row))
    return outcomes


def _shown_and_agreed(invocation: Invocation, outcomes: list[Answer], yes: bool) -> bool:
    """Shows what signing would do, and asks a person; a program that calls has asked already."""
    from auditor.listening.signing import show_proposal

    proposals = [each.proposal for each in outcomes if each.proposal is not None]
    if invocation.json:
        return True
    for each in proposals:
        show_proposal(invocation.screen, each)
    if yes or not proposals or not sys.stdin.isatty():
        return True
    return typer.confirm("sign it?" if len(proposals) == 1 else f"sign these {len(proposals)}?")


def _signed(connection: psycopg.Connection, one: Answer, wanted: Signature) -> Answer:
    from auditor.listening.acknowledging import signed

    if one.proposal is None or one.row is None:
        return one
    done = signed(connection, one.row, wanted)
    return replace(one, outcome=done.outcome, says=done.says, feedback_id=done.feedback_id)


def _tell(invocation: Invocation, outcomes: list[Answer]) -> None:
    if invocation.json:
        invocation.screen.document([each.document() for each in outcomes])
        return
    for each in outcomes:
        number = "" if each.feedback_id is None else f" (feedback {each.feedback_id})"
        invocation.screen.say(f"{each.id}  {each.says}{number}")
