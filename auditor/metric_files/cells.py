"""The cells of a CSV file as they stand there, with their lines."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from auditor.errors import InputRefused, NothingFound
from auditor.metric_files.columns import is_header
from auditor.metric_files.faults import Fault
from collector.recorded_batches import as_text, open_recorded

DELIMITERS: Final = ",;\t|"
MOST_LINES: Final = 3
"""Lines that a row may have before its quotes are doubted."""


@dataclass(frozen=True, slots=True)
class Cells:
    """names: of the columns. rows: those that are not empty, cut or filled to their number.

    lines: of the file, from 1, where each row begins. faults: of rows that had another width.
    """

    names: tuple[str, ...]
    lines: list[int]
    rows: list[list[str]]
    faults: list[Fault]


def read_cells(path: Path) -> Cells:
    """Reads a CSV file, gzip or not; without a header its columns are called 1, 2, 3 and so on.

    Raises NothingFound for a file that is not there, InputRefused for what is no table.
    """
    if not path.is_file():
        raise NothingFound(f"there is no file {path}")
    try:
        with open_recorded(path) as stream, as_text(stream) as text:
            found = _cells(path, text)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputRefused(f"{path} cannot be read: {error}") from error
    if not found.rows:
        raise InputRefused(f"{path} has a header and no rows")
    return found


def _cells(path: Path, text: TextIO) -> Cells:
    first = text.readline()
    if "\0" in first:
        raise InputRefused(f"{path} is no text in UTF-8 (UTF-16, or no text at all): save it so")
    delimiter = max(DELIMITERS, key=first.count)
    names = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter), [])]
    if not any(names):
        what = "its first line" if first else "it"
        raise InputRefused(f"{path} has no header line: {what} is empty. Name the columns there")
    found = Cells(tuple(names), [], [], [])
    if not is_header(names):
        numbered = tuple(str(number) for number in range(1, len(names) + 1))
        found = Cells(numbered, [1], [names], [])
    for line, last, row in _rows(path, text, delimiter):
        found.lines.append(line)
        found.rows.append(_widened(row, found.names, line, last, found.faults))
    return found


def _rows(path: Path, text: TextIO, delimiter: str) -> Iterator[tuple[int, int, list[str]]]:
    """First line, last line and cells of each row that is not empty."""
    reader = csv.reader(text, delimiter=delimiter)
    line = 2
    try:
        for row in reader:
            if row:
                yield line, reader.line_num + 1, row
            line = reader.line_num + 2
    except csv.Error as error:
        raise InputRefused(
            f"{path} cannot be read in line {line}: {error}. Is a quote not closed there?"
        ) from error


def _widened(
    row: list[str], names: Sequence[str], line: int, last: int, faults: list[Fault]
) -> list[str]:
    if len(row) == len(names):
        return row
    why = f"the row has {len(row)} cells, the header {len(names)}"
    if last - line >= MOST_LINES:
        why += f"; it goes on to line {last}: is a quote not closed?"
    faults.append(Fault(line, names[min(len(row), len(names)) - 1], row[-1], why))
    return [*row[: len(names)], *[""] * (len(names) - len(row))]
