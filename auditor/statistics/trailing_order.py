"""Counts and quantiles of trailing rows, for all rows of a series at once and without look-ahead.

A wavelet matrix ("The wavelet matrix", Information Systems 47, 2015): the ranks of the values, bit
by bit, highest first, stably parted at each bit. A question about rows first..last costs one
step a bit, and numpy answers it for every row together: m log m instead of m times the memory.

The ranks are taken over the whole series, but an answer is an exact count, or one of the values of
the rows that were asked for, so later rows cannot change it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from baselines.series import FloatArray, IntArray


class TrailingOrder:
    """The order of a series' values within any span of its rows.

    values: shape (m,), finite, any unit.
    """

    def __init__(self, values: FloatArray) -> None:
        self.sorted, ranks = np.unique(values, return_inverse=True)
        self._bits = max(int(self.sorted.size).bit_length(), 1)
        self._zeros: list[NDArray[np.int32]] = []
        left = ranks.astype(np.int32)
        for place in range(self._bits - 1, -1, -1):
            one = ((left >> place) & 1).astype(bool)
            zeros = np.zeros(left.size + 1, dtype=np.int32)
            np.cumsum(~one, out=zeros[1:])
            self._zeros.append(zeros)
            left = np.concatenate([left[~one], left[one]])

    def within(
        self, first: IntArray, last: IntArray, low: FloatArray, high: FloatArray
    ) -> IntArray:
        """How many of rows first (with) to last (without) lie in [low, high]; all of shape (q,)."""
        above = np.searchsorted(self.sorted, high, side="right")
        below = np.searchsorted(self.sorted, low, side="left")
        return self._below(first, last, above) - self._below(first, last, below)

    def quantile(self, first: IntArray, last: IntArray, share: float) -> FloatArray:
        """The value at a share (0..1) of the sorted rows first..last, the nearest rank; shape (q,).

        NaN where there are no rows.
        """
        count = np.maximum(last - first, 1)
        return self.at(first, last, np.floor(share * (count - 1) + 0.5).astype(np.int32))

    def at(self, first: IntArray, last: IntArray, place: IntArray) -> FloatArray:
        """The value at a place (0 = smallest) of the sorted rows first..last, shape (q,).

        NaN where there are no rows.
        """
        empty = last <= first
        start, end, left = (each.astype(np.int32) for each in (first, last, place))
        rank = np.zeros(first.size, dtype=np.int32)
        for level, zeros in enumerate(self._zeros):
            before, until = zeros[start], zeros[end]
            one = left >= until - before
            left = np.where(one, left - (until - before), left)
            start = np.where(one, start - before + zeros[-1], before)
            end = np.where(one, end - until + zeros[-1], until)
            rank |= one.astype(np.int32) << (self._bits - 1 - level)
        found = self.sorted[np.minimum(rank, self.sorted.size - 1)]
        return np.where(empty, np.nan, found)

    def _below(self, first: IntArray, last: IntArray, rank: IntArray) -> IntArray:
        """How many of rows first..last have a rank below the given one, shape (q,)."""
        start, end = first.astype(np.int32), last.astype(np.int32)
        count = np.zeros(first.size, dtype=np.int32)
        for level, zeros in enumerate(self._zeros):
            one = ((rank >> (self._bits - 1 - level)) & 1).astype(bool)
            before, until = zeros[start], zeros[end]
            count += np.where(one, until - before, 0)
            start = np.where(one, start - before + zeros[-1], before)
            end = np.where(one, end - until + zeros[-1], until)
        return count.astype(np.int64)


def trailing(rows: int, memory: int) -> tuple[IntArray, IntArray]:
    """The span of the `memory` rows before each of so many rows: first (with), last (without)."""
    last = np.arange(rows, dtype=np.int64)
    return np.maximum(last - memory, 0), last


def trailing_extremes(values: FloatArray, memory: int) -> tuple[FloatArray, FloatArray]:
    """Least and greatest of the `memory` rows before each row, shape (m,); NaN in the first row."""
    return _least(values, memory), -_least(-values, memory)


def _least(values: FloatArray, memory: int) -> FloatArray:
    """Two overlapping blocks, each a power of two long, cover the memory."""
    rows = np.arange(values.size)
    least, width = values, 1
    while 2 * width <= memory:
        before = np.concatenate([least[:1].repeat(min(width, least.size)), least[:-width]])
        least = np.minimum(least, before)
        width *= 2
    newest = least[np.maximum(rows - 1, 0)]
    oldest = least[np.clip(rows - memory + width - 1, 0, np.maximum(rows - 1, 0))]
    return np.where(rows == 0, np.nan, np.minimum(newest, oldest))
