"""One series as it went, window by window, its nodes added up: what points are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from baselines.series import BoolArray, FloatArray, SeriesKey, Windows

COUNTS = (
    "total_operations",
    "hits",
    "misses",
    "sets",
    "deletes",
    "evictions",
    "expirations",
    "errors",
    "get_errors",
)
"""Columns that are added up, over nodes and over time."""
LEVELS = ("entries", "memory_bytes", "clients")
"""Gauges: sums over the nodes that told them, means over time."""
COLUMNS = (
    *COUNTS,
    *LEVELS,
    "limited_memory_bytes",
    "memory_limit_bytes",
    "longest_ms",
    "nodes",
    "completeness",
    "provisional",
)


@dataclass(frozen=True, slots=True)
class Course:
    """m windows of `width` minutes each, from epoch minute `start` on.

    columns: name -> shape (m,); NaN where there is no window, or nobody told. Beside counts and
    levels: limited_memory_bytes, of the nodes that have a limit, and memory_limit_bytes, theirs;
    longest_ms, the longest response time; nodes that were heard; completeness 0..1, of the worst
    node; provisional, 1 where the window was still open.
    Raises ValueError where the columns are not of one length.
    """

    start: int
    width: int
    columns: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        lengths = {len(values) for values in self.columns.values()}
        if len(lengths) > 1:
            raise ValueError(f"columns of {sorted(lengths)} windows do not belong together")

    @property
    def length(self) -> int:
        """How many windows."""
        return len(next(iter(self.columns.values()), ()))

    def column(self, name: str) -> FloatArray:
        """One column, shape (m,); all NaN when nobody ever told it."""
        found = self.columns.get(name)
        return np.full(self.length, np.nan) if found is None else found

    def present(self) -> BoolArray:
        """Where there is a window, shape (m,)."""
        return np.isfinite(self.column("total_operations"))

    def after(self, since: int) -> Course:
        """The windows from an epoch minute on."""
        first = max((since - self.start) // self.width, 0)
        cut = {name: values[first:] for name, values in self.columns.items()}
        return Course(self.start + first * self.width, self.width, cut)

    def windows(self, key: SeriesKey) -> Windows:
        """Minutes as statistics read them: hits, misses and gets. Raises ValueError for hours."""
        if self.width != 1:
            raise ValueError(f"windows of {self.width} minutes are none of one")
        columns = {name: self.column(name)[:, None] for name in COUNTS}
        columns["gets"] = columns["hits"] + columns["misses"] + columns["get_errors"]
        return Windows(self.start, (key,), columns)
