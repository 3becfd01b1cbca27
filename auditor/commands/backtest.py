"""`cache-auditor backtest`: what would have been said of windows that are there already."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.errors import NothingFound, SettingsInvalid
from auditor.invocation import Invocation, invocation_of

if TYPE_CHECKING:
    from auditor.asking.source import Source
    from auditor.backtesting.replay import ReplaySettings, Told
    from auditor.backtesting.replayed import Replayed
    from auditor.tables.table import Table

MOST_BACK = timedelta(days=3650)


def register(app: typer.Typer) -> None:
    app.command()(backtest)


def backtest(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Windows as CSV, gzip or not, or Parquet.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Instead of a file: the database's last 14d, 36h.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Another settings file, to see what it would change.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write each change as a JSON line here; - is stdout.")
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="COLUMN=NAME: the file's column is our NAME; or a TOML file "
                     "of such pairs; may be repeated."),
    ] = None,
    skip_bad_rows: Annotated[
        bool, typer.Option("--skip-bad-rows", help="Leave bad rows out, and count them.")
    ] = False,
    block_minutes: Annotated[
        int, typer.Option(min=1, max=44_640, help="Minutes read at once; changes no result.")
    ] = 1440,
) -> None:  # fmt: skip
    """Replay windows as `run` would have lived through them, and say what it would have said.

    Learning, judging and folding are those of `run`, with the same settings, from the first window
    on; nothing looks ahead. Changes nothing in the database.
    """
    from auditor.asking.replayed import backtest as replay
    from auditor.asking.source import refuse_skipped
    from auditor.daemon.settings import replay_settings

    invocation = invocation_of(context)
    _check(file, since, out, invocation)
    settings = replay_settings(invocation.settings())
    other = None if against is None else _other(invocation, against)
    with _source(invocation, file, since, map_ or [], skip_bad_rows) as (source, table):
        for note in source.notes:
            invocation.screen.note(note)
        with (
            _writer(out) as write,
            invocation.screen.progress(
                f"replaying {source.name}", source.until - source.since
            ) as progress,
        ):
            found = replay(
                source, settings, against=other, block_minutes=block_minutes, on_told=write,
                progress=progress,
            )  # fmt: skip
    _say(invocation, found, to_stderr=_is_stdout(out))
    refuse_skipped(table)


def _check(file: Path | None, since: str | None, out: Path | None, invocation: Invocation) -> None:
    if (file is None) == (since is None):
        raise typer.BadParameter("name a FILE, or give --since to read the database; not both")
    if invocation.json and _is_stdout(out):
        raise typer.BadParameter("--json and --out - both want stdout", param_hint="--out")


def _is_stdout(out: Path | None) -> bool:
    return out is not None and str(out) == "-"


def _other(invocation: Invocation, path: Path) -> ReplaySettings:
    """The settings of the file to compare with; flags and environment hold for both."""
    from auditor.daemon.settings import replay_settings
    from auditor.settings_sources import read_settings

    if not path.is_file():
        raise SettingsInvalid((f"--against names {path}, and there is no such file",))
    return replay_settings(read_settings(invocation.flags, path).settings)


@contextmanager
def _source(
    invocation: Invocation, file: Path | None, since: str | None, maps: list[str], skip: bool
) -> Iterator[tuple[Source, Table | None]]:
    """What to replay; the database stays connected as long as it is read."""
    from auditor.asking.mapped import column_map
    from auditor.asking.source import of_database, of_table

    if file is not None:
        with invocation.screen.progress(f"looking through {file.name}"):
            found = of_table(file, column_map(maps), skip_bad_rows=skip)
        yield found
        return
    from auditor.schema.ready import ready

    back = _length(since or "")
    with ready(invocation) as connection:
        yield of_database(connection, datetime.now(UTC), back), None


def _length(since: str) -> timedelta:
    from auditor.maintaining.asked import length
    from auditor.maintaining.errors import MaintenanceInvalid

    try:
        back = length(since)
    except (MaintenanceInvalid, OverflowError) as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--since") from None
    if not timedelta(minutes=1) <= back <= MOST_BACK:
        raise typer.BadParameter("from 1m to 3650d", param_hint="--since")
    return back


@contextmanager
def _writer(out: Path | None) -> Iterator[Callable[[Told], None]]:
    """Writes each change as it comes, a line and no more, so that a reader may follow."""
    from auditor.backtesting.lines import line
    from auditor.screen import jsonable

    if out is None:
        yield lambda _told: None
        return
    try:
        file = sys.stdout if _is_stdout(out) else out.open("w", encoding="utf-8")
    except OSError as error:
        raise NothingFound(f"{out} cannot be written: {error.strerror}") from error

    def write(told: Told) -> None:
        file.write(json.dumps(jsonable(line(told)), ensure_ascii=False) + "\n")
        file.flush()

    try:
        yield write
    finally:
        if file is not sys.stdout:
            file.close()


def _say(invocation: Invocation, found: Replayed, *, to_stderr: bool) -> None:
    from auditor.listening.backtested import document, show

    if invocation.json:
        invocation.screen.document(document(found))
    else:
        show(invocation.screen, found, to_stderr=to_stderr)
