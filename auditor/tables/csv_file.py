"""Chunks of a CSV file, gzip or not, as texts with the lines that they stand on."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.tables.errors import TableUnreadable
from baselines.series import IntArray
from collector.recorded_batches import as_text, open_recorded

CHUNK = 10_000
"""Rows read at once."""

Values = Sequence[object] | npt.NDArray[Any]
Row = list[str | None]
Rows = Iterator[tuple[int, Row]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a table.

    lines: shape (k,), counted from 1 with the header. columns: by the table's name k values, texts
    or numbers as the file has them; None is missing.
    """

    lines: IntArray
    columns: Mapping[str, Values]


def header(path: Path) -> tuple[str, ...]:
    """The names of the columns. Raises TableUnreadable when there are none."""
    with _opened(path) as (names, _):
        return names


def chunks(path: Path, wanted: Sequence[str]) -> Iterator[Chunk]:
    """The wanted columns, CHUNK rows at a time; a row that is too short has None at its end.

    Raises TableUnreadable when the file breaks off or is no CSV.
    """
    with _opened(path) as (names, rows):
        places = [names.index(name) for name in wanted]
        while taken := list(islice(rows, CHUNK)):
            lines = np.array([line for line, _ in taken], dtype=np.int64)
            turned = list(zip(*(_widened(row, len(names)) for _, row in taken), strict=False))
            yield Chunk(lines, {name: turned[at] for name, at in zip(wanted, places, strict=True)})


def _widened(row: Row, width: int) -> Row:
    return row if len(row) >= width else row + [None] * (width - len(row))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[tuple[str, ...], Rows]]:
    """The header, and the rows below it that are not empty, each with its line."""
    try:
        with open_recorded(path) as stream, as_text(stream) as text:
            first = text.readline()
            delimiter = max(",;\t", key=first.count)
            named = next(csv.reader([first], delimiter=delimiter), [])
            names = tuple(name.strip() for name in named)
            if not any(names):
                raise TableUnreadable(path, "it is empty; its first line must name the columns")
            reader = csv.reader(text, delimiter=delimiter)
            # the header has been taken off the first line
            yield names, ((reader.line_num + 1, list(row)) for row in reader if row)
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise TableUnreadable(path, str(error)) from error
