"""`cache-auditor tick`: one pass, for cron."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from auditor.invocation import invocation_of

if TYPE_CHECKING:
    from auditor.daemon.tick import Ticked


def register(app: typer.Typer) -> None:
    @app.command()
    def tick(context: typer.Context) -> None:
        """One pass: roll up, score, observe, notify; learn and trim when it is due.

        For cron, each minute. Beside another auditor it does nothing twice: exit code 6 says that
        another one was at work.
        """
        from auditor.daemon.duties import make_days, refresh_when_due, retain_when_due
        from auditor.daemon.settings import judging
        from auditor.daemon.tick import Memory
        from auditor.daemon.tick import tick as tick_once
        from auditor.errors import Busy
        from auditor.schema.ready import ready

        invocation, now = invocation_of(context), datetime.now(UTC)
        settings = invocation.settings()
        with ready(invocation) as connection:
            make_days(connection)
            ticked = tick_once(connection, now, judging(settings), Memory())
            refreshed = refresh_when_due(connection, now, settings)
            retained = retain_when_due(connection, now, settings)
        if invocation.json:
            learned = refreshed.learned if refreshed else None
            invocation.screen.document(
                {
                    **_described(ticked),
                    "learned": None if learned is None else list(learned.baselines),
                    "retained": retained,
                }
            )
        else:
            invocation.screen.say(said(ticked))
        if ticked.busy:
            raise Busy("another auditor is at work on this database; it does what this tick would")


def _described(ticked: Ticked) -> dict[str, object]:
    return {
        "batches": ticked.rolled.batches,
        "windows": ticked.rolled.windows,
        "settled_until": ticked.rolled.settled_until,
        "scored_until": ticked.scored_until,
        "scored_windows": ticked.scored_windows,
        "rescored_minutes": ticked.rescored_minutes,
        "hours": ticked.hours,
        "changes": dict(ticked.changes),
    }


def said(ticked: Ticked) -> str:
    """One line of what a tick did."""
    rolled = ticked.rolled
    parts = [f"{rolled.batches} batches into {rolled.windows} windows"]
    if ticked.scored_until is not None:
        until = f"{ticked.scored_until:%Y-%m-%d %H:%M} UTC"
        parts.append(f"{ticked.scored_windows} scored up to {until}")
    if ticked.rescored_minutes:
        parts.append(f"{ticked.rescored_minutes} minutes corrected")
    if ticked.hours:
        parts.append(f"{ticked.hours} hours made")
    told = {kind: n for kind, n in ticked.changes.items() if kind != "extended"}
    parts += [f"{n} {kind}" for kind, n in told.items()]
    return ", ".join(parts)
