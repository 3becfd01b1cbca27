"""`cache-auditor run`: the daemon, with the gateway beside it where that is wished."""

from __future__ import annotations

import logging
import os
import signal
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.invocation import Invocation, invocation_of

if TYPE_CHECKING:
    from auditor.daemon.schedule import Daemon
    from auditor.daemon.tick import Ticked
    from auditor.settings import Settings


def register(app: typer.Typer) -> None:
    app.command()(run)


def run(
    context: typer.Context,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve as well, in the same process.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Where to, with --serve.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="On which port, with --serve.")
    ] = None,
) -> None:
    """Audit until told to stop: tick each minute, learn, trim. SIGTERM ends it cleanly."""
    from auditor.commands.serve import check_libraries
    from auditor.daemon.schedule import Daemon
    from auditor.delivering.targets import targets_of
    from auditor.postgres.database import opened
    from auditor.schema.ready import make_ready

    invocation = invocation_of(context).with_flags(serve_host=host, serve_port=port)
    settings = invocation.settings()
    targets = targets_of(settings.notify)
    if serve:
        check_libraries()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with invocation.resolve() as dsn:
        with opened(dsn) as connection:
            make_ready(connection, settings)
        daemon = Daemon(
            dsn, settings, on_tick=lambda ticked: _tell(invocation, ticked), targets=targets
        )
        if serve:
            _run_and_serve(daemon, invocation, settings, dsn)
        else:
            daemon.run()


def _tell(invocation: Invocation, ticked: Ticked) -> None:
    from auditor.commands.tick import said

    if invocation.json:
        invocation.screen.line(
            {"settled_until": ticked.rolled.settled_until, "scored": ticked.scored_windows,
             "changes": dict(ticked.changes)}
        )  # fmt: skip
    else:
        logging.getLogger("auditor").info(said(ticked))


def _run_and_serve(daemon: Daemon, invocation: Invocation, settings: Settings, dsn: str) -> None:
    """The gateway in this thread, which hears the signals; the daemon in others, ended after it.

    Raises what either of them raises: without one of them the other does not go on.
    """
    from auditor.commands.serve import serve_gateway

    faults: list[BaseException] = []

    def audit() -> None:
        try:
            daemon.run()
        except BaseException as fault:
            faults.append(fault)
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=audit, name="auditor")
    try:
        serve_gateway(invocation, settings, dsn, on_listening=thread.start)
    finally:
        daemon.stop()
        if thread.ident is not None:
            thread.join()
    if faults:
        raise faults[0]
