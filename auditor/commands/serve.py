"""`cache-auditor serve`: the gateway."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from auditor.invocation import Invocation, invocation_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.gateway.guarding.limits import Limits
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
    """Take deliveries and show what there is over HTTP until told to stop. SIGTERM ends it."""
    invocation = invocation_of(context).with_flags(
        serve_host=host, serve_port=port, tls_certificate=tls_certificate, tls_key=tls_key
    )
    _serve(invocation, invocation.settings())


def _serve(invocation: Invocation, settings: Settings) -> None:
    check_libraries()
    from auditor.postgres.database import opened
    from auditor.schema.ready import make_ready

    with invocation.resolve() as dsn:
        if settings.dsn is None:  # of a named server its login may not even read the migrations
            with opened(dsn) as connection:
                make_ready(connection, settings)
        serve_gateway(invocation, settings, dsn)


def check_libraries() -> None:
    """Raises MissingExtra before anything is begun."""
    for library in ("fastapi", "uvicorn"):
        if find_spec(library) is None:
            from auditor.errors import MissingExtra

            raise MissingExtra(library, "serve")


def serve_gateway(
    invocation: Invocation,
    settings: Settings,
    dsn: str,
    on_listening: Callable[[], None] = lambda: None,
) -> None:
    """Until a signal, in the main thread. Raises Busy, SettingsInvalid. on_listening: it works."""
    from auditor.gateway.app import make_app
    from auditor.gateway.callers import Callers
    from auditor.gateway.gate import Gate
    from auditor.gateway.ingest_sink import IngestSinks
    from auditor.gateway.live.hub import Hub
    from auditor.gateway.readers import Readers
    from auditor.gateway.server import Place
    from auditor.gateway.server import serve as serve_app
    from auditor.gateway.token_table import TokenTable
    from auditor.postgres.database import listen_dsn
    from auditor.tokens import token_digest

    place = Place(
        settings.serve_host, settings.serve_port, settings.tls_certificate, settings.tls_key
    )
    tokens = [token_digest(each.get_secret_value()) for each in settings.ingest_tokens]
    table = TokenTable(dsn)
    good = _count(table, len(tokens))
    gate = Gate(
        Callers(tokens, table, reading_needs_token=not place.is_loopback),
        IngestSinks(dsn),
        Readers(dsn),
        Hub(listen_dsn(dsn, settings)),
        settings.ingest_body_mib * 2**20,
        _limits(settings, place),
    )

    def told(url: str) -> None:
        _say(invocation, url, place, good)
        on_listening()

    serve_app(make_app(gate), place, told)


def _limits(settings: Settings, place: Place) -> Limits:
    from auditor.gateway.guarding.limits import Limits

    return Limits(
        (*settings.serve_origins, *_own_origin(settings.serve_url)),
        place.is_loopback,
        settings.serve_requests_per_s,
        settings.serve_connections,
        settings.serve_listeners,
    )


def _own_origin(url: str | None) -> tuple[str, ...]:
    """Where people reach it through a proxy is as good as listed."""
    if url is None:
        return ()
    found = urlsplit(url)
    return (f"{found.scheme}://{found.netloc}".lower(),)


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
