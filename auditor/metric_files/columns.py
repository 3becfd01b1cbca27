"""Which columns of a table are its time and its values, where nobody has said so."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.errors import NothingFound
from auditor.metric_files.stamps import ROW_NUMBERS, iso

TIME_NAMES: Final = (
    "timestamp", "time", "ts", "datetime", "date", "ds", "instant", "minute_window",
    "window_start", "timestamp_ms", "ts_ms", "epoch", "unix", "unixtime",
)  # fmt: skip
SHORT_NAMES: Final = ("t", "when", "at", "clock")
"""Names of times only where most of the column's cells are times: t may be a temperature."""
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
    values = tuple(_named(path, names, each) for each in dict.fromkeys(value_columns))
    if time_column is not None:
        time: int | None = _named(path, names, time_column)
    else:
        time = _time(names, rows, values)
    if values:
        return Columns(time, values)
    lowered = [name.lower() for name in names]
    if VALUE_NAME in lowered and lowered.index(VALUE_NAME) != time:
        return Columns(time, (lowered.index(VALUE_NAME),))
    numeric = [at for at in range(len(names)) if at != time and _mostly(rows, at, _is_number)]
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


def _time(names: Sequence[str], rows: Sequence[Sequence[str]], values: Sequence[int]) -> int | None:
    """A column with one of the usual names, else the first that holds ISO times.

    Most of its first cells are enough: a bad one is named, and makes it no other column.
    values: columns that somebody named as values, which are no times.
    """
    lowered = {name.lower(): at for at, name in reversed(list(enumerate(names)))}
    for name in TIME_NAMES:
        if name in lowered and lowered[name] not in values:
            return lowered[name]
    free = [at for at in range(len(names)) if at not in values]
    for at in free:
        if _mostly(rows, at, _is_iso):
            return at
    short = (lowered[name] for name in SHORT_NAMES if name in lowered)
    return next((at for at in short if at in free and _mostly(rows, at, _is_epoch)), None)


def _mostly(rows: Sequence[Sequence[str]], at: int, is_one: Callable[[str], bool]) -> bool:
    """Whether more than half of the first cells that hold anything are such."""
    cells = [row[at] for row in rows[:LOOKED_AT] if row[at].strip()]
    return 2 * sum(map(is_one, cells)) > len(cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _is_iso(cell: str) -> bool:
    return not _is_number(cell) and not math.isnan(iso(cell))


def _is_epoch(cell: str) -> bool:
    return _is_number(cell) and abs(float(cell)) >= ROW_NUMBERS
