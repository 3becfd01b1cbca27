"""The sink that settings name: an ingest over HTTP where there is a URL, else the database."""

from __future__ import annotations

from contextlib import suppress

from collector.errors import ForeignPackage
from collector.settings import Settings
from collector.sinks.sink import Sink


def sink_of(settings: Settings, application_name: str = "cache-auditor collector") -> Sink:
    """Its library is imported here, and no other. Raises CollectorError for a bad URL or DSN.

    application_name: what a database shows of the connection. Nothing is left to be imported with
    the first call to it: a child forked in the middle of that could never finish it.
    """
    import encodings.idna  # noqa: F401  # else imported with the first name that is looked up

    if settings.url is not None:
        from collector.sinks.http import HttpSink

        return HttpSink(
            settings.url,
            settings.ingest_token or "",
            ca_file=settings.ca_file,
            connect_timeout_s=settings.connect_timeout_s,
            attempt_timeout_s=settings.attempt_timeout_s,
        )
    from collector.sinks.postgres import PostgresSink
    from collector.statements import statements

    with suppress(ForeignPackage):  # the first delivery says so
        statements()
    return PostgresSink(
        settings.dsn or "",
        connect_timeout_s=settings.connect_timeout_s,
        attempt_timeout_s=settings.attempt_timeout_s,
        application_name=application_name,
    )
