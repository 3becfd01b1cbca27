"""A connection string taken apart, or refused where a part of its password would be shown.

libpq reads the host of `postgresql://me:pass@word@db/shop` as `word@db`, and then names that host
in its errors. An @ or a / in a password has to be written as %40 or %2F.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.errors import UnreadableDsn

_SCHEMES = ("postgresql://", "postgres://")


def parts_of(dsn: str) -> Mapping[str, Any]:
    """libpq's parameters by name. Raises UnreadableDsn, whose text has nothing of the string."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        found = conninfo_to_dict(dsn)
    except psycopg.Error:  # its text may hold a part of the password
        raise UnreadableDsn(
            "the DSN is not a connection string that libpq can read; it looks like "
            "postgresql://user:password@host:5432/database"
        ) from None
    if dsn.startswith(_SCHEMES) and _torn(dsn, found):
        raise UnreadableDsn(
            "the DSN has an @ or a / too many: in a password, write them as %40 and %2F"
        )
    return found


def _torn(dsn: str, found: Mapping[str, Any]) -> bool:
    """Whether a part of what was meant as the password is read as the place.

    An @ that is meant there, as in the name of a socket's folder, is written as %40.
    """
    written = dsn.partition("://")[2]
    authority, _, path = written.partition("?")[0].partition("/")
    if authority.count("@") > 1 or "@" in path:
        return True
    host = str(found.get("host", ""))
    return "@" in host and "%40" not in written and not host.startswith("/")
