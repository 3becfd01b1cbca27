"""A small cache under two implementations: so few misses that a small shift takes hours to tell."""

from __future__ import annotations

import numpy as np
from planted import DAY, MONDAY, assembled

from baselines.series import FloatArray, Windows

FEW, SOME = 30.0, 60.0
"""Gets a minute at noon."""
MISS_SHARE = 0.1


def quiet(
    days: int, seed: int, shift: FloatArray | float = 1.0, gets_at_noon: float = SOME
) -> Windows:
    """Gets of a daily wave from a Monday on; a tenth misses, at a level that wanders by a
    twentieth with a memory of an hour, alike for both.

    shift: factor of the misses of the second series, by row.
    """
    random = np.random.default_rng(seed)
    minutes = np.arange(MONDAY, MONDAY + days * DAY)
    wave = 0.55 - 0.45 * np.cos(2 * np.pi * (minutes - MONDAY) / DAY)
    level = _wandering(random, minutes.size)
    gets = random.poisson(gets_at_noon * wave)[:, None] * np.ones((1, 2), dtype=np.int64)
    share = MISS_SHARE * level[:, None] * np.ones((1, 2))
    share[:, 1] *= shift
    return assembled(MONDAY, gets, gets - random.binomial(gets, share), random)


def _wandering(random: np.random.Generator, rows: int) -> FloatArray:
    keep, out = np.exp(-1 / 60), np.empty(rows)
    at = 0.0
    for row, step in enumerate(random.normal(0, 0.05 * np.sqrt(1 - keep**2), rows)):
        at = keep * at + step
        out[row] = at
    return np.exp(out)
