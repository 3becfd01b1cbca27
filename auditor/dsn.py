"""A connection string as it may be shown."""


def place(dsn: str) -> str:
    """Where a connection string leads, without its password: user@host:port/database.

    A string that cannot be read gives "a connection string that cannot be read", since any part
    of it may be the password.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        return "a connection string that cannot be read"
    host = parts.get("host") or parts.get("hostaddr") or "the local socket"
    user = f"{parts['user']}@" if parts.get("user") else ""
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"{user}{host}{port}/{parts.get('dbname') or ''}"
