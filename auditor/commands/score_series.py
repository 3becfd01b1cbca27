"""`cache-auditor score-series`: any metric by time, out of a file, judged row by row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.errors import InputRefused, NothingFound
from auditor.invocation import invocation_of
from auditor.screen import Screen, jsonable

if TYPE_CHECKING:
    from auditor.metric_files.metric_table import MetricTable
    from auditor.metric_series.scoring import Scored

SHOWN_FAULTS = 20
Writes = Callable[[Iterable[str]], None]


def register(app: typer.Typer) -> None:
    app.command("score-series")(score_series)


def score_series(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV with a header, gzip or not.")
    ],
    time_column: Annotated[
        str | None, typer.Option(help="The column with the times; else the one that looks like it.")
    ] = None,
    value_column: Annotated[
        list[str] | None,
        typer.Option(help="The column to judge; repeated, they are judged together."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of stdout.")] = None,
) -> None:  # fmt: skip
    """Score any metric by time: one row out for each row in, with score, band and episodes.

    Each row is judged from the rows up to it. With --json one object a line.
    """
    from auditor.metric_files.faults import refusal
    from auditor.metric_files.judgements import as_csv, as_objects
    from auditor.metric_files.metric_table import read_metrics

    screen = invocation_of(context).screen
    if out is not None and out.exists() and file.exists() and out.samefile(file):
        raise typer.BadParameter("is the file that is read", param_hint="--out")
    table = read_metrics(file, time_column, value_column or [])
    scored = _scored(table, screen)
    with _written(screen, out) as write:
        if screen.json:
            write(f"{_line(fields)}\n" for fields in as_objects(table, scored))
        else:
            write(as_csv(table, scored))
    _tell(screen, file, table, scored)
    if table.faults:
        raise InputRefused(refusal(file, table.faults))


def _scored(table: MetricTable, screen: Screen) -> Scored:
    from auditor.metric_series.scoring import score_series as score

    times = None if table.times is None else table.times[table.order]
    with screen.progress("scoring", len(table.columns.values)) as advance:
        return score(times, table.values[table.order], told=advance)


def _tell(screen: Screen, file: Path, table: MetricTable, scored: Scored) -> None:
    """What a reader of the rows should know, on stderr."""
    for fault in table.faults[:SHOWN_FAULTS]:
        screen.note(f"{file}:{fault.line}: {fault.words}")
    if len(table.faults) > SHOWN_FAULTS:
        screen.note(f"{file}: {len(table.faults) - SHOWN_FAULTS} more")
    if table.times is None:
        screen.note("no times: rows are taken as evenly spaced, and a day as 24, 288 or 1440 rows")
    if not table.sorted:
        screen.note("rows were not in order of time: judged in that order, written as they came")
    opened = int(scored.episode_opened.sum())
    episodes = "1 episode" if opened == 1 else f"{opened} episodes"
    rows = "1 row" if len(table.rows) == 1 else f"{len(table.rows)} rows"
    screen.note(f"{rows}, {episodes}; {_since(table, scored)}")


def _since(table: MetricTable, scored: Scored) -> str:
    from auditor.metric_series.scoring import JUDGED_FROM

    if scored.first_judged is None:
        return f"none is judged yet: a series is learned for {JUDGED_FROM} rows first"
    row = int(table.order[scored.first_judged])
    if table.times is None:
        return f"judged from row {row + 1}"
    instant = datetime.fromtimestamp(float(table.times[row]), UTC)
    return f"judged from row {row + 1}, {instant:%Y-%m-%d %H:%M} UTC"


def _line(fields: dict[str, object]) -> str:
    return json.dumps(jsonable(fields), ensure_ascii=False, separators=(",", ":"))


@contextmanager
def _written(screen: Screen, out: Path | None) -> Iterator[Writes]:
    """A function that writes lines to the file, or to stdout."""
    if out is None:
        yield lambda lines: _to_stdout(screen, lines)
        return
    try:
        with out.open("w", encoding="utf-8", newline="") as to:
            yield to.writelines
    except OSError as error:
        raise NothingFound(f"{out} cannot be written: {error.strerror}") from error


def _to_stdout(screen: Screen, lines: Iterable[str]) -> None:
    try:
        screen.out.file.writelines(lines)
        screen.out.file.flush()
    except BrokenPipeError:
        screen.out.on_broken_pipe()
