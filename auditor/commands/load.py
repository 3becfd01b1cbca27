"""`cache-auditor load`: recorded events from files into the database, twice is once."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from auditor.errors import (
    DatabaseUnreachable,
    InputRefused,
    InstallationError,
    NothingFound,
    SchemaError,
)
from auditor.invocation import Invocation, invocation_of
from auditor.recorded_files import as_path, check_files, form_of

if TYPE_CHECKING:
    from collector.recorded_batches import Content, Cut
    from collector.sinks.postgres import PostgresSink

SHOWN_REFUSALS = 20
PATIENCE_S = 300.0
DAY_S = 86_400
DAY_NS = DAY_S * 10**9


@dataclass(slots=True)
class Loaded:
    """What became of one file. already: stored by an earlier run of the same content."""

    file: str
    sha256: str = ""
    lines: int = 0
    stored: int = 0
    already: int = 0
    refused: int = 0
    since: datetime | None = None
    until: datetime | None = None
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """How files are read. refused_to: where refusals are written, None for the screen."""

    mapping: Mapping[str, str]
    form: str | None
    keep: bool
    refused_to: TextIO | None
    screen_shows: bool


def register(app: typer.Typer) -> None:
    app.command()(load)


def load(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="CSV or JSON lines, gzip or not; - is stdin."),
    ],
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="COLUMN=NAME: the file's column is our NAME; may be repeated."),
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="csv or jsonl; by the file's name otherwise.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Pin the span, so that retention leaves it alone.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check; store nothing.")
    ] = False,
    refused: Annotated[
        Path | None, typer.Option(help="Write every refused line and its reason to this file.")
    ] = None,
) -> None:
    """Bring recorded cache events in. Loading the same content again changes nothing."""
    invocation = invocation_of(context)
    mapping = _mapping(map_ or [])
    if form not in (None, "csv", "jsonl"):
        raise typer.BadParameter("csv or jsonl", param_hint="--format")
    check_files(files)
    with _opened(refused) as refused_to, _sink(invocation, dry_run) as sink:
        plan = Plan(mapping, form, keep, refused_to, not invocation.json)
        results = [_load_file(invocation, sink, file, plan) for file in files]
    _report(invocation, results, dry_run, keep)
    bad = sum(result.refused for result in results)
    if bad:
        raise InputRefused(f"{bad} lines refused, the others kept")


def _load_file(invocation: Invocation, sink: PostgresSink | None, file: str, plan: Plan) -> Loaded:
    from collector.errors import CollectorError, ForeignPackage, SchemaMismatch, SinkUnavailable
    from collector.recorded_batches import measure, open_recorded

    result = Loaded(file)
    with as_path(file) as path:
        try:
            with open_recorded(path) as stream:
                content = measure(stream)
            result.sha256 = content.sha256
            with invocation.screen.progress(f"loading {path.name}", content.lines) as advance:
                for cut in _cuts(path, content, sink, plan):
                    if plan.keep and sink is not None:
                        _pin(sink, cut, file)
                    _store(invocation, sink, cut, result, plan)
                    advance(cut.lines)
        except SchemaMismatch as error:
            raise SchemaError(f"{error}; run `cache-auditor migrate`") from error
        except ForeignPackage as error:
            raise InstallationError(str(error)) from error
        except SinkUnavailable as error:
            raise DatabaseUnreachable(str(error)) from error
        except CollectorError as error:
            raise InputRefused(f"{file}: {error}") from error
        except (OSError, EOFError, zlib.error) as error:
            raise InputRefused(f"{file} cannot be read: {error}") from error
    return result


def _pin(sink: PostgresSink, cut: Cut, file: str) -> None:
    """Keeps the cut's days from retention before its rows are there to be trimmed."""
    stamps = [row.timestamp_ns for row in cut.batch.rows]
    if stamps:
        first = datetime.fromtimestamp(min(stamps) // DAY_NS * DAY_S, UTC)
        last = datetime.fromtimestamp((max(stamps) // DAY_NS + 1) * DAY_S, UTC)
        sink.pin(first, last, f"load --keep {Path(file).name}")


def _cuts(path: Path, content: Content, sink: PostgresSink | None, plan: Plan) -> Iterator[Cut]:
    from collector.keys import KeyHasher
    from collector.recorded import read_events
    from collector.recorded_batches import as_text, batches, open_recorded

    hasher = KeyHasher(sink.key_secret() if sink is not None else b"dry run")
    with open_recorded(path) as stream, as_text(stream) as text:
        events = read_events(text, plan.form or form_of(path), plan.mapping)
        yield from batches(content, events, hasher, time.time_ns())


def _store(
    invocation: Invocation, sink: PostgresSink | None, cut: Cut, result: Loaded, plan: Plan
) -> None:
    refused = list(cut.refused)
    rows = cut.batch.rows
    stored = len(rows)
    if sink is not None and rows:
        receipt = sink.deliver(cut.batch)
        line_of = {id(row): line for row, line in zip(rows, cut.row_lines, strict=True)}
        refused += [(line_of[id(bad.item)], bad.reason) for bad in receipt.refused]
        stored = receipt.events
        if receipt.duplicate:
            result.already += len(rows)
    result.lines += cut.lines
    result.stored += stored
    if rows:
        first, last = min(row.timestamp_ns for row in rows), max(row.timestamp_ns for row in rows)
        since, until = _instant(first), _instant(last) + timedelta(microseconds=1)
        result.since = min(result.since or since, since)
        result.until = max(result.until or until, until)
    for line, reason in refused:
        _refuse(invocation, result, line, reason, plan)


def _refuse(invocation: Invocation, result: Loaded, line: int, reason: str, plan: Plan) -> None:
    result.refused += 1
    result.reasons[reason] = result.reasons.get(reason, 0) + 1
    if plan.refused_to is not None:
        plan.refused_to.write(f"{result.file}:{line}: {reason}\n")
    elif plan.screen_shows and result.refused <= SHOWN_REFUSALS:
        invocation.screen.note(f"{result.file}:{line}: {reason}")


def _report(invocation: Invocation, results: list[Loaded], dry_run: bool, keep: bool) -> None:
    screen = invocation.screen
    if invocation.json:
        screen.document({"dry_run": dry_run, "files": results})
        return
    screen.table(
        (
            "file",
            "lines",
            "good" if dry_run else "stored",
            "already there",
            "refused",
            "from",
            "to",
        ),
        [(r.file, r.lines, r.stored, r.already, r.refused, r.since, r.until) for r in results],
    )
    for result in results:
        if result.refused > SHOWN_REFUSALS:
            for reason, times in sorted(result.reasons.items(), key=lambda item: -item[1])[:10]:
                screen.note(f"{result.file}: {times} lines: {reason}")
    oldest = min((result.since for result in results if result.since), default=None)
    days = invocation.settings().retention_events_days
    if oldest is not None and not keep and oldest < datetime.now(UTC) - timedelta(days=days):
        kept = "1 day" if days == 1 else f"{days} days"
        screen.note(f"some events are older than retention keeps ({kept}); --keep pins their span")


@contextmanager
def _sink(invocation: Invocation, dry_run: bool) -> Iterator[PostgresSink | None]:
    if dry_run:
        yield None
        return
    from auditor.postgres.database import opened
    from auditor.schema.ready import make_ready
    from collector.sinks.postgres import PostgresSink

    settings = invocation.settings()
    with invocation.resolve() as dsn:
        with opened(dsn) as connection:
            make_ready(connection, settings)
        sink = PostgresSink(
            dsn, any_day=True, attempt_timeout_s=PATIENCE_S, application_name="cache-auditor load"
        )
        try:
            yield sink
        finally:
            sink.close()


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise NothingFound(f"{path} cannot be written: {error.strerror}") from error
    with file:
        yield file


def _mapping(pairs: list[str]) -> dict[str, str]:
    from collector.recorded import UnusableColumns, check_mapping

    mapping: dict[str, str] = {}
    for pair in pairs:
        column, equals, ours = pair.partition("=")
        if not (column and equals and ours):
            raise typer.BadParameter(f"{pair!r} is not COLUMN=NAME", param_hint="--map")
        mapping[column] = ours
    try:
        check_mapping(mapping)
    except UnusableColumns as error:
        raise typer.BadParameter(str(error), param_hint="--map") from error
    return mapping


def _instant(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=nanoseconds // 1000)
