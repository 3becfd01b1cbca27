"""`cache-auditor doctor`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import typer

from auditor.invocation import Invocation, invocation_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from auditor.examining.doctor import Finding
    from auditor.screen import Screen
    from auditor.settings import Settings

STYLES: Final = {"ok": "green", "warning": "yellow", "fault": "bold red"}


def register(app: typer.Typer) -> None:
    @app.command()
    def doctor(context: typer.Context) -> None:
        """Say what is wrong with this installation, and how to mend it.

        Looks, and changes nothing. Exit code 1 when it finds a fault.
        """
        from auditor.examining.doctor import worst

        invocation = invocation_of(context)
        findings = diagnose(invocation)
        if invocation.json:
            invocation.screen.document({"status": worst(findings), "findings": findings})
        else:
            _show(invocation.screen, findings)
        if worst(findings) == "fault":
            raise typer.Exit(1)


def diagnose(invocation: Invocation) -> list[Finding]:
    """Every finding; where the database cannot be reached, that one."""
    from auditor.dsn import place
    from auditor.errors import DatabaseError
    from auditor.examining.checks import examine
    from auditor.examining.doctor import Examination, fault, ok
    from auditor.postgres.database import listen_dsn, opened

    settings = invocation.settings()
    findings = [_embedded(settings)] if settings.dsn is None else []
    try:
        with invocation.resolve() as dsn, opened(dsn, "cache-auditor doctor") as connection:
            if settings.dsn is not None:
                findings.append(ok("connection", place(dsn)))
            there, here = _clocks(connection)
            examination = Examination(
                connection, settings, there, here,
                lambda: opened(listen_dsn(dsn, settings), "cache-auditor doctor"),
            )  # fmt: skip
            return findings + examine(examination)
    except DatabaseError as exc:
        said = str(exc).replace("\n", " ")
        advice = "mend that, or name another server with --dsn or DATABASE_URL"
        return [*findings, fault("connection", said, advice)]


def _embedded(settings: Settings) -> Finding:
    """Which server is used when none is named, and whether it ran before this look."""
    from auditor.examining.doctor import ok
    from auditor.postgres.embedded import EmbeddedPostgres, default_folder

    folder = settings.data_folder or default_folder()
    running = EmbeddedPostgres(folder).postmaster.pid() is not None
    state = "it was running" if running else "it was not running: nothing else is at work on it"
    return ok("database", f"no DATABASE_URL, so the embedded PostgreSQL in {folder}; {state}")


def _clocks(connection: psycopg.Connection) -> tuple[datetime, datetime]:
    """The server's clock, and this machine's halfway between asking and hearing."""
    from sql import queries

    asked = datetime.now(UTC)
    row = connection.execute(queries("doctor")["read_clock"]).fetchone()
    heard = datetime.now(UTC)
    if row is None:
        raise RuntimeError("a statement without FROM gave no row")
    return row[0], asked + (heard - asked) / 2


def _show(screen: Screen, findings: Sequence[Finding]) -> None:
    from rich.text import Text

    screen.table(
        ("check", "status", "found", "what to do"),
        [
            (one.check, Text(one.status, style=STYLES[one.status]), one.found, one.advice)
            for one in findings
        ],
    )
    counts = {status: sum(one.status == status for one in findings) for status in STYLES}
    told = [f"{n} {status}{'s' * (n != 1)}" for status, n in counts.items() if status != "ok"]
    screen.say(f"{' and '.join(reversed(told))}; {counts['ok']} of {len(findings)} checks are well")
