"""Which columns of a table are its time and its values, where nobody has said so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.errors import NothingFound
from auditor.metric_files.stamps import iso

TIME_NAMES: Final = (
    "timestamp", "time", "ts", "datetime", "date", "ds", "instant", "minute_window",
    "window_start", "timestamp_ms", "ts_ms", "epoch", "unix", "unixtime",
)  # fmt: skip
VALUE_NAME: Final = "value"
LOOKED_AT: Final = 100
"""Rows that are looked at to tell what a column holds."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Places of columns. time: None where rows have no times."""

    time: int | None
    values: tuple[int, ...]


def choose(
    path: Path,
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    time_column: str | None,
    value_columns: Sequence[str],
) -> Columns:
    """The columns that were named, else those that can only be meant.

    Raises NothingFound for a name that is not there, and when more than one could be the value.
    """
    time = _named(path, names, time_column) if time_column is not None else _time(names, rows)
    if value_columns:
        return Columns(
            time, tuple(_named(path, names, each) for each in dict.fromkeys(value_columns))
        )
    lowered = [name.lower() for name in names]
    if VALUE_NAME in lowered and lowered.index(VALUE_NAME) != time:
        return Columns(time, (lowered.index(VALUE_NAME),))
    numeric = [at for at in range(len(names)) if at != time and _holds_numbers(rows, at)]
    if len(numeric) == 1:
        return Columns(time, (numeric[0],))
    which = ", ".join(names[at] for at in numeric) or "none that holds numbers"
    raise NothingFound(
        f"which column of {path} is the value? Say --value-column, once or more. There is {which}"
    )


def is_header(cells: Sequence[str]) -> bool:
    """Whether a first line has names: a line of numbers and times alone has none."""
    return any(not _is_number(cell) and math.isnan(iso(cell)) for cell in cells)


def _named(path: Path, names: Sequence[str], name: str) -> int:
    if name not in names:
        raise NothingFound(f"{path} has no column {name!r}; it has {', '.join(names)}")
    return names.index(name)


def _time(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    """A column with one of the usual names, else the first that holds ISO times."""
    lowered = [name.lower() for name in names]
    for name in TIME_NAMES:
        if name in lowered:
            return lowered.index(name)
    for at in range(len(names)):
        cells = [row[at] for row in rows[:LOOKED_AT] if row[at].strip()]
        if cells and not any(_is_number(cell) or math.isnan(iso(cell)) for cell in cells):
            return at
    return None


def _holds_numbers(rows: Sequence[Sequence[str]], at: int) -> bool:
    """Whether most of the first cells that hold anything hold numbers."""
    cells = [row[at] for row in rows[:LOOKED_AT] if row[at].strip()]
    return 2 * sum(_is_number(cell) for cell in cells) > len(cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
