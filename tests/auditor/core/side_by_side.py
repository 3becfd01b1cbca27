"""Windows of two implementations with numbers that can be reckoned by hand."""

from __future__ import annotations

import numpy as np

from baselines.series import FloatArray, SeriesKey, Windows

CACHE = "sessions"
LEGACY, NEW = SeriesKey(CACHE, "legacy"), SeriesKey(CACHE, "new")
MONDAY = 29_449_440
HOUR, DAY = 60, 1440


def two(
    minutes: int,
    *,
    gets: FloatArray | float = 100.0,
    hit_share: FloatArray | float = 0.9,
    start: int = MONDAY,
    load_ms: FloatArray | float = 20.0,
    **columns: FloatArray,
) -> Windows:
    """Both series; gets, hit_share and load_ms by side (2,), by minute (m, 1) or both (m, 2)."""
    shape = (minutes, 2)
    all_gets = np.broadcast_to(np.asarray(gets, dtype=np.float64), shape)
    hits = all_gets * np.broadcast_to(np.asarray(hit_share, dtype=np.float64), shape)
    misses = all_gets - hits
    made = {
        "total_operations": all_gets + misses,
        "gets": all_gets.copy(),
        "hits": hits,
        "misses": misses,
        "errors": np.zeros(shape),
        "miss_latency_sum_ms": misses * load_ms,
    }
    made |= {name: np.broadcast_to(each, shape).copy() for name, each in columns.items()}
    return Windows(start, (LEGACY, NEW), made)


def drawn(
    minutes: int, seed: int, *, gets: float = 200.0, hit_share: tuple[float, float] = (0.9, 0.9)
) -> Windows:
    """The same with binomial hits and Poisson gets, both sides apart."""
    random = np.random.default_rng(seed)
    asked = random.poisson(gets, (minutes, 2)).astype(np.float64)
    hits = random.binomial(asked.astype(int), hit_share)
    return two(minutes, gets=asked, hit_share=hits / np.maximum(asked, 1))


def without(windows: Windows, rows: slice, side: slice | int = slice(None)) -> Windows:
    """The block with some windows missing."""
    columns = {name: each.copy() for name, each in windows.columns.items()}
    for each in columns.values():
        each[rows, side] = np.nan
    return Windows(windows.start, windows.keys, columns)
