"""`cache-auditor serve`: the gateway."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from auditor.invocation import Invocation, invocation_of

if TYPE_CHECKING:
    from auditor.gateway.server import Place
    from auditor.gateway.token_table import TokenTable
    from auditor.settings import Settings
    from auditor.tokens import Scope


def register(app: typer.Typer) -> None:
    app.command()(serve)


def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="Where to listen; this machine alone by default.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="The port; 0 takes a free one.")
    ] = None,
    tls_certificate: Annotated[
        Path | None, typer.Option(help="PEM file of the certificate and its chain.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file of its key.")] = None,
) -> None:
    """Take deliveries over HTTP until told to stop. SIGTERM ends it cleanly."""
    invocation = invocation_of(context)
    given = {"serve_host": host, "serve_port": port, "tls_certificate": tls_certificate,
             "tls_key": tls_key}  # fmt: skip
    invocation = Invocation(invocation.screen, {**invocation.flags, **given}, invocation.config)
    _serve(invocation, invocation.settings())


def _serve(invocation: Invocation, settings: Settings) -> None:
    for library in ("fastapi", "uvicorn"):
        if find_spec(library) is None:
            from auditor.errors import MissingExtra

            raise MissingExtra(library, "serve")
    from auditor.gateway.app import make_app
    from auditor.gateway.callers import Callers
    from auditor.gateway.gate import Gate
    from auditor.gateway.guarding.limits import Limits
    from auditor.gateway.ingest_sink import IngestSinks
    from auditor.gateway.live.hub import Hub
    from auditor.gateway.readers import Readers
    from auditor.gateway.server import serve as serve_app
    from auditor.gateway.token_table import TokenTable
    from auditor.postgres.database import listen_dsn, opened
    from auditor.schema.ready import make_ready
    from auditor.tokens import token_digest

    place = _place(settings)
    tokens = [token_digest(each.get_secret_value()) for each in settings.ingest_tokens]
    with invocation.resolve() as dsn:
        if settings.dsn is None:  # of a named server its login may not even read the migrations
            with opened(dsn) as connection:
                make_ready(connection, settings)
        table = TokenTable(dsn)
        callers = Callers(tokens, table, reading_needs_token=not place.is_loopback)
        good = _count(table, len(tokens))
        gate = Gate(
            callers,
            IngestSinks(dsn),
            Readers(dsn),
            Hub(listen_dsn(dsn, settings)),
            settings.ingest_body_mib * 2**20,
            Limits(
                (*settings.serve_origins, *_own_origin(settings.serve_url)),
                place.is_loopback,
                settings.serve_requests_per_s,
                settings.serve_connections,
                settings.serve_listeners,
            ),
        )
        serve_app(make_app(gate), place, lambda url: _say(invocation, url, place, good))


def _own_origin(url: str | None) -> tuple[str, ...]:
    """Where people reach it through a proxy is as good as listed."""
    if url is None:
        return ()
    found = urlsplit(url)
    return (f"{found.scheme}://{found.netloc}".lower(),)


def _place(settings: Settings) -> Place:
    from auditor.gateway.server import Place

    return Place(
        settings.serve_host, settings.serve_port, settings.tls_certificate, settings.tls_key
    )


def _count(table: TokenTable, settled: int) -> dict[Scope, int] | None:
    """How many tokens are good for each scope; None when the database cannot say."""
    from collector.errors import SinkUnavailable

    try:
        good = table.count()
    except SinkUnavailable:
        return None
    return {**good, "ingest": good["ingest"] + settled}


def _say(invocation: Invocation, url: str, place: Place, good: dict[Scope, int] | None) -> None:
    from auditor.tokens import MAY

    if invocation.json:
        invocation.screen.line({"listening": url, "tokens": good})
    else:
        invocation.screen.say(f"listening on {url}")
    for scope, count in (good or {}).items():
        if not count and not (scope == "read" and place.is_loopback):
            invocation.screen.note(
                f"no token may {MAY[scope]} yet: `cache-auditor token create NAME "
                f"--scope {scope}` makes one"
            )
