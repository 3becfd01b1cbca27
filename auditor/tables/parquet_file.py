"""Chunks of a Parquet file; pyarrow is imported when one is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from auditor.errors import MissingExtra
from auditor.tables.csv_file import CHUNK, Chunk, Values
from auditor.tables.errors import TableUnreadable

MAGIC = b"PAR1"


def is_parquet(path: Path) -> bool:
    """By its first bytes. Raises TableUnreadable."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise TableUnreadable(path, str(error)) from error


def header(path: Path) -> tuple[str, ...]:
    """The names of the columns. Raises TableUnreadable, or MissingExtra without pyarrow."""
    return tuple(_opened(path).schema_arrow.names)


def chunks(path: Path, wanted: Sequence[str]) -> Iterator[Chunk]:
    """The wanted columns, CHUNK rows at a time. lines: counted from 1, as there is no header.

    Raises TableUnreadable when a part of the file is damaged.
    """
    import pyarrow

    line = 1
    try:
        for batch in _opened(path).iter_batches(batch_size=CHUNK, columns=list(wanted)):
            lines = np.arange(line, line + batch.num_rows)
            line += batch.num_rows
            yield Chunk(lines, {name: _values(batch.column(name)) for name in wanted})
    except (OSError, pyarrow.ArrowException) as error:
        raise TableUnreadable(path, str(error)) from error


def _values(column: Any) -> Values:
    """Numbers as an array with NaN where missing, instants and texts as texts."""
    import pyarrow

    types = pyarrow.types
    if types.is_integer(column.type) or types.is_floating(column.type):
        found: Values = column.to_numpy(zero_copy_only=False)
        return found
    if types.is_timestamp(column.type):
        column = column.cast(pyarrow.timestamp("us", column.type.tz), safe=False)
    return [None if each is None else str(each) for each in column.to_pylist()]


def _opened(path: Path) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as missing:
        raise MissingExtra("pyarrow", "auditor") from missing
    try:
        return pyarrow.parquet.ParquetFile(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise TableUnreadable(path, str(error)) from error
