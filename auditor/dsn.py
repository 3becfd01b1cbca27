"""A connection string as it may be shown."""

from typing import Final

from collector.dsn import parts_of
from collector.errors import UnreadableDsn

UNREADABLE: Final = "a connection string that cannot be read"


def place(dsn: str) -> str:
    """Where a connection string leads, without its password: user@host:port/database.

    A string that cannot be read gives "a connection string that cannot be read", since any part
    of it may be the password.
    """
    try:
        parts = parts_of(dsn)
    except UnreadableDsn:
        return UNREADABLE
    host = parts.get("host") or parts.get("hostaddr") or "the local socket"
    user = f"{parts['user']}@" if parts.get("user") else ""
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"{user}{host}{port}/{parts.get('dbname') or ''}"
