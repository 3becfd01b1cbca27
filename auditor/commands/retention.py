"""`cache-auditor retention`: trim now what is older than it is kept."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from auditor.invocation import invocation_of


def register(app: typer.Typer) -> None:
    @app.command()
    def retention(context: typer.Context) -> None:
        """Trim what is older than it is kept: raw rows, minutes, hours, scores, logs.

        `run` does this daily. Spans that were loaded with --keep stay.
        """
        from auditor.daemon.keeping import keep
        from auditor.errors import Busy
        from auditor.schema.ready import ready
        from auditor.windows.retention import retain

        invocation = invocation_of(context)
        settings = invocation.settings()
        screen = invocation.screen
        with ready(invocation) as connection, screen.progress("trimming") as step:
            done = retain(connection, datetime.now(UTC), keep(settings), lambda _w, n: step(n))
        if done is None:
            raise Busy("another auditor is trimming this database")
        if screen.json:
            screen.document(done)
            return
        rows = [
            (name.removeprefix("trim_").replace("_", " "), n)
            for name, n in done.removed.items()
            if n
        ]
        if rows:
            screen.table(("what", "removed"), rows)
        elif not (done.unrolled or done.locked):
            screen.say("nothing is older than it is kept")
        for left in done.left():
            screen.note(left)
