"""A CSV file of metrics: its cells as they are, its times and values as numbers, its faults."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from auditor.errors import InputRefused
from auditor.metric_files.cells import Cells, read_cells
from auditor.metric_files.columns import Columns, choose
from auditor.metric_files.faults import NO_NUMBER, NO_TIME, NOT_FINITE, Fault, nothing
from auditor.metric_files.stamps import are_row_numbers, instants
from baselines.series import FloatArray, IntArray

MISSING: Final = frozenset({"", "nan", "na", "n/a", "null", "none", "nil", "-", "\\n"})


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
    cells = read_cells(path)
    faults = [*cells.faults]
    columns = choose(path, cells.names, cells.rows, time_column, value_columns)
    times: FloatArray | None = None
    order = np.arange(len(cells.rows))
    if columns.time is not None:
        times = _times(path, cells, columns.time, faults)
        order = np.flatnonzero(np.isfinite(times))
        order = order[np.argsort(times[order], kind="stable")]
    values = np.column_stack([_values(cells, at, faults) for at in columns.values])
    if not np.isfinite(values).any():
        named = [cells.names[at] for at in columns.values]
        raise InputRefused(nothing(path, "number", named, "--value-column", faults))
    return MetricTable(
        names=cells.names,
        rows=cells.rows,
        columns=columns,
        times=None if times is None or are_row_numbers(times) else times,
        values=values,
        order=order,
        sorted=bool((np.diff(order) > 0).all()),
        faults=sorted(faults, key=lambda fault: fault.line),
    )


def _times(path: Path, cells: Cells, column: int, faults: list[Fault]) -> FloatArray:
    """Epoch seconds of a column, shape (m,); NaN where a fault is. Raises InputRefused for none."""
    name, found = cells.names[column], instants([row[column] for row in cells.rows])
    faults += [
        Fault(cells.lines[at], name, cells.rows[at][column], NO_TIME)
        for at in np.flatnonzero(~np.isfinite(found)).tolist()
    ]
    if not np.isfinite(found).any():
        raise InputRefused(nothing(path, "time", [name], "--time-column", faults))
    return found


def _values(cells: Cells, column: int, faults: list[Fault]) -> FloatArray:
    """A column as numbers, shape (m,); NaN where nothing stands, and where a fault does."""
    found = np.full(len(cells.rows), np.nan)
    for at, (line, row) in enumerate(zip(cells.lines, cells.rows, strict=True)):
        cell = row[column]
        try:
            found[at] = float(cell)
        except ValueError:
            if cell.strip().lower() not in MISSING:
                faults.append(Fault(line, cells.names[column], cell, NO_NUMBER))
            continue
        if math.isinf(found[at]):
            found[at] = np.nan
            faults.append(Fault(line, cells.names[column], cell, NOT_FINITE))
    return found
