"""Minutes of two implementations added up to blocks of hours, paired by time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from baselines.series import BoolArray, FloatArray, IntArray, Windows

T = TypeVar("T", bound=np.generic)
LENGTHS = (60, 120, 240, 480, 1440)
"""Minutes that a block may have; all are parts of a UTC day."""
FEWEST_GETS = 200.0
"""Gets that the middle block of the thinner implementation has at least."""
SUMMED = ("hits", "misses", "miss_latency_sum_ms", "errors", "total_operations")


@dataclass(frozen=True, slots=True)
class Blocks:
    """n blocks on a full grid.

    start: epoch minute of the first. minutes: length of each. counted: shape (n,), minutes of each
    that are compared; a block with less than half of its minutes is missing, and has 0.
    sums: column -> shape (n, 2), baseline and candidate, over the minutes that are compared;
    NaN in all blocks where the column was never measured.
    """

    start: int
    minutes: int
    counted: IntArray
    sums: Mapping[str, FloatArray]

    @property
    def starts(self) -> IntArray:
        """Epoch minute of each block, shape (n,)."""
        return self.start + self.minutes * np.arange(len(self.counted), dtype=np.int64)

    @property
    def hours(self) -> float:
        """Length of a block in hours."""
        return self.minutes / 60.0

    @property
    def gets(self) -> FloatArray:
        """Hits and misses, shape (n, 2)."""
        found: FloatArray = self.sums["hits"] + self.sums["misses"]
        return found

    def total(self, columns: tuple[str, ...]) -> FloatArray:
        """Sum of some columns, shape (n, 2)."""
        found: FloatArray = np.sum([self.sums[name] for name in columns], axis=0)
        return found


def pair_up(windows: Windows, compared: BoolArray) -> Blocks:
    """Blocks of the two series of a block of windows, over the minutes that are compared.

    windows: baseline and candidate, shape (m, 2). compared: shape (m,).
    A block has an hour, or as many more as the thinner implementation needs for FEWEST_GETS.
    """
    hourly = _of_length(windows, compared, LENGTHS[0])
    gets = hourly.gets[hourly.counted > 0].min(axis=1)
    middle = float(np.median(gets)) if gets.size else 0.0
    enough = [each for each in LENGTHS if middle * each / LENGTHS[0] >= FEWEST_GETS]
    if not gets.size or LENGTHS[0] in enough:
        return hourly
    return _of_length(windows, compared, min(enough, default=LENGTHS[-1]))


def exactness(first: FloatArray, second: FloatArray) -> FloatArray:
    """How exact the difference of two shares of so many trials is: 1 / (1/first + 1/second).

    The weight of Mantel and Haenszel (1959): hours with little traffic, or with little on one side,
    count little. 0 where a side has none.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = first * second / (first + second)
    return np.where(np.isfinite(weight), weight, 0.0)


def by_block(values: npt.NDArray[T], windows_start: int, blocks: Blocks) -> npt.NDArray[T]:
    """Values by minute, shape (m, ...), cut to the blocks: shape (n, minutes, ...)."""
    first = blocks.start - windows_start
    n = len(blocks.counted)
    cut = values[first : first + n * blocks.minutes]
    return cut.reshape(n, blocks.minutes, *values.shape[1:])


def _of_length(windows: Windows, compared: BoolArray, minutes: int) -> Blocks:
    start = -(-windows.start // minutes) * minutes
    n = max((windows.end - start) // minutes, 0)
    empty = Blocks(start, minutes, np.zeros(n, dtype=np.int64), {})
    used = by_block(compared, windows.start, empty)
    counted = used.sum(axis=1)
    counted = np.where(2 * counted >= minutes, counted, 0)
    kept = (used & (counted > 0)[:, None])[..., None]
    sums = {}
    for name in SUMMED:
        cells = by_block(windows.column(name), windows.start, empty)
        sums[name] = np.where(kept, cells, 0.0).sum(axis=1)
    return Blocks(start, minutes, counted, sums)
