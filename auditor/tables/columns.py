"""What a table of windows may hold, under which names, and what is made of what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from auditor.tables.errors import UnusableColumns
from baselines.series import COLUMNS, FloatArray

MINUTE = "minute_window"
WHOSE = ("cache_name", "implementation_type", "node")
PROVISIONAL = "provisional"
NUMBERS = tuple(name for name in COLUMNS if name != "gets")
"""Columns of cache_metrics_1min that statistics read; gets are the sum of their parts."""
NEEDED = (MINUTE, "implementation_type", "hits", "misses")
KNOWN = (MINUTE, *WHOSE, PROVISIONAL, *NUMBERS)


@dataclass(frozen=True, slots=True)
class Derived:
    """A column that is computed from others.

    of: their names, ours for mapped columns, the table's for others. make: gets an array of shape
    (k,) for each, NaN = missing, and gives one.
    """

    of: tuple[str, ...]
    make: Callable[..., FloatArray]


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """How a table's columns are ours.

    names: the table's name -> ours; a column that is not named here has our name already.
    derived: our name -> how it is made, from the table's columns and from those derived before it.
    Raises UnusableColumns when it names what we do not know,
    or one thing twice.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    derived: Mapping[str, Derived] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ours = [*self.names.values(), *self.derived]
        unknown = sorted(set(ours) - set(KNOWN))
        if unknown:
            raise UnusableColumns(
                f"no column is called {', '.join(unknown)}; there are {', '.join(KNOWN)}"
            )
        twice = sorted({name for name in ours if ours.count(name) > 1})
        if twice:
            raise UnusableColumns(f"{', '.join(twice)}: mapped from more than one column")


@dataclass(frozen=True, slots=True)
class Plan:
    """Which of a table's columns are read as what.

    texts, numbers: our name (or the table's, for what only derived columns want) -> the table's.
    derived: our name -> how it is made, in an order in which it can be.
    """

    texts: Mapping[str, str]
    numbers: Mapping[str, str]
    derived: Mapping[str, Derived]

    @property
    def wanted(self) -> tuple[str, ...]:
        """The table's columns that are read."""
        return (*self.texts.values(), *self.numbers.values())


def plan(path: Path, found: Sequence[str], columns: ColumnMap) -> Plan:
    """How a table with these columns is read.

    Raises UnusableColumns when a needed column is neither there nor derived, with what was found.
    """
    absent = sorted(set(columns.names) - set(found))
    if absent:
        raise UnusableColumns(
            f"{path} has no column {', '.join(absent)}; it has {', '.join(found)}"
        )
    theirs = {ours: name for name, ours in columns.names.items()}
    for name in found:
        if name in KNOWN and name not in columns.names:
            theirs.setdefault(name, name)
    derived = {**columns.derived, **_ordinary({*theirs, *columns.derived})}
    for name in {name for each in derived.values() for name in each.of} & set(found):
        if name not in derived:
            theirs.setdefault(name, name)
    _check(path, found, theirs, derived)
    texts = {name: theirs[name] for name in (MINUTE, *WHOSE, PROVISIONAL) if name in theirs}
    numbers = {
        name: column
        for name, column in theirs.items()
        if name not in texts and name not in columns.derived
    }
    return Plan(texts, numbers, derived)


def _ordinary(there: Collection[str]) -> dict[str, Derived]:
    """Sums that a table may leave out: errors of their parts, operations of theirs."""
    out: dict[str, Derived] = {}
    errors = tuple(name for name in ("get_errors", "load_errors", "set_errors") if name in there)
    if "errors" not in there and errors:
        out["errors"] = Derived(errors, _total)
    if "total_operations" not in there:
        parts = ("hits", "misses", "get_errors", "sets", "set_errors", "deletes")
        known = tuple(name for name in parts if name in there)
        out["total_operations"] = Derived(known, _operations)
    return out


def _total(*parts: FloatArray) -> FloatArray:
    """What is known of them, NaN where nothing is."""
    table = np.stack(parts)
    return np.where(np.isfinite(table).any(axis=0), np.nan_to_num(table).sum(axis=0), np.nan)


def _operations(hits: FloatArray, misses: FloatArray, *others: FloatArray) -> FloatArray:
    """Without hits and misses there is no window."""
    return np.asarray(hits + misses + sum(np.nan_to_num(each) for each in others))


def _check(
    path: Path, found: Sequence[str], theirs: Mapping[str, str], derived: Mapping[str, Derived]
) -> None:
    """Raises UnusableColumns for what is needed and not there; what is derived comes in order."""
    known = set(theirs)
    missing: list[str] = []
    for name, each in derived.items():
        missing += [part for part in each.of if part not in known]
        known.add(name)
    missing += [name for name in NEEDED if name not in known]
    if missing:
        raise UnusableColumns(
            f"{path} lacks {', '.join(dict.fromkeys(missing))}; needed are {', '.join(NEEDED)}, "
            f"and it has {', '.join(found)}. Say with --map which column is which"
        )
