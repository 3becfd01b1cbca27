"""Cells of a table that cannot be used: which, why, and what their owner can do about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SHOWN_CELL: Final = 40
"""Characters of a cell that are shown."""
NO_TIME, NO_NUMBER, NOT_FINITE = "is no time", "is no number", "is not finite"
MENDED: Final = {
    NO_TIME: "Write ISO 8601, as 2026-01-31T09:30:00Z, or a number since 1970",
    NO_NUMBER: "Write it with a decimal point and nothing else, or leave the cell empty",
    NOT_FINITE: "Leave a cell empty where nothing was measured",
}
"""What to do about each kind of cell; a row of another width is mended by its header."""
WIDTH: Final = "Give each row as many cells as the header has"


@dataclass(frozen=True, slots=True)
class Fault:
    """One cell that cannot be used. line: of the file, from 1."""

    line: int
    column: str
    cell: str
    why: str

    @property
    def words(self) -> str:
        """The column, what stands there and what is wrong with it; the line goes before it."""
        cut = self.cell if len(self.cell) <= SHOWN_CELL else f"{self.cell[:SHOWN_CELL]}…"
        return f"{self.column} is {cut!r}: {self.why}"

    @property
    def advice(self) -> str:
        """What to do about it."""
        return MENDED.get(self.why, WIDTH)


def refusal(path: Path, faults: Sequence[Fault]) -> str:
    """What is wrong with a table that was judged without some of its cells, and what to do."""
    first = faults[0]
    count = "1 cell" if len(faults) == 1 else f"{len(faults)} cells"
    return (
        f"{count} of {path} could not be used, the first in line {first.line}: {first.words}. "
        f"{first.advice}. The rest is judged"
    )


def nothing(
    path: Path, what: str, columns: Sequence[str], option: str, faults: Sequence[Fault]
) -> str:
    """That no cell of columns can be used, and of the first fault there what to do.

    what: a 'number' or a 'time'; option: what names another column.
    """
    said = f"{path} has no {what} in {', '.join(columns)}; name another column with {option}"
    there = [fault for fault in faults if fault.column in columns]
    if not there:
        return said
    return f"{said}. Line {there[0].line}: {there[0].words}. {there[0].advice}"
