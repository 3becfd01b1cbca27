"""Why a connection failed, in words that say what to do; never with the password in them.

The driver reports a failed connection as text alone, without a code, so the kinds are told apart
by the server's wording (as PostgreSQL's own tests do); what is not recognised is quoted as it is.
"""

from typing import TYPE_CHECKING

from auditor.dsn import UNREADABLE, place
from auditor.errors import DatabaseError, DatabaseRefused, DatabaseUnreachable

if TYPE_CHECKING:
    import psycopg

REFUSALS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("password authentication failed", "SASL authentication failed", "Wrong password"),
        "the password or the user is wrong. Check both in --dsn or DATABASE_URL; characters like "
        "@ : / # in a password must be percent-encoded",
    ),
    (
        ("no password supplied",),
        "a password is needed. Put it into DATABASE_URL, into PGPASSWORD, or into ~/.pgpass",
    ),
    (
        ('database "', 'Database "'),
        "the server has no such database. Make it with createdb, or name one that exists",
    ),
    (
        ('role "', 'Role "'),
        "the server has no such user, or it may not log in. Make it with createuser",
    ),
    (
        ("no pg_hba.conf entry", "SSL", "channel binding"),
        "the server does not accept connections like this one. Try ?sslmode=require at the end of "
        "the connection string, or allow this host in the server's pg_hba.conf",
    ),
    (
        ("too many clients", "too many connections", "remaining connection slots", "max clients"),
        "the server has no free connection. Wait, close some, or raise max_connections",
    ),
    (
        ("starting up", "shutting down", "not yet accepting", "in recovery mode"),
        "the server is starting or stopping. Retry in a moment",
    ),
)
ABSENCES: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("Connection refused", "No such file or directory"),
        "no server listens there. Start it, or correct host and port",
    ),
    (
        ("could not translate host name", "failed to resolve host"),
        "the host name is not known. Check its spelling, and the network",
    ),
    (
        ("timeout expired", "timed out", "No route to host", "Network is unreachable"),
        "no answer came. Check host, port and firewall",
    ),
)


def translated(error: "psycopg.Error", dsn: str) -> DatabaseError:
    """The error of a connection attempt, named for the reader's mistake."""
    import psycopg

    where = place(dsn)
    if isinstance(error, psycopg.ProgrammingError) or where == UNREADABLE:
        return DatabaseUnreachable(
            "the connection string cannot be read. "
            "It looks like postgresql://user:password@host:5432/database; characters like "
            "@ : / # in a password must be percent-encoded"
        )
    said = str(error).strip()
    for kind, advices in ((DatabaseRefused, REFUSALS), (DatabaseUnreachable, ABSENCES)):
        for words, advice in advices:
            if any(word in said for word in words):
                return kind(f"{where}: {advice}.\nIt said: {_short(said)}")
    return DatabaseUnreachable(f"{where}: the connection failed.\nIt said: {_short(said)}")


def _short(said: str) -> str:
    """The last answer, when a name has several addresses; without the hints that follow it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    answers = [line for line in lines if "failed" in line or "FATAL" in line]
    return (answers or lines or ["nothing"])[-1]
