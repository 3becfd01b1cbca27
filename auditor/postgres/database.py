"""The way to the database: which server, and a connection that fails in clear words.

Which one: --dsn, else DATABASE_URL, else `dsn` in cache-auditor.toml, else the embedded
PostgreSQL, which then runs for as long as the context lasts. No password is ever printed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from auditor.postgres.connection_errors import translated
from auditor.postgres.embedded import EmbeddedPostgres, default_folder
from sql import queries

if TYPE_CHECKING:
    import psycopg

    from auditor.settings import Settings

APPLICATION_NAME: Final = "cache-auditor"
PARAMETERS: Final[dict[str, int]] = {
    "connect_timeout": 10,  # s
    "keepalives": 1,
    "keepalives_idle": 30,  # s
    "keepalives_interval": 10,  # s
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # ms; only where the system knows it
}


@contextmanager
def resolve(dsn: str | None = None, *, settings: "Settings | None" = None) -> Iterator[str]:
    """The connection string to use; the embedded server runs while the context lasts.

    dsn: what --dsn says; None for what the settings say (read here when they are not given).
    Raises SettingsInvalid for settings that are wrong, EmbeddedUnavailable when the embedded server
    is needed and does not start.
    """
    if dsn:
        yield dsn
        return
    chosen = settings if settings is not None else _settings()
    if chosen.dsn is not None:
        yield chosen.dsn.get_secret_value()
        return
    with EmbeddedPostgres(chosen.data_folder or default_folder()) as embedded:
        yield embedded


@contextmanager
def connect(
    dsn: str | None = None,
    *,
    settings: "Settings | None" = None,
    application_name: str = APPLICATION_NAME,
) -> Iterator["psycopg.Connection"]:
    """A connection in autocommit mode and in UTC; `with connection.transaction()` makes a block.

    Raises what `resolve` does, DatabaseUnreachable when no server answers, and DatabaseRefused when
    it answers with a no (password, user, database, too many connections).
    """
    with resolve(dsn, settings=settings) as where, opened(where, application_name) as connection:
        yield connection


def opened(dsn: str, application_name: str = APPLICATION_NAME) -> "psycopg.Connection":
    """An open connection to exactly this server; the caller closes it. Raises as `connect`."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    try:
        given = conninfo_to_dict(dsn)
        parameters = {name: number for name, number in PARAMETERS.items() if name not in given} | {
            "application_name": given.get("application_name") or application_name
        }
        # Prepared statements and session settings do not survive a pooler between transactions;
        # the time zone does, since the server reports it and poolers carry it over.
        connection = psycopg.connect(
            make_conninfo(dsn, **parameters), autocommit=True, prepare_threshold=None
        )
        try:
            connection.execute(queries("connection")["open_session"])
        except BaseException:
            connection.close()
            raise
    except psycopg.Error as exc:
        raise translated(exc, dsn) from exc
    return connection


def listen_dsn(dsn: str, settings: "Settings") -> str:
    """Where to LISTEN, given where everything else goes.

    LISTEN_DATABASE_URL names the server itself where the other goes through a pooler, which may not
    pass notices on.
    """
    if settings.listen_dsn is not None:
        return settings.listen_dsn.get_secret_value()
    return dsn


def _settings() -> "Settings":
    from auditor.settings_sources import read_settings

    return read_settings().settings
