"""Windows of an ordinary cache, for the tests of what is learned from it."""

from __future__ import annotations

import numpy as np

from baselines.series import FloatArray, SeriesKey, Windows

KEY = SeriesKey("sessions", "new")
MONDAY = 29_449_440
DAY = 1440


def ordinary(
    days: float,
    seed: int = 1,
    *,
    start: int = MONDAY,
    hit_share: FloatArray | float = 0.9,
    rate: FloatArray | float = 300.0,
    rho: float = 0.0,
) -> Windows:
    """One series; hit_share and rate may vary by row, shape (m,)."""
    random = np.random.default_rng(seed)
    m = int(days * DAY)
    share = np.broadcast_to(np.asarray(hit_share, dtype=np.float64), (m,))
    if rho:
        precision = (1 - rho) / rho
        share = random.beta(share * precision, (1 - share) * precision)
    gets = random.poisson(rate, m).astype(np.float64)
    hits = random.binomial(gets.astype(int), share).astype(np.float64)
    misses = gets - hits
    hit_sum = 0.5 * hits * random.lognormal(0, 0.05, m)
    miss_sum = 20.0 * misses * random.lognormal(0, 0.1, m)
    columns = {
        "total_operations": gets + misses,
        "gets": gets,
        "hits": hits,
        "misses": misses,
        "sets": misses,
        "errors": np.zeros(m),
        "latency_sum_ms": hit_sum + miss_sum,
        "hit_latency_sum_ms": hit_sum,
        "miss_latency_sum_ms": miss_sum,
        "p95_response_time_ms": np.full(m, 30.0),
    }
    return Windows(start, (KEY,), {name: each[:, None] for name, each in columns.items()})


def hour_rows(m: int) -> FloatArray:
    """Hour of day of each row of a block that starts at a midnight, shape (m,)."""
    return (np.arange(m) // 60 % 24).astype(np.float64)
