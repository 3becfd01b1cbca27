"""Rows of a table as numbers, checked: what is wrong is raised, or counted and left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from auditor.tables.columns import MINUTE, NUMBERS, PROVISIONAL, WHOSE, Plan
from auditor.tables.csv_file import Chunk, Values
from auditor.tables.errors import BadRow
from auditor.tables.instants import Instants
from baselines.series import BoolArray, FloatArray, IntArray

MISSING = frozenset({"", "nan", "NaN", "NAN", "null", "NULL", "None", "NA", "\\N"})
TRUE = frozenset({"t", "true", "True", "TRUE", "1"})
NO_NUMBER = "is not a number"
NEGATIVE = "is below 0"
ENDLESS = "is not finite"
ABOVE_ONE = "is above 1"
EMPTY = "is empty"

Whose = tuple[str, str, str]
"""Cache, implementation, node."""


@dataclass(frozen=True, slots=True)
class Rows:
    """k windows of single nodes. minutes, whose, lines: shape (k,), whose is the place of the
    (cache, implementation, node) among those seen so far; numbers: name -> shape (k,)."""

    minutes: IntArray
    whose: IntArray
    lines: IntArray
    numbers: Mapping[str, FloatArray]

    def only(self, which: BoolArray | IntArray) -> Rows:
        """Some of the rows, in the order asked for."""
        return Rows(
            self.minutes[which],
            self.whose[which],
            self.lines[which],
            {name: values[which] for name, values in self.numbers.items()},
        )


@dataclass(slots=True)
class Faults:
    """What becomes of rows that cannot be: raised as BadRow, or with `skip` counted by reason."""

    path: Path
    skip: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    def refuse(self, line: int, column: str, value: object, why: str) -> None:
        """One row is refused. Raises BadRow unless such rows are skipped."""
        if not self.skip:
            raise BadRow(self.path, line, column, value, why)
        self.counts[f"{column} {why}"] += 1


class Parser:
    """Makes rows of chunks.

    whose: all (cache, implementation, node) so far, in the order of their first row; provisional:
    how many rows of open minutes were left out.
    """

    def __init__(self, plan: Plan, faults: Faults) -> None:
        self._plan, self._faults = plan, faults
        self.instants = Instants()
        self.whose: dict[Whose, int] = {}
        self.provisional = 0

    def rows(self, chunk: Chunk) -> Rows:
        """The good rows of a chunk. Raises BadRow for the first bad one unless they are skipped."""
        bad = np.zeros(chunk.lines.size, dtype=np.bool_)
        minutes = self._minutes(chunk, bad)
        whose = self._whose(chunk, bad)
        numbers = {
            name: self._numbers(chunk, name, column, bad)
            for name, column in self._plan.numbers.items()
        }
        for name, derived in self._plan.derived.items():
            numbers[name] = derived.make(*(numbers[each] for each in derived.of))
        ours = {name: values for name, values in numbers.items() if name in NUMBERS}
        closed = self._closed(chunk)
        self.provisional += int((~closed & ~bad).sum())
        return Rows(minutes, whose, chunk.lines, ours).only(closed & ~bad)

    def _minutes(self, chunk: Chunk, bad: BoolArray) -> IntArray:
        values = chunk.columns[self._plan.texts[MINUTE]]
        minutes, wrong = self.instants.minutes(values)
        for place, why in wrong.items():
            self._refuse(chunk, place, self._plan.texts[MINUTE], values[place], why, bad)
        return minutes

    def _whose(self, chunk: Chunk, bad: BoolArray) -> IntArray:
        """The place of each row's series and node; a table of one cache need not name it."""
        k = chunk.lines.size
        named = []
        for name, otherwise in zip(WHOSE, ("default", "", ""), strict=True):
            column = self._plan.texts.get(name)
            values: Values = [None] * k if column is None else chunk.columns[column]
            named.append([otherwise if each is None else str(each) for each in values])
        for place, implementation in enumerate(named[1]):
            if not implementation:
                column = self._plan.texts[WHOSE[1]]
                self._refuse(chunk, place, column, implementation, EMPTY, bad)
        places = self.whose
        found = [places.setdefault(each, len(places)) for each in zip(*named, strict=True)]
        return np.array(found, dtype=np.int64)

    def _closed(self, chunk: Chunk) -> BoolArray:
        """Where a window was not open any more when the table was written."""
        column = self._plan.texts.get(PROVISIONAL)
        if column is None:
            return np.ones(chunk.lines.size, dtype=np.bool_)
        return np.array([str(each) not in TRUE for each in chunk.columns[column]], dtype=np.bool_)

    def _numbers(self, chunk: Chunk, name: str, column: str, bad: BoolArray) -> FloatArray:
        """One column; NaN where it is missing, or where the row is bad."""
        given = chunk.columns[column]
        values, wrong = _floats(given)
        for place in np.flatnonzero((values < 0) | np.isinf(values)).tolist():
            wrong[place] = ENDLESS if np.isinf(values[place]) else NEGATIVE
        if name == "completeness":
            wrong |= dict.fromkeys(np.flatnonzero(values > 1).tolist(), ABOVE_ONE)
        for place, why in sorted(wrong.items()):
            self._refuse(chunk, place, column, given[place], why, bad)
        return values

    def _refuse(
        self, chunk: Chunk, place: int, column: str, value: object, why: str, bad: BoolArray
    ) -> None:
        """A row with several faults is counted once."""
        if not bad[place]:
            self._faults.refuse(int(chunk.lines[place]), column, value, why)
            bad[place] = True


def _floats(given: Values) -> tuple[FloatArray, dict[int, str]]:
    """Numbers of one column, NaN where missing, and by place what is none."""
    if isinstance(given, np.ndarray):
        return given.astype(np.float64), {}
    texts = ["nan" if each is None or each in MISSING else each for each in given]
    try:
        return np.array(texts, dtype=np.float64), {}
    except ValueError:
        pass
    values, wrong = np.full(len(texts), np.nan), {}
    for place, text in enumerate(texts):
        try:
            values[place] = float(str(text))
        except ValueError:
            wrong[place] = NO_NUMBER
    return values, wrong
