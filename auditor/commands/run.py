"""`cache-auditor run`: the daemon."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import typer

from auditor.invocation import invocation_of

if TYPE_CHECKING:
    from auditor.daemon.tick import Ticked


def register(app: typer.Typer) -> None:
    @app.command()
    def run(context: typer.Context) -> None:
        """Audit until told to stop: tick each minute, learn, trim. SIGTERM ends it cleanly."""
        from auditor.commands.tick import said
        from auditor.daemon.schedule import Daemon
        from auditor.delivering.targets import targets_of
        from auditor.postgres.database import opened
        from auditor.schema.ready import make_ready

        invocation = invocation_of(context)
        settings = invocation.settings()
        targets = targets_of(settings.notify)
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")

        def tell(ticked: Ticked) -> None:
            if invocation.json:
                invocation.screen.line(
                    {"settled_until": ticked.rolled.settled_until, "scored": ticked.scored_windows,
                     "changes": dict(ticked.changes)}
                )  # fmt: skip
            else:
                logging.getLogger("auditor").info(said(ticked))

        with invocation.resolve() as dsn:
            with opened(dsn) as connection:
                make_ready(connection, settings)
            Daemon(dsn, settings, on_tick=tell, targets=targets).run()
