"""Sums over the last few minutes: small counts gain weight by waiting."""

from __future__ import annotations

import numpy as np

from baselines.series import BoolArray, FloatArray

STRIDE = 5
"""Long sums are made of sums of this many minutes: fewer additions, and the same for every row."""


def pooled(values: FloatArray, minutes: int) -> FloatArray:
    """Sum over rows t-minutes+1..t for each row t, shape (m, n) kept.

    Missing rows and rows before the block add nothing. The additions are made in the same order
    for every row, so the bits do not depend on where the block begins.
    """
    present = np.nan_to_num(values, nan=0.0)
    if minutes > STRIDE and minutes % STRIDE == 0:
        return _strided(_strided(present, STRIDE, 1), minutes // STRIDE, STRIDE)
    return _strided(present, minutes, 1)


def _strided(present: FloatArray, times: int, stride: int) -> FloatArray:
    """Sum of `times` rows, `stride` apart, that end at each row."""
    total = present.copy()
    for back in range(stride, min(times * stride, present.shape[0]), stride):
        total[back:] += present[:-back]
    return total


def lasting(flags: BoolArray, minutes: int) -> BoolArray:
    """True at row t when the flag was true in each of the last `minutes` rows, shape kept."""
    total = pooled(flags.astype(np.float64), minutes)
    return np.asarray(total >= minutes)
