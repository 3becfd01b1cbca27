"""Healthy weeks of very different caches, drawn from a seed, and the loss of hits put into them.

    cache = draw_cache(seed, number)
    windows = together(START, [made(cache, 3 * WEEK)])

Every healthy thing that a cache does here it does in each of its weeks, so that it can be learned;
what wanders by itself (rate, hit share, times) wanders for hours, as in life.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from baselines.series import COLUMNS, FloatArray, SeriesKey, Windows

DAY = 1440
WEEK = 7 * DAY
START = 29_449_440
"""A Monday, 00:00 UTC, as epoch minute."""
SHAPES = (
    "flat", "daily", "weekly", "bursty", "growing", "quiet nights", "overdispersed", "switching",
    "low counts",
)  # fmt: skip
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Cache:
    """What one cache is like. rate: mean gets a minute of each implementation."""

    name: str
    shape: str
    rate: float
    implementations: int
    seed: tuple[int, int]

    @property
    def keys(self) -> tuple[SeriesKey, ...]:
        return tuple(SeriesKey(self.name, each) for each in ("legacy", "new"))[
            : self.implementations
        ]


def draw_cache(seed: int, number: int) -> Cache:
    """The shapes come in turn, and so do one and two implementations; the rate is drawn evenly on
    the scale of powers, 0.1 to 10,000 (low counts: to 3) gets a minute."""
    shape = SHAPES[number % len(SHAPES)]
    random = np.random.default_rng([seed, number])
    rate = 10.0 ** random.uniform(-1, 0.5 if shape == "low counts" else 4)
    pair = number // len(SHAPES) % 2 == 1
    return Cache(f"cache{number:04d}", shape, rate, 1 + pair, (seed, number))


def made(cache: Cache, minutes: int, start: int = START) -> Windows:
    """So many minutes of its life, shape (minutes, implementations)."""
    random = np.random.default_rng([*cache.seed, 1])
    n, m = cache.implementations, minutes
    rate = np.maximum(cache.rate * _profile(random, cache.shape, start, m), 1e-4)
    mirrored = bool(random.random() < 0.5)
    asked = _counted(random, rate, cache.shape)
    gets = np.stack([asked if mirrored else _counted(random, rate, cache.shape) for _ in range(n)])
    odds = random.uniform(0.5, 3.5) + random.uniform(0, 0.3) * np.log(rate / rate.mean())
    odds = odds + random.uniform(0.02, 0.12) * wander(random, m, random.uniform(0.3, 6))
    hits = np.empty((n, m))
    for at in range(n):
        own = odds + random.normal(0, 0.2) + 0.03 * wander(random, m, 2)
        hits[at] = random.binomial(gets[at].astype(np.int64), _share(random, cache.shape, own))
    return _assembled(random, cache, start, gets.T, hits.T)


def without_hits(
    windows: Windows, column: int, since: int, until: int, share: float, random: Random
) -> Windows:
    """The block with this share of one series' hits turned into misses in rows since..until.

    random: of which hits; a lost one is loaded and set as the others are.
    """
    new = {name: values.copy() for name, values in windows.columns.items()}
    rows = slice(since, until)
    hits, misses = new["hits"][rows, column], new["misses"][rows, column]
    lost = random.binomial(np.nan_to_num(hits).astype(np.int64), share).astype(float)
    load_ms = windows.column("miss_latency_sum_ms")[:, column].sum()
    load_ms /= max(float(windows.column("misses")[:, column].sum()), 1.0)
    hit_sum, miss_sum = new["hit_latency_sum_ms"], new["miss_latency_sum_ms"]
    hit_sum[rows, column] *= 1 - lost / np.maximum(hits, 1)
    miss_sum[rows, column] += lost * load_ms
    new["hits"][rows, column], new["misses"][rows, column] = hits - lost, misses + lost
    for name in ("sets", "total_operations"):
        new[name][rows, column] += lost
    new["latency_sum_ms"] = hit_sum + miss_sum
    return Windows(windows.start, windows.keys, new)


def together(blocks: Sequence[Windows]) -> Windows:
    """Blocks of the same minutes beside each other."""
    keys = tuple(key for block in blocks for key in block.keys)
    names = blocks[0].columns
    columns = {name: np.hstack([block.columns[name] for block in blocks]) for name in names}
    return Windows(blocks[0].start, keys, columns)


def wander(random: Random, m: int, hours: float) -> FloatArray:
    """An autoregressive series of variance 1 that forgets itself within so many hours."""
    keep = float(np.exp(-1 / (60 * hours)))
    steps = random.normal(0, np.sqrt(1 - keep**2), m)
    steps[0] = random.normal()
    return np.asarray(lfilter([1.0], [1.0, -keep], steps))


def _profile(random: Random, shape: str, start: int, m: int) -> FloatArray:
    """Traffic over its mean, shape (m,)."""
    minute = np.arange(start, start + m)
    day = minute % DAY / DAY + random.uniform(0, 1)
    weekday = (minute - START) // DAY % 7
    wave = np.exp(random.uniform(0.3, 1.2) * np.sin(2 * np.pi * day))
    level = np.exp(random.uniform(0.02, 0.12) * wander(random, m, random.uniform(0.3, 6)))
    if shape == "daily":
        level *= wave
    elif shape in ("weekly", "growing"):
        level *= wave * np.where(weekday >= 5, random.uniform(0.3, 0.8), 1.0)
    if shape == "growing":
        level *= np.exp(np.log1p(random.uniform(0.03, 0.15)) * (minute - START) / WEEK)
    elif shape == "bursty":
        level *= 1 + random.uniform(1, 4) * _bursts(random, m)
    elif shape == "quiet nights":
        level *= 0.01 + np.clip(1.5 * np.sin(2 * np.pi * day) + 0.5, 0, 1)
    elif shape == "switching":
        level *= _switches(random, minute)
    return np.asarray(level)


def _bursts(random: Random, m: int) -> FloatArray:
    """1 in bursts of minutes that come every few hours, 0 between them, shape (m,)."""
    every, long = random.uniform(60, 300), random.uniform(3, 12)
    starts = np.flatnonzero(random.random(m) < 1 / every)
    on = np.zeros(m)
    for at in starts.tolist():
        on[at : at + 1 + int(random.exponential(long))] = 1.0
    return on


def _switches(random: Random, minute: FloatArray) -> FloatArray:
    """Sharp levels: office hours, and a batch at one time each day, shape (m,)."""
    of_day = minute % DAY
    opens, closes = random.integers(6, 10) * 60, random.integers(16, 22) * 60
    batch, long = random.integers(0, 23) * 60, random.integers(10, 60)
    office = np.where((of_day >= opens) & (of_day < closes), random.uniform(1.5, 5), 1.0)
    running = (of_day >= batch) & (of_day < batch + long)
    return np.asarray(office * np.where(running, random.uniform(2, 6), 1.0))


def _counted(random: Random, rate: FloatArray, shape: str) -> FloatArray:
    """Poisson counts, or with gamma rates where they stray further than that."""
    if shape == "overdispersed":
        size = 1 / random.uniform(0.05, 0.4)
        rate = rate * random.gamma(size, 1 / size, rate.size)
    return random.poisson(rate).astype(float)


def _share(random: Random, shape: str, odds: FloatArray) -> FloatArray:
    share = 1 / (1 + np.exp(-odds))
    if shape != "overdispersed":
        return np.asarray(share)
    strength = random.uniform(20, 100)
    return np.asarray(random.beta(share * strength, (1 - share) * strength))


def _assembled(
    random: Random, cache: Cache, start: int, gets: FloatArray, hits: FloatArray
) -> Windows:
    """All columns that a collector of one process would give, shape (m, n) each."""
    m, n = gets.shape
    lost = random.binomial(gets.astype(np.int64), random.choice([0.0, 0.0, 1e-4])).astype(float)
    hits = np.minimum(hits, gets - lost)
    misses = gets - hits - lost
    failed = random.binomial(misses.astype(np.int64), random.choice([0.0, 0.001])).astype(float)
    sets = misses - failed
    hit_ms, load_ms = random.uniform(0.05, 2), random.uniform(5, 100)
    drift = np.stack([wander(random, m, 1) for _ in range(2 * n)], axis=1) * 0.08
    hit_sum = hits * hit_ms * _mean_of(random, hits, 0.5) * np.exp(drift[:, :n])
    miss_sum = misses * load_ms * _mean_of(random, misses, 0.7) * np.exp(drift[:, n:])
    gone = random.binomial(sets.astype(np.int64), 0.6).astype(float)
    bytes_each = random.uniform(100, 5000)
    entries = 50 * cache.rate + 100
    zero = np.zeros((m, n))
    found: dict[str, FloatArray] = {
        "gets": gets, "hits": hits, "misses": misses, "sets": sets, "deletes": zero,
        "total_operations": gets + sets, "evictions": gone, "expirations": sets - gone,
        "get_errors": lost, "load_errors": failed, "set_errors": zero, "errors": lost + failed,
        "hit_latency_sum_ms": hit_sum, "miss_latency_sum_ms": miss_sum,
        "latency_sum_ms": hit_sum + miss_sum, "bytes_read": hits * bytes_each,
        "bytes_written": sets * bytes_each, "distinct_keys": np.ceil(gets**0.85),
        "avg_cache_size": entries * random.lognormal(0, 0.01, (m, n)),
    }  # fmt: skip
    return Windows(start, cache.keys, {name: found[name] for name in COLUMNS if name in found})


def _mean_of(random: Random, counts: FloatArray, spread: float) -> FloatArray:
    """The mean of so many times of mean 1, each spread by so much; shape kept."""
    return np.asarray(random.gamma(np.maximum(counts, 0.5) / spread**2) * spread**2
                      / np.maximum(counts, 0.5))  # fmt: skip
