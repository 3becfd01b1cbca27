"""Sums over the last few minutes: small counts gain weight by waiting."""

from __future__ import annotations

import numpy as np

from baselines.series import BoolArray, FloatArray


def pooled(values: FloatArray, minutes: int) -> FloatArray:
    """Sum over rows t-minutes+1..t for each row t, shape (m, n) kept.

    Missing rows and rows before the block add nothing. The additions are made in the same order
    for every row, so the bits do not depend on where the block begins.
    """
    present = np.nan_to_num(values, nan=0.0)
    total = present.copy()
    for back in range(1, min(minutes, values.shape[0])):
        total[back:] += present[:-back]
    return total


def lasting(flags: BoolArray, minutes: int) -> BoolArray:
    """True at row t when the flag was true in each of the last `minutes` rows, shape kept."""
    total = pooled(flags.astype(np.float64), minutes)
    return np.asarray(total >= minutes)
