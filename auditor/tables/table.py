"""A file of windows: looked through once, then read a block at a time in order of time."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from auditor.errors import NothingFound
from auditor.tables import csv_file, parquet_file
from auditor.tables.columns import ColumnMap, plan
from auditor.tables.errors import TooLargeHole
from auditor.tables.grid import windows_of
from auditor.tables.rows import Faults, Parser, Rows
from auditor.tables.spool import in_order
from baselines.series import SeriesKey, Windows
from baselines.store import instant

MOST_HOLE = 366
"""Days without a row that are believed."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a table holds. since, until: epoch minutes of the first window and after the last one.

    ordered: whether rows come in order of time. zoneless: whether an instant had no zone and was
    taken as UTC. provisional: rows of minutes that were still open, left out. skipped: bad rows by
    reason.
    """

    rows: int
    since: int
    until: int
    series: tuple[SeriesKey, ...]
    ordered: bool
    zoneless: bool
    provisional: int
    skipped: Counter[str] = field(default_factory=Counter)


class Table:
    """One CSV or Parquet file of windows."""

    def __init__(
        self, path: Path, columns: ColumnMap | None = None, *, skip_bad_rows: bool = False
    ) -> None:
        """Reads the header.

        Raises NothingFound for a path that is no file, TableUnreadable, UnusableColumns, and
        MissingExtra for Parquet without pyarrow.
        """
        if not path.is_file():
            raise NothingFound(f"there is no file {path}")
        self.path, self._skip = path, skip_bad_rows
        self._form = parquet_file if parquet_file.is_parquet(path) else csv_file
        self._plan = plan(path, self._form.header(path), columns or ColumnMap())
        self._survey: Survey | None = None

    def survey(self) -> Survey:
        """Looks through the whole file once; every row is checked.

        Raises BadRow for the first bad one unless they are skipped, TableUnreadable, and
        NothingFound for a table without a row.
        """
        if self._survey is None:
            self._survey = self._looked_through()
        return self._survey

    def blocks(self, minutes: int = 1440) -> Iterator[Windows]:
        """All windows in order of time, so many minutes at once; the last block may be shorter.

        A table that is not in order is sorted in a temporary folder first. Raises what `survey`
        raises, and TooLargeHole.
        """
        survey = self.survey()
        faults = Faults(self.path, self._skip)
        parser = Parser(self._plan, Faults(self.path, self._skip))
        rows = self._rows(parser)
        with tempfile.TemporaryDirectory(prefix="cache-auditor-sort-") as folder:
            ordered = rows if survey.ordered else in_order(rows, Path(folder))
            cut = _cut(ordered, survey.since, minutes, self.path)
            for since, block in cut:
                until = min(since + minutes, survey.until)
                yield windows_of(block, tuple(parser.whose), since, until, faults)
        survey.skipped.update(faults.counts)

    def _rows(self, parser: Parser) -> Iterator[Rows]:
        for chunk in self._form.chunks(self.path, self._plan.wanted):
            yield parser.rows(chunk)

    def _looked_through(self) -> Survey:
        faults = Faults(self.path, self._skip)
        parser = Parser(self._plan, faults)
        count, ordered, first, last, latest = 0, True, None, None, None
        for rows in self._rows(parser):
            if rows.minutes.size:
                begins, ends = int(rows.minutes.min()), int(rows.minutes.max())
                ordered &= bool((np.diff(rows.minutes) >= 0).all())
                ordered &= latest is None or int(rows.minutes[0]) >= latest
                first = begins if first is None else min(first, begins)
                last = ends if last is None else max(last, ends)
                latest, count = int(rows.minutes[-1]), count + rows.minutes.size
        if first is None or last is None:
            raise NothingFound(f"{self.path} has no row that could be used")
        series = sorted({SeriesKey(cache, name) for cache, name, _ in parser.whose})
        zoneless = parser.instants.zoneless
        return Survey(count, first, last + 1, tuple(series), ordered, zoneless,
                      parser.provisional, faults.counts)  # fmt: skip


def _cut(
    ordered: Iterable[Rows], since: int, minutes: int, path: Path
) -> Iterator[tuple[int, Rows]]:
    """Blocks of rows with their first minute, none left out; rows come in order of time."""
    waiting: list[Rows] = []
    for rows in ordered:
        if not rows.minutes.size:
            continue
        while rows.minutes.size and int(rows.minutes[-1]) >= since + minutes:
            inside = int(np.searchsorted(rows.minutes, since + minutes))
            waiting.append(rows.only(np.arange(inside)))
            rows = rows.only(np.arange(inside, rows.minutes.size))
            yield since, _joined(waiting)
            waiting, since = [], since + minutes
            _believe(since, int(rows.minutes[0]), path)
        waiting.append(rows)
    yield since, _joined(waiting)


def _believe(since: int, next_row: int, path: Path) -> None:
    """Raises TooLargeHole when the next row is too far away."""
    days = (next_row - since) // 1440
    if days > MOST_HOLE:
        raise TooLargeHole(path, days, instant(since), instant(next_row))


def _joined(parts: list[Rows]) -> Rows:
    return Rows(
        np.concatenate([each.minutes for each in parts]),
        np.concatenate([each.whose for each in parts]),
        np.concatenate([each.lines for each in parts]),
        {name: np.concatenate([each.numbers[name] for each in parts]) for name in parts[0].numbers},
    )
