"""What the other implementations of a cache say, side by side with each series' own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from baselines.series import FloatArray, SeriesKey, siblings


@dataclass(frozen=True, slots=True)
class Siblings:
    """others: for each of n series the places of its siblings."""

    others: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, keys: Sequence[SeriesKey]) -> Siblings:
        """Of these series."""
        return cls(tuple(tuple(group) for group in siblings(keys)))

    def mean(self, values: FloatArray) -> FloatArray:
        """Mean over each series' siblings, added in their order, shape (m, n) kept.

        NaN where a series has none, and when one of them is not known.
        """
        out = np.full(values.shape, np.nan)
        for size in sorted({len(group) for group in self.others} - {0}):
            columns = [at for at, group in enumerate(self.others) if len(group) == size]
            places = np.array([self.others[at] for at in columns])
            total = values[:, places[:, 0]]
            for nth in range(1, size):
                total = total + values[:, places[:, nth]]
            out[:, columns] = total / size
        return out

    def spread(self, error: FloatArray) -> FloatArray:
        """Error of a difference between a series and the mean of its siblings, shape (m, n).

        error: the squared error of each series, shape (m, n).
        """
        count = np.array([max(len(group), 1) for group in self.others], dtype=np.float64)
        return np.asarray(np.sqrt(error + self.mean(error) / count))
