"""Checks of this machine's own deliveries: what waits on its disk, and the way to its ingest."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from auditor.examining.doctor import Examination, Finding, fault, ok, warning
from auditor.spans import span
from collector.errors import (
    CollectorError,
    NoIngest,
    SchemaMismatch,
    SinkUnavailable,
    TokenRefused,
)
from collector.settings import from_environment
from collector.spool_folder import roots
from collector.survey import Destination, Waiting, survey

REPLAY: Final = "once that is mended the next collector delivers it, or: cache-auditor spool replay"
REMEDIES: Final = {
    SchemaMismatch.__name__: "run: cache-auditor migrate, with this version of cache-auditor or a "
    "newer one",
    TokenRefused.__name__: "set CACHE_AUDITOR_INGEST_TOKEN to one of the server's ingest_tokens",
    NoIngest.__name__: "set CACHE_AUDITOR_URL to what `cache-auditor serve` says on its host, and "
    "let both be of one version",
}


def spool(examination: Examination) -> Finding:
    """Nothing waits here for longer than it takes to deliver it."""
    try:
        found = survey(roots(from_environment().spool_dir))
    except OSError as exc:
        return warning("spool", f"{exc.filename} cannot be read: {exc.strerror}", "see its rights")
    waiting = [(one, each) for one in found for each in one.collectors if each.batches]
    letters = sum(one.dead_letters for one in found)
    if not waiting:
        said = "nothing waits on this machine's disk"
        if letters:
            said = f"{said}; {letters} refused rows are set aside"
            return warning("spool", said, "see: cache-auditor spool status")
        return ok("spool", said)
    one, each = max(waiting, key=lambda pair: pair[1].events)
    events = sum(each.events for _, each in waiting)
    oldest = min(each.oldest_s or 0.0 for _, each in waiting)
    age = span(max(timedelta(seconds=examination.now.timestamp() - oldest), timedelta()))
    said = f"{events} events wait on this machine's disk, the oldest for {age}"
    return warning("spool", f"{said}{_why(one, each)}", f"{_remedy(each)}; {REPLAY}")


def ingest(examination: Examination) -> Finding:
    """Where collectors here deliver over HTTP, the ingest answers and knows the token."""
    from collector.sinks.http import HttpSink

    settings = from_environment()
    if settings.url is None:
        return ok("ingest", "CACHE_AUDITOR_URL is not set here: collectors reach the database")
    try:
        sink = HttpSink(settings.url, settings.ingest_token or "", ca_file=settings.ca_file)
        try:
            sink.key_secret()
        finally:
            sink.close()
    except SinkUnavailable as exc:
        kind = type(exc).__name__
        return fault("ingest", str(exc), REMEDIES.get(kind, "see the log of `cache-auditor serve`"))
    except CollectorError as exc:
        return fault("ingest", str(exc), "correct the variable that it names")
    return ok("ingest", f"{sink.destination} answers, and knows the token")


def _why(one: Destination, each: Waiting) -> str:
    name = f" for {one.name}" if one.name else ""
    return f"{name}: {each.trouble.said}" if each.trouble else name


def _remedy(each: Waiting) -> str:
    kind = each.trouble.kind if each.trouble else ""
    return REMEDIES.get(kind, "see whether that destination can be reached from here")
