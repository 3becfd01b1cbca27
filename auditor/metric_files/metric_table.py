"""A CSV file of metrics: its cells as they are, its times and values as numbers, its faults."""

from __future__ import annotations

import csv
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from auditor.errors import InputRefused, NothingFound
from auditor.metric_files.columns import Columns, choose, is_header
from auditor.metric_files.stamps import are_row_numbers, instants
from baselines.series import BoolArray, FloatArray, IntArray
from collector.recorded_batches import as_text, open_recorded

MISSING: Final = frozenset({"", "nan", "na", "n/a", "null", "none", "nil", "-", "\\n"})
DELIMITERS: Final = ",;\t|"


@dataclass(frozen=True, slots=True)
class Fault:
    """One cell that cannot be used. line: of the file, from 1."""

    line: int
    column: str
    cell: str
    why: str


@dataclass(frozen=True, slots=True)
class MetricTable:
    """One file of metrics.

    names: of its columns. rows: m rows of cells, as wide as names. columns: which of them are used.
    times: shape (m,), epoch seconds, NaN = unknown; None where rows have numbers and no times.
    values: shape (m, k), NaN = missing. order: shape (p,), the rows that can be judged, by time,
    of one time as the file has them. sorted: whether they were so in the file.
    """

    names: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    columns: Columns
    times: FloatArray | None
    values: FloatArray
    order: IntArray
    sorted: bool
    faults: Sequence[Fault]


def read_metrics(path: Path, time_column: str | None, value_columns: Sequence[str]) -> MetricTable:
    """Reads a CSV file, gzip or not.

    time_column: None for the one that looks like it; value_columns: none for the only one.
    Raises NothingFound for a file or column that is not there, InputRefused for what is no table.
    """
    names, lines, rows, faults = _cells(path)
    chosen = choose(path, names, rows, time_column, value_columns)
    times: FloatArray | None = None
    known: BoolArray = np.ones(len(rows), dtype=bool)
    order = np.arange(len(rows))
    if chosen.time is not None:
        cells = [row[chosen.time] for row in rows]
        times = instants(cells)
        known = np.isfinite(times)
        faults += [
            Fault(lines[at], names[chosen.time], cells[at], "is no time")
            for at in np.flatnonzero(~known).tolist()
        ]
        order = np.flatnonzero(known)
        order = order[np.argsort(times[order], kind="stable")]
    values = np.column_stack(
        [_values([row[at] for row in rows], lines, names[at], faults) for at in chosen.values]
    )
    if not np.isfinite(values).any():
        raise InputRefused(f"{path} has no number in {', '.join(names[i] for i in chosen.values)}")
    return MetricTable(
        names=names,
        rows=rows,
        columns=chosen,
        times=None if times is None or are_row_numbers(times) else times,
        values=values,
        order=order,
        sorted=bool((np.diff(order) > 0).all()),
        faults=sorted(faults, key=lambda fault: fault.line),
    )


def _cells(path: Path) -> tuple[tuple[str, ...], list[int], list[list[str]], list[Fault]]:
    """The names, and each row that is not empty with its line, cut or filled to their number."""
    if not path.is_file():
        raise NothingFound(f"there is no file {path}")
    lines: list[int] = []
    rows: list[list[str]] = []
    faults: list[Fault] = []
    try:
        with open_recorded(path) as stream, as_text(stream) as text:
            first = text.readline()
            delimiter = max(DELIMITERS, key=first.count)
            names = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter), [])]
            if not any(names):
                raise InputRefused(f"{path} has no header line")
            reader = csv.reader(text, delimiter=delimiter)
            if not is_header(names):
                rows, lines = [names], [1]
                names = [str(number) for number in range(1, len(names) + 1)]
            for row in reader:
                if row:
                    lines.append(reader.line_num + 1)
                    rows.append(_widened(row, names, lines[-1], faults))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise InputRefused(f"{path} cannot be read: {error}") from error
    if not rows:
        raise InputRefused(f"{path} has a header and no rows")
    return tuple(names), lines, rows, faults


def _widened(row: list[str], names: Sequence[str], line: int, faults: list[Fault]) -> list[str]:
    if len(row) == len(names):
        return row
    why = f"the row has {len(row)} cells, the header {len(names)}"
    faults.append(Fault(line, names[min(len(row), len(names)) - 1], row[-1], why))
    return [*row[: len(names)], *[""] * (len(names) - len(row))]


def _values(
    cells: Sequence[str], lines: Sequence[int], column: str, faults: list[Fault]
) -> FloatArray:
    """The cells as numbers, shape (m,); NaN where nothing stands, and where a fault does."""
    found = np.full(len(cells), np.nan)
    for at, cell in enumerate(cells):
        try:
            found[at] = float(cell)
        except ValueError:
            if cell.strip().lower() not in MISSING:
                faults.append(Fault(lines[at], column, cell, "is no number"))
            continue
        if math.isinf(found[at]):
            found[at] = np.nan
            faults.append(Fault(lines[at], column, cell, "is not finite"))
    return found
