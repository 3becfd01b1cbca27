"""Response times over time: histograms merged by point, their quantiles, and a heat map of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from baselines.series import FloatArray, IntArray

PARTS = ("hit", "miss", "error")
"""Kinds of a get; a point's quantiles are those of all of them."""
FINE_BINS = 10
"""Bins of the stored histograms that make one row of the heat map: 1.02^10, about 12 a decade."""


class HistogramRow(NamedTuple):
    """A window's sparse histogram: of the window at an epoch minute, one kind of get (a place in
    PARTS), the numbers of its bins, and how many gets are in each."""

    window: int
    part: int
    bins: Sequence[int] | IntArray
    counts: Sequence[int] | IntArray


class Merged:
    """Histograms of k points of `step` minutes from epoch minute `start` on, added up as they come.

    counts: shape (k, 3, b), gets by point, part and bin.
    """

    def __init__(self, start: int, step: int, points: int, bins: int) -> None:
        self.start, self.step = start, step
        self.counts: IntArray = np.zeros((points, len(PARTS), bins), dtype=np.int64)

    def add(self, rows: Iterable[HistogramRow]) -> None:
        """Takes windows in; those outside of all points are left out."""
        inside = [row for row in rows if 0 <= self._point(row) < len(self.counts)]
        if not inside:
            return
        _, parts, bins = self.counts.shape
        firsts = [(self._point(row) * parts + row.part) * bins for row in inside]
        lengths = [len(row.bins) for row in inside]
        at = np.concatenate([np.asarray(row.bins, dtype=np.int64) for row in inside])
        at += np.repeat(np.array(firsts, dtype=np.int64), lengths)
        counts = np.concatenate([np.asarray(row.counts, dtype=np.int64) for row in inside])
        np.add.at(self.counts.reshape(-1), at, counts)

    def _point(self, row: HistogramRow) -> int:
        return (row.window - self.start) // self.step


def quantiles(counts: IntArray, worth_ms: FloatArray, q: float) -> FloatArray:
    """The q-quantile of each of k histograms, ms, shape (k,); NaN of an empty one.

    counts: shape (k, b). worth_ms: shape (b,), what a bin is worth, ascending.
    Type 7 of Hyndman and Fan (1996): both ranks' bins, linear between.
    Raises ValueError for a q outside of 0 to 1.
    """
    if not 0.0 <= q <= 1.0:
        raise ValueError(f"q is {q}; a quantile needs 0 to 1")
    reached = np.cumsum(counts, axis=1)
    total = reached[:, -1] if counts.shape[1] else np.zeros(len(counts), dtype=np.int64)
    rank = np.maximum(total - 1, 0) * q
    low = np.floor(rank).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(total - 1, 0))
    last = len(worth_ms) - 1
    below, above = (
        worth_ms[np.minimum((reached <= each[:, None]).sum(axis=1), last)] for each in (low, high)
    )
    return np.where(total > 0, below + (rank - low) * (above - below), np.nan)


@dataclass(frozen=True, slots=True)
class Heat:
    """Gets by column of time and row of response time.

    start, step: of the columns, epoch minutes. lower_ms, upper_ms: shape (r,), the rows' bounds;
    the first may begin at 0, the last may have no end (inf).
    counts: shape (3, columns, r), by part.
    """

    start: int
    step: int
    lower_ms: FloatArray
    upper_ms: FloatArray
    counts: IntArray


def heat_of(merged: Merged, edges_ms: FloatArray, step: int) -> Heat:
    """Columns of `step` minutes, and rows of FINE_BINS bins; rows without any get at either end
    are left out.

    Raises ValueError where the step is no whole number of points.
    """
    if step % merged.step:
        raise ValueError(f"columns of {step} minutes do not fit points of {merged.step}")
    rows = _by_row(_by_column(merged.counts, step // merged.step))
    bounds = np.concatenate([[0.0], edges_ms[::FINE_BINS], [np.inf]])
    if bounds[-2] < edges_ms[-1]:
        bounds = np.concatenate([bounds[:-1], edges_ms[-1:], [np.inf]])
    used = np.flatnonzero(rows.any(axis=(0, 1)))
    kept = slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0, 0)
    lower, upper = bounds[:-1][kept], bounds[1:][kept]
    counts = rows.transpose(1, 0, 2)[:, :, kept]
    return Heat(merged.start, step, lower, upper, counts)


def _by_column(counts: IntArray, each: int) -> IntArray:
    """`each` points a column, shape (columns, 3, b)."""
    missing = -len(counts) % each
    filled = np.concatenate([counts, np.zeros((missing, *counts.shape[1:]), dtype=np.int64)])
    found: IntArray = filled.reshape(-1, each, *counts.shape[1:]).sum(axis=1)
    return found


def _by_row(counts: IntArray) -> IntArray:
    """Bin 0 (below the first edge) and the overflow are rows of their own, FINE_BINS the others'.

    counts: shape (columns, 3, b); returns (columns, 3, r).
    """
    inner = counts[:, :, 1:-1]
    missing = -inner.shape[2] % FINE_BINS
    filled = np.concatenate(
        [inner, np.zeros((*inner.shape[:2], missing), dtype=np.int64)], axis=2
    ).reshape(*inner.shape[:2], -1, FINE_BINS)
    return np.concatenate([counts[:, :, :1], filled.sum(axis=3), counts[:, :, -1:]], axis=2)
