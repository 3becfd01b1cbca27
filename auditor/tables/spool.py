"""Rows put in order of time on disk: a day of them a file, so that memory holds one day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from auditor.tables.rows import Rows

DAY = 1440


class Spool:
    """Rows in a folder, each day of them in a file of float64 (whole numbers up to 2^53 exact)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: tuple[str, ...] = ()
        self._days: set[int] = set()

    def put(self, rows: Rows) -> None:
        """Adds rows in any order; all have the same columns."""
        self._names = tuple(rows.numbers)
        table = np.column_stack([rows.minutes, rows.whose, rows.lines, *rows.numbers.values()])
        days = rows.minutes // DAY
        for day in np.unique(days).tolist():
            with self._path(day).open("ab") as file:
                file.write(table[days == day].astype(np.float64).tobytes())
            self._days.add(day)

    def rows(self) -> Iterator[Rows]:
        """All rows, day by day, within a day in order of their minutes and lines."""
        for day in sorted(self._days):
            table = np.fromfile(self._path(day)).reshape(-1, 3 + len(self._names))
            table = table[np.lexsort((table[:, 2], table[:, 0]))]
            minutes, whose, lines = table[:, :3].T.astype(np.int64)
            columns = {name: table[:, 3 + at].copy() for at, name in enumerate(self._names)}
            yield Rows(minutes, whose, lines, columns)

    def _path(self, day: int) -> Path:
        return self._folder / f"{day}.rows"


def in_order(rows: Iterable[Rows], folder: Path) -> Iterator[Rows]:
    """The rows in order of time; the folder takes about 8 bytes a number."""
    spool = Spool(folder)
    for each in rows:
        if each.minutes.size:
            spool.put(each)
    yield from spool.rows()
