"""What a command shows: results on stdout, all else on stderr; tables for people, or JSON.

Everything shown may come from a cache's keys or a database, so it is never read as markup, and
control characters, which could rewrite a terminal, are shown as their numbers.
"""

import dataclasses
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import IO, Any, Final, NoReturn
from uuid import UUID

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from auditor.controls import without_controls

BROKEN_PIPE: Final = 141
PIPE_WIDTH: Final = 200
"""Columns of a table where no terminal says how wide it is: a pipe's reader wants whole lines."""


def plain(value: object) -> str:
    """A value as text that a terminal shows as it is; None is empty, instants are in UTC."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return without_controls(str(value))


def jsonable(value: object) -> Any:
    """A value as JSON knows it; what is not a finite number becomes null.

    Raises TypeError for a type that has no agreed form.
    """
    if value is None or (isinstance(value, bool | int) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return jsonable(value.value)
    if isinstance(value, float | Decimal):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, UUID | Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            item.name: jsonable(getattr(value, item.name)) for item in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): jsonable(inner) for key, inner in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        return [jsonable(inner) for inner in value]
    raise TypeError(f"{type(value).__name__} has no agreed form in JSON")


class PipeConsole(Console):
    """A console that ends the program quietly when its reader has gone away, as `head` does."""

    def on_broken_pipe(self) -> NoReturn:
        """Called by rich when stdout is closed at its other end."""
        # What is still in the buffer would raise once more when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(BROKEN_PIPE)


class Screen:
    """Where a command writes. `json` says whether results are JSON instead of tables."""

    def __init__(
        self, *, json: bool = False, out: IO[str] | None = None, err: IO[str] | None = None
    ) -> None:
        self.json = json
        self.out = PipeConsole(file=out, markup=False, highlight=False, emoji=False)
        self.err = Console(file=err, stderr=err is None, markup=False, highlight=False, emoji=False)

    def document(self, value: object) -> None:
        """The whole result as one indented JSON document."""
        self._write(json.dumps(jsonable(value), indent=2, ensure_ascii=False))

    def line(self, value: object) -> None:
        """One of many results as a line of JSON, out at once."""
        self._write(json.dumps(jsonable(value), ensure_ascii=False, separators=(",", ":")))

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None
    ) -> None:
        """A table for people; a cell that is a rich Text keeps its style."""
        made = Table(
            title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0)
        )
        for column in columns:
            made.add_column(Text(plain(column)), overflow="fold")
        for row in rows:
            made.add_row(*(cell if isinstance(cell, Text) else Text(plain(cell)) for cell in row))
        self.show(made)

    def say(self, text: str) -> None:
        """A result in words."""
        self.show(Text(plain(text)))

    def show(self, what: RenderableType) -> None:
        """Anything that rich can draw."""
        # soft_wrap: a pipe's reader gets whole lines, a terminal wraps them itself
        self.out.print(what, soft_wrap=isinstance(what, Text))

    def note(self, text: str) -> None:
        """Something to know that is not the result; on stderr, and so never in the JSON."""
        self.err.print(Text(plain(text)), soft_wrap=True)

    @contextmanager
    def progress(self, what: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """A bar on stderr while something takes its time; nothing where stderr is no terminal.

        Gives a function that is called with how much more is done, in the unit of total.
        """
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
        from rich.progress import TimeRemainingColumn as Remaining

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), Remaining())
        hidden = not self.err.is_terminal
        with Progress(*columns, console=self.err, transient=True, disable=hidden) as bars:
            bar = bars.add_task(plain(what), total=total)
            yield lambda more: bars.advance(bar, more)

    def _write(self, text: str) -> None:
        try:
            self.out.file.write(f"{text}\n")
            self.out.file.flush()
        except BrokenPipeError:
            self.out.on_broken_pipe()
