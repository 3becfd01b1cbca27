"""`cache-auditor migrate`: bring the database to this version's schema."""

from typing import TYPE_CHECKING, Annotated

import typer

from auditor.invocation import Invocation, invocation_of

if TYPE_CHECKING:
    import psycopg

    from sql import Migration


def register(app: typer.Typer) -> None:
    @app.command()
    def migrate(
        context: typer.Context,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Say what would be applied; change nothing.")
        ] = False,
    ) -> None:
        """Bring the database to this version's schema. Safe to run at any time, and by many."""
        invocation = invocation_of(context)
        with invocation.connect() as conn:
            if dry_run:
                _foretell(invocation, conn)
            else:
                _apply(invocation, conn)


def _foretell(invocation: Invocation, conn: "psycopg.Connection") -> None:
    from auditor.schema.ledger import status

    found = status(conn)
    if invocation.json:
        invocation.screen.document(
            {
                "landed": [row.version for row in found.landed],
                "pending": [_described(step) for step in found.pending],
            }
        )
        return
    for step in found.pending:
        invocation.screen.say(f"would apply {_titled(step)}")
    if not found.pending:
        invocation.screen.say(f"nothing to do; {len(found.landed)} migrations have landed")


def _apply(invocation: Invocation, conn: "psycopg.Connection") -> None:
    from auditor.schema.ledger import status
    from auditor.schema.migrations import migrate

    screen = invocation.screen

    def progress(step: "Migration") -> None:
        if not invocation.json:
            screen.say(f"applied {_titled(step)}")

    applied = migrate(conn, progress, warn=lambda text: screen.note(f"warning: {text}"))
    landed = status(conn).landed
    if invocation.json:
        screen.document(
            {
                "applied": [_described(step) for step in applied],
                "landed": [row.version for row in landed],
            }
        )
    else:
        screen.say(f"{len(applied)} applied; {len(landed)} migrations have landed")


def _titled(step: "Migration") -> str:
    return f"{step.version:04d} {step.name.replace('_', ' ')}"


def _described(step: "Migration") -> dict[str, object]:
    return {"version": step.version, "name": step.name, "sha256": step.sha256}
