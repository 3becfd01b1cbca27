"""The windows of many series on one grid of minutes: what every statistic takes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from baselines.errors import MismatchedWindows

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

COLUMNS = (
    "total_operations",
    "gets",
    "hits",
    "misses",
    "sets",
    "deletes",
    "evictions",
    "expirations",
    "errors",
    "get_errors",
    "load_errors",
    "set_errors",
    "distinct_keys",
    "latency_sum_ms",
    "hit_latency_sum_ms",
    "miss_latency_sum_ms",
    "p50_response_time_ms",
    "p95_response_time_ms",
    "p99_response_time_ms",
    "hit_p50_ms",
    "hit_p95_ms",
    "miss_p50_ms",
    "miss_p95_ms",
    "bytes_read",
    "bytes_written",
    "avg_cache_size",
    "completeness",
)
"""Columns of cache_metrics_1min that statistics read; gets = hits + misses + get_errors."""


@dataclass(frozen=True, order=True, slots=True)
class SeriesKey:
    """One cache under one implementation; its nodes are added up."""

    cache_name: str
    implementation_type: str

    def __str__(self) -> str:
        return f"{self.cache_name}/{self.implementation_type}"


@dataclass(frozen=True, slots=True)
class Windows:
    """A block of m one-minute windows of n series.

    start: minute since 1970 (UTC) of row 0; row i is the half-open minute start + i.
    keys: the n series, one a column.
    columns: name -> shape (m, n), float64; NaN is a missing window. A name that is absent was
    never measured and reads as NaN.
    Raises MismatchedWindows when a column has another shape.
    """

    start: int
    keys: tuple[SeriesKey, ...]
    columns: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        for name, values in self.columns.items():
            if values.shape != self.shape:
                raise MismatchedWindows(name, expected=self.shape, found=values.shape)

    @property
    def shape(self) -> tuple[int, int]:
        """(m windows, n series)."""
        first = next(iter(self.columns.values()), None)
        return (0 if first is None else int(first.shape[0]), len(self.keys))

    @property
    def end(self) -> int:
        """The minute after the last row."""
        return self.start + self.shape[0]

    def minutes(self) -> IntArray:
        """Epoch minute of each row, shape (m,)."""
        return np.arange(self.start, self.end, dtype=np.int64)

    def column(self, name: str) -> FloatArray:
        """One column, shape (m, n); all NaN when it was never measured."""
        found = self.columns.get(name)
        return np.full(self.shape, np.nan) if found is None else found

    def present(self) -> BoolArray:
        """Where a window exists at all, shape (m, n)."""
        return np.isfinite(self.column("total_operations"))

    def rows(self, first: int, last: int) -> Windows:
        """Rows first (with) to last (without), as a block that starts there."""
        first, last, _ = slice(first, last).indices(self.shape[0])
        return Windows(
            self.start + first, self.keys, {k: v[first:last] for k, v in self.columns.items()}
        )

    def between(self, since: int, until: int) -> Windows:
        """Windows of the half-open span [since, until) of epoch minutes, clipped to the block."""
        first = max(since - self.start, 0)
        return self.rows(first, max(until - self.start, first))

    def only(self, keys: Sequence[SeriesKey]) -> Windows:
        """The given series, in that order. Raises ValueError for one that is not there."""
        at = places(self.keys, keys)
        return Windows(self.start, tuple(keys), {k: v[:, at] for k, v in self.columns.items()})

    def padded(self, since: int) -> Windows:
        """The block made to begin at `since`, with missing windows before its first row."""
        ahead = self.start - since
        if ahead <= 0:
            return self.between(since, self.end)
        gap = np.full((ahead, len(self.keys)), np.nan)
        return Windows(
            since, self.keys, {k: np.concatenate([gap, v]) for k, v in self.columns.items()}
        )


def places(keys: Sequence[SeriesKey], wanted: Sequence[SeriesKey]) -> list[int]:
    """Where each of the wanted series is among the keys. Raises ValueError for one that is not."""
    at = {key: place for place, key in enumerate(keys)}
    try:
        return [at[key] for key in wanted]
    except KeyError as exc:
        raise ValueError(f"{exc.args[0]} is not in the block") from None


def siblings(keys: Sequence[SeriesKey]) -> list[list[int]]:
    """For each series the places of the other implementations of its cache."""
    places: dict[str, list[int]] = {}
    for at, key in enumerate(keys):
        places.setdefault(key.cache_name, []).append(at)
    return [
        [other for other in places[key.cache_name] if other != at] for at, key in enumerate(keys)
    ]
