"""`cache-auditor demo`: the whole story on an embedded PostgreSQL."""

from __future__ import annotations

from typing import Annotated

import typer

from auditor.invocation import invocation_of


def register(app: typer.Typer) -> None:
    @app.command()
    def demo(
        context: typer.Context,
        fast: Annotated[
            bool, typer.Option("--fast", help="In virtual time, under a minute.")
        ] = False,
    ) -> None:
        """See it work: a shop, two caches, an incident, what the auditor says, the recovery.

        It runs on the embedded PostgreSQL in a database of its own, which it makes anew each time;
        no other database is touched. Live it takes about a quarter of an hour and Ctrl-C ends it;
        with --fast, or where there is no terminal, the same story runs in virtual time.
        The exit code is 0 when each step of the story happened.
        """
        from auditor.errors import MissingExtra

        invocation = invocation_of(context)
        screen, settings = invocation.screen, invocation.settings()
        live = not fast and screen.out.is_terminal
        try:
            if live:
                from auditor.demo.live import play_live as play
            else:
                from auditor.demo.fast import play_fast as play
        except ModuleNotFoundError as missing:
            raise MissingExtra(missing.name or "a module", "auditor") from missing
        if play(screen, settings):
            raise typer.Exit(0 if live else 1)
