"""Times that nobody measured are missing, not 0: as the database's own reading has it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from baselines.series import BoolArray, FloatArray, IntArray

PARTS = {
    "hit_latency_sum_ms": ("hits", "hit_p50_ms"),
    "miss_latency_sum_ms": ("misses", "miss_p50_ms"),
}
"""A sum, the operations that it is of, and a quantile that exists when they were timed."""
ALL = "latency_sum_ms"


def without_untimed(
    numbers: Mapping[str, FloatArray], summed: Mapping[str, FloatArray], starts: IntArray
) -> dict[str, FloatArray]:
    """Windows whose sum of times is NaN where one of their rows has operations without any time.

    numbers: of the rows, shape (r,). summed: of the windows, shape (w,), each made of the rows from
    its start to the next. A server that is polled tells no load time: a load of 0 ms would make
    every miss free.
    """
    out, untimed = dict(summed), np.zeros(starts.size, dtype=np.bool_)
    for name, (operations, quantile) in PARTS.items():
        if name in numbers and starts.size:
            where = np.logical_or.reduceat(_untimed(numbers, name, operations, quantile), starts)
            out[name] = np.where(where, np.nan, out[name])
            untimed |= where
    if ALL in out:
        out[ALL] = np.where(untimed, np.nan, out[ALL])
    return out


def _untimed(
    numbers: Mapping[str, FloatArray], name: str, operations: str, quantile: str
) -> BoolArray:
    timed = np.isfinite(numbers[quantile]) if quantile in numbers else False
    return np.asarray((numbers[operations] > 0) & (numbers[name] == 0) & ~np.asarray(timed))
