"""Three weeks of the shop as windows, drawn at once: for notebooks without a database.

A busy cache and a quiet one, both with `legacy` and `new` on the same requests; a price import each
night; a stretch in which the collector of `new` was not heard; and two problems in the last days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from auditor.demo.shop import DAY_MINUTES, HIT_MS, LEGACY, LOAD_MS, NEW, requests_expected
from baselines.series import FloatArray, SeriesKey, Windows

CACHES = {"products": 10.0, "suggestions": 0.4}
"""How many times the small shop's requests each cache has."""
SHARES = {"products": (0.80, 0.83), "suggestions": (0.70, 0.70)}
"""Hits of gets at an ordinary hour: legacy, new. The two suggestions differ in nothing."""
KEYS = tuple(SeriesKey(cache, name) for cache in CACHES for name in (LEGACY, NEW))
FIRST = 29_449_440
"""Monday, 29 December 2025, 00:00 UTC, as an epoch minute: where the weeks begin."""
DAYS = 21
IMPORT = slice(3 * 60 + 10, 3 * 60 + 35)
"""Minutes of the day in which the price import empties part of `products`."""
IMPORT_LOSES = 0.35
UNHEARD = slice(9 * DAY_MINUTES + 16 * 60, 9 * DAY_MINUTES + 17 * 60 + 30)
SPREAD_OF_LOADS = 0.5
DRIFT = 0.04
MEMORY_MINUTES = 60.0


@dataclass(frozen=True, slots=True)
class Planted:
    """A problem put in on purpose, in [since, until), epoch minutes.

    lost: share of the hits that become misses. slower: factor on the time of a load.
    """

    says: str
    keys: tuple[SeriesKey, ...]
    since: int
    until: int
    lost: float = 0.0
    slower: float = 1.0


def planted(start: int = FIRST, days: int = DAYS) -> tuple[Planted, ...]:
    """The problems of the last two days, in the order of time."""
    end = start + days * DAY_MINUTES
    before, last = end - 2 * DAY_MINUTES, end - DAY_MINUTES
    return (
        Planted("new loses hits", (KEYS[1],), before + 850,
                before + 895, lost=0.4),
        Planted("loads are slow", KEYS[:2], last + 605, last + 630,
                slower=3.0),
    )  # fmt: skip


def weeks(days: int = DAYS, seed: int = 20, start: int = FIRST) -> Windows:
    """The windows of all four series; the same seed gives the same bits.

    start: epoch minute of a Monday's midnight, UTC.
    """
    random = np.random.default_rng(seed)
    minutes = np.arange(start, start + days * DAY_MINUTES)
    usual = np.array([requests_expected(int(each)) for each in minutes - start])
    slower = np.ones((minutes.size, len(KEYS)))
    odds = np.empty_like(slower)
    gets = np.empty_like(slower)
    for at, (cache, times) in enumerate(CACHES.items()):
        both = slice(2 * at, 2 * at + 2)
        gets[:, both] = random.poisson(times * usual * _drift(random, minutes.size))[:, None]
        share = np.array(SHARES[cache])
        wave = 0.15 * (usual / usual.mean() - 1.0) + np.log(_drift(random, minutes.size))
        odds[:, both] = np.log(share / (1.0 - share)) + wave[:, None]
    share = 1.0 / (1.0 + np.exp(-odds))
    night = minutes % DAY_MINUTES
    imports = (night >= IMPORT.start) & (night < IMPORT.stop)
    share[imports, :2] *= 1.0 - IMPORT_LOSES
    for each in planted(start, days):
        rows = slice(max(each.since - start, 0), max(each.until - start, 0))
        for key in each.keys:
            share[rows, KEYS.index(key)] *= 1.0 - each.lost
            slower[rows, KEYS.index(key)] *= each.slower
    columns = _columns(random, gets, share, slower)
    for values in columns.values():
        values[UNHEARD, 1] = np.nan
    return Windows(start, KEYS, columns)


def _columns(
    random: np.random.Generator, gets: FloatArray, share: FloatArray, slower: FloatArray
) -> dict[str, FloatArray]:
    """All columns, shape (m, 4), from the gets, the chance of a hit, and how slow loads are."""
    hits = random.binomial(gets.astype(np.int64), share).astype(np.float64)
    misses, hit_ms = gets - hits, np.array([HIT_MS[key.implementation_type] for key in KEYS])
    load_ms = (LOAD_MS + hit_ms) * slower
    of_hits, of_loads = (
        random.lognormal(0.0, 0.5 / np.sqrt(np.maximum(n, 1.0))) for n in (hits, misses)
    )
    hit_sum, miss_sum = hits * hit_ms * of_hits, misses * load_ms * of_loads
    loading = np.maximum(misses, 1.0) / np.maximum(gets, 1.0)
    columns = {
        "total_operations": gets + misses,
        "gets": gets,
        "hits": hits,
        "misses": misses,
        "sets": misses,
        "evictions": random.binomial(misses.astype(np.int64), 0.4),
        "expirations": random.binomial(misses.astype(np.int64), 0.5),
        "distinct_keys": np.floor(0.5 * gets),
        "hit_latency_sum_ms": hit_sum,
        "miss_latency_sum_ms": miss_sum,
        "latency_sum_ms": hit_sum + miss_sum,
        "p50_response_time_ms": hit_ms * of_hits,
        "p95_response_time_ms": _quantile(0.05, loading, load_ms) * of_loads,
        "p99_response_time_ms": _quantile(0.01, loading, load_ms) * of_loads,
        "completeness": np.ones_like(gets),
    }
    nothing = ("deletes", "errors", "get_errors", "load_errors", "set_errors")
    columns |= {name: np.zeros_like(gets) for name in nothing}
    return {name: values.astype(np.float64) for name, values in columns.items()}


def _quantile(beyond: float, loading: FloatArray, load_ms: FloatArray) -> FloatArray:
    """The time that this share of the gets exceeds, where all that are so slow are loads."""
    at = np.clip(1.0 - beyond / loading, 0.01, 0.99)
    return np.asarray(load_ms * np.exp(SPREAD_OF_LOADS * ndtri(at)))


def _drift(random: np.random.Generator, m: int) -> FloatArray:
    """A factor about 1 that wanders with a memory of an hour, shape (m,)."""
    keep, level = float(np.exp(-1.0 / MEMORY_MINUTES)), 0.0
    out = np.empty(m)
    for row, step in enumerate(random.normal(0.0, DRIFT * np.sqrt(1.0 - keep**2), m)):
        level = keep * level + step
        out[row] = level
    return np.exp(out)
