"""`cache-auditor spool`: what waits on this machine's disk, and its delivery."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.errors import (
    CacheAuditorError,
    DatabaseUnreachable,
    InputRefused,
    InstallationError,
    SchemaError,
    SettingsInvalid,
)
from auditor.invocation import Invocation, invocation_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.settings import Settings
    from collector.sinks.sink import Sink
    from collector.survey import Destination, Waiting

Folder = Annotated[
    Path | None, typer.Option("--folder", help="The spool's root; else where collectors keep it.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Batches that wait on this machine's disk.")
    app.add_typer(group, name="spool")
    group.command()(status)
    group.command()(replay)


def status(context: typer.Context, folder: Folder = None) -> None:
    """What waits where, and why; looks, and changes nothing.

    Exit code 1 when anything waits whose process is dead: the next collector of the same
    destination delivers it, or `spool replay`.
    """
    invocation = invocation_of(context)
    found = _survey(_settings(folder))
    if invocation.json:
        invocation.screen.document({"destinations": [_described(each) for each in found]})
    else:
        _show(invocation, found)
    if any(each.batches and not each.alive for one in found for each in one.collectors):
        raise typer.Exit(1)


def replay(context: typer.Context, folder: Folder = None) -> None:
    """Deliver now what dead processes left for the destination; living ones deliver their own.

    The destination is --dsn's, else what a collector here would deliver to (CACHE_AUDITOR_URL,
    CACHE_AUDITOR_DSN, DATABASE_URL), else the settings file's.
    """
    from collector.handover import HandedOver

    invocation = invocation_of(context)
    settings = _destined(_settings(folder), invocation)
    sink = _sink(settings)
    done = HandedOver()
    try:
        found = _survey(settings)
        ours = [each for each in found if _is_of(each, sink)]
        _note_others(invocation, [each for each in found if each not in ours])
        total = sum(w.events for each in ours for w in each.collectors if not w.alive)
        with invocation.screen.progress("delivering", total) as advance:
            for each in ours:
                _hand_over(each, sink, settings, done, advance)
    finally:
        sink.close()
        if invocation.json:
            invocation.screen.document(done)
        else:
            invocation.screen.say(
                f"{done.events} events in {done.batches} batches of {done.collectors} collectors "
                f"delivered; {done.refused} refused, {done.lost} were lost with their process"
            )
    if done.refused:
        raise InputRefused(f"{done.refused} rows refused; see {', '.join(_letters(ours))}")


def _hand_over(each: Destination, sink: Sink, settings: Settings, done: Any, advance: Any) -> None:
    from collector.errors import ForeignPackage, SchemaMismatch, SinkUnavailable
    from collector.handover import hand_over
    from collector.spool import spool_maker

    try:
        make_spool = spool_maker(settings.spool_bytes, settings.spool_age_s, time.time_ns)
        hand_over(each.folder, sink, make_spool, done, advance)
    except SchemaMismatch as exc:
        raise SchemaError(f"{exc}; run `cache-auditor migrate`, and this again") from exc
    except ForeignPackage as exc:
        raise InstallationError(str(exc)) from exc
    except SinkUnavailable as exc:
        raise DatabaseUnreachable(f"{exc}; what is not delivered waits where it was") from exc
    except OSError as exc:
        raise CacheAuditorError(f"{each.folder}: {exc.strerror or exc}") from exc


def _settings(folder: Path | None) -> Settings:
    from collector.settings import from_environment

    settings = from_environment()
    return settings if folder is None else replace(settings, spool_dir=str(folder))


def _destined(settings: Settings, invocation: Invocation) -> Settings:
    """With the destination that is asked for. Raises SettingsInvalid when none is named."""
    flag = invocation.flags.get("dsn")
    if flag:
        return replace(settings, dsn=str(flag), url=None)
    if settings.url or settings.dsn:
        return settings
    named = invocation.settings().dsn
    if named is None:
        raise SettingsInvalid(
            ("no destination is named: give --dsn, CACHE_AUDITOR_URL or CACHE_AUDITOR_DSN",)
        )
    return replace(settings, dsn=named.get_secret_value())


def _sink(settings: Settings) -> Sink:
    from collector.errors import CollectorError
    from collector.sinks.chosen import sink_of

    try:
        return sink_of(settings)
    except CollectorError as exc:
        raise SettingsInvalid((str(exc),)) from exc


def _survey(settings: Settings) -> list[Destination]:
    from collector.spool_folder import roots
    from collector.survey import survey

    try:
        return survey(roots(settings.spool_dir))
    except OSError as exc:
        raise CacheAuditorError(f"{exc.filename}: {exc.strerror}") from exc


def _is_of(each: Destination, sink: Sink) -> bool:
    from collector.spool_folder import folder_name

    return each.folder.name == folder_name(sink.destination)


def _letters(found: Sequence[Destination]) -> list[str]:
    from collector.spool_folder import DEAD_LETTERS

    return [str(each.folder / DEAD_LETTERS) for each in found if each.dead_letters]


def _note_others(invocation: Invocation, others: Sequence[Destination]) -> None:
    for each in others:
        events = sum(waits.events for waits in each.collectors if not waits.alive)
        if events:
            name = each.name or f"the destination of {each.folder.name}"
            invocation.screen.note(f"{events} events wait for {name}, which is not this one")


def _show(invocation: Invocation, found: Sequence[Destination]) -> None:
    now = datetime.now(UTC)
    rows = [_row(one, each, now) for one in found for each in one.collectors if _matters(each)]
    if rows:
        invocation.screen.table(
            ("destination", "collector", "process", "batches", "events", "KiB", "oldest", "why"),
            rows,
        )
    else:
        invocation.screen.say("nothing waits")
    for each in found:
        if each.dead_letters:
            name = each.name or each.folder.name
            path = _letters([each])[0]
            invocation.screen.say(f"{each.dead_letters} rows that {name} refused are in {path}")


def _matters(each: Waiting) -> bool:
    return bool(each.batches or each.lost or each.trouble)


def _row(one: Destination, each: Waiting, now: datetime) -> tuple[object, ...]:
    from auditor.spans import span

    oldest = ""
    if each.oldest_s is not None:
        oldest = span(max(now - datetime.fromtimestamp(each.oldest_s, UTC), timedelta()))
    return (
        one.name or one.folder.name,
        each.collector_id[:8],
        "alive" if each.alive else "dead",
        each.batches,
        each.events,
        -(-each.size_bytes // 1024),
        oldest,
        each.trouble.said if each.trouble else "",
    )


def _described(one: Destination) -> dict[str, object]:
    return {
        "destination": one.name,
        "folder": one.folder,
        "dead_letters": one.dead_letters,
        "collectors": [
            {
                "collector_id": each.collector_id,
                "alive": each.alive,
                "batches": each.batches,
                "events": each.events,
                "bytes": each.size_bytes,
                "oldest_at": _instant(each.oldest_s),
                "lost": each.lost,
                "trouble": each.trouble.said if each.trouble else None,
                "trouble_at": _instant(each.trouble.at if each.trouble else None),
            }
            for each in one.collectors
        ],
    }


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
