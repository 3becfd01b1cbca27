"""The gateway's way to the table of tokens: it asks about one at a time, and cannot list them."""

from __future__ import annotations

from auditor.tokens import Scope
from collector.sinks.postgres import PostgresSink
from sql import queries


class TokenTable(PostgresSink):
    """Raises as PostgresSink does; not for several threads."""

    def __init__(self, dsn: str) -> None:
        super().__init__(
            dsn, connect_timeout_s=3, attempt_timeout_s=5.0, application_name="cache-auditor tokens"
        )

    def find(self, digest: bytes) -> tuple[str, frozenset[Scope]] | None:
        """Name and scopes of the token with this SHA-256; None for an unknown or revoked one."""
        with self._transaction() as connection:
            asked = {"digest": digest}
            row = connection.execute(queries("tokens")["check_token"].encode(), asked).fetchone()
        return None if row is None else (row[0], frozenset(row[1]))

    def count(self) -> dict[Scope, int]:
        """How many tokens are good for each scope."""
        with self._transaction() as connection:
            return dict(connection.execute(queries("tokens")["count_tokens"].encode()).fetchall())
