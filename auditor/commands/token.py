"""`cache-auditor token`: make it, list it, revoke it."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.invocation import invocation_of

if TYPE_CHECKING:
    from auditor.stores.tokens import TokenRow
    from auditor.tokens import Scope


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="Tokens: who may deliver, read and acknowledge over HTTP."
    )
    app.add_typer(group, name="token")
    group.command()(create)
    group.command("list")(list_)
    group.command()(revoke)


def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose it is; signs what is acknowledged with it.")],
    scope: Annotated[
        list[str], typer.Option(help="ingest, ack or read; may be repeated.", show_default=False)
    ],
    existing: Annotated[
        bool,
        typer.Option("--register", help="Take a key that you have already, read from stdin."),
    ] = False,
) -> None:
    """Make a token and show it, once: only its hash is kept."""
    from auditor.schema.ready import ready
    from auditor.stores.tokens import create_token
    from auditor.tokens import check_name, draw_token

    invocation = invocation_of(context)
    scopes = _scopes(scope)
    try:
        check_name(name)
        token = _existing() if existing else draw_token()
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from None
    with ready(invocation) as connection:
        row = create_token(connection, name, token, scopes)
    if invocation.json:
        shown = {} if existing else {"token": token}
        invocation.screen.document({**_shown(row), **shown})
        return
    invocation.screen.note(f"the token {row.name} may {_may(row)}")
    if not existing:
        invocation.screen.note("it is shown this once:")
        invocation.screen.say(token)


def list_(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Also those that were revoked.")] = False,
) -> None:
    """Whose tokens are good, what they may, and when each was last used."""
    from auditor.schema.ready import ready
    from auditor.stores.tokens import list_tokens

    invocation = invocation_of(context)
    with ready(invocation) as connection:
        rows = [row for row in list_tokens(connection) if every or row.revoked_at is None]
    if invocation.json:
        invocation.screen.document([_shown(row) for row in rows])
    elif rows:
        invocation.screen.table(
            ("name", "scopes", "state", "made (UTC)", "by", "last used (UTC)", "revoked (UTC)"),
            [
                [row.name, " ".join(row.scopes), row.state, row.created_at, row.created_by,
                 row.last_used_at or "never", row.revoked_at]
                for row in rows
            ],
        )  # fmt: skip
    else:
        invocation.screen.say("no token is good; `token create NAME --scope read` makes one")


def revoke(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="As `token list` shows it.")],
) -> None:
    """Take it no more, from now on and for ever."""
    from auditor.schema.ready import ready
    from auditor.stores.tokens import revoke_token

    invocation = invocation_of(context)
    with ready(invocation) as connection:
        row = revoke_token(connection, name)
    if invocation.json:
        invocation.screen.document(_shown(row))
    else:
        invocation.screen.say(f"revoked {row.name}; a gateway that runs refuses it within 3 s")


def _scopes(given: list[str]) -> list[Scope]:
    from auditor.tokens import SCOPES

    unknown = sorted(set(given) - set(SCOPES))
    if unknown:
        raise typer.BadParameter(
            f"{', '.join(map(repr, unknown))} is no scope; there are {', '.join(SCOPES)}"
        )
    return [scope for scope in SCOPES if scope in given]


def _existing() -> str:
    """The owner's own key, from a prompt that does not show it, or the first line of stdin.

    Raises ValueError, whose text does not show it, for what is no token.
    """
    from auditor.tokens import check_token

    given = getpass.getpass("key: ") if sys.stdin.isatty() else sys.stdin.readline()
    return check_token(given.strip())


def _may(row: TokenRow) -> str:
    from auditor.tokens import MAY

    return ", ".join(MAY[scope] for scope in row.scopes)


def _shown(row: TokenRow) -> dict[str, object]:
    return {
        "name": row.name, "scopes": row.scopes, "state": row.state, "created_at": row.created_at,
        "created_by": row.created_by, "last_used_at": row.last_used_at,
        "revoked_at": row.revoked_at,
    }  # fmt: skip
