"""Tokens as rows: made, listed, revoked. A token itself is in none of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from auditor.errors import NameTaken, NothingFound
from auditor.tokens import SCOPES, Scope, digest
from sql import queries


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One row of cache_tokens, without its hash; what each column says is told there."""

    token_id: int
    name: str
    scopes: list[Scope]
    created_at: datetime
    created_by: str
    revoked_at: datetime | None
    last_used_at: datetime | None

    @property
    def state(self) -> str:
        """Whether it is taken."""
        return "good" if self.revoked_at is None else "revoked"


def create_token(
    connection: Connection, name: str, token: str, scopes: Collection[Scope]
) -> TokenRow:
    """Lets whoever has the token do what the scopes say, under this name.

    Raises NameTaken when a token that is good has the name, or the token itself is known already.
    """
    row = {
        "name": name,
        "digest": digest(token),
        "scopes": [scope for scope in SCOPES if scope in scopes],
    }
    with connection.cursor(row_factory=class_row(TokenRow)) as cursor:
        try:
            made = cursor.execute(queries("tokens")["create_token"], row).fetchone()
        except UniqueViolation as exc:
            raise NameTaken(_taken(connection, name, digest(token))) from exc
    assert made is not None  # insert … returning
    return made


def list_tokens(connection: Connection) -> list[TokenRow]:
    """Good ones by name, then the revoked, the latest first."""
    with connection.cursor(row_factory=class_row(TokenRow)) as cursor:
        return cursor.execute(queries("tokens")["list_tokens"]).fetchall()


def count_tokens(connection: Connection) -> dict[Scope, int]:
    """How many tokens are good for each scope."""
    return dict(connection.execute(queries("tokens")["count_tokens"]).fetchall())


def revoke_token(connection: Connection, name: str) -> TokenRow:
    """From now on nobody takes it; a gateway may for 3 s. Raises NothingFound."""
    with connection.cursor(row_factory=class_row(TokenRow)) as cursor:
        found = cursor.execute(queries("tokens")["revoke_token"], {"name": name}).fetchone()
    if found is None:
        raise NothingFound(f"no good token is called {name!r}; `token list` names them")
    return found


def _taken(connection: Connection, name: str, hashed: bytes) -> str:
    known = connection.execute(queries("tokens")["find_digest"], {"digest": hashed}).fetchone()
    if known is None:
        return f"a token is called {name!r} already; revoke that, or choose another name"
    whose, revoked_at = known
    if revoked_at is None:
        return f"this key is known already, as the token {whose!r}"
    return f"this key was the token {whose!r}, which was revoked; it is never taken again"
