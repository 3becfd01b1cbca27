"""Made-up pairs of implementations on one cache, for the campaign of `compare`.

What makes a comparison hard is in them, drawn anew for each pair by its seed:

- traffic with a day, a weekend, a drift that both feel, and bursts of up to four times
- mirrored traffic, or a split of which the candidate has 5 to 50 %, in a quarter of those a ramp
- a hit rate with a day and a drift that both feel (0.15 in log odds, two hours' memory)
- a drift of its own for each side (0.1 to 0.7 points, memory of ten minutes to four hours), minute
  noise of its own beyond the binomial (0.13 in log odds), and about one dip of its own a day
- load times with a drift that both feel, an own one, and slow spells of the backend
- errors: a few always, bursts that hit both, rarer ones that hit one
- missing minutes, and an hour or more in which one side is silent
- in half of the pairs the candidate starts cold, six hours after the baseline

The hits of the two sides are drawn apart even where the traffic is mirrored, which is harder than
life. Without a planted difference both sides are drawn alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from auditor.comparing.quantiles import ResponseTimes
from baselines.series import FloatArray, IntArray, SeriesKey, Windows
from benchmarks.pair_latencies import Speeds, hour_histograms, minute_quantiles

CACHE, BASELINE, CANDIDATE = "sessions", "legacy", "new"
KEYS = (SeriesKey(CACHE, BASELINE), SeriesKey(CACHE, CANDIDATE))
MONDAY = 29_449_440
"""A Monday, 00:00 UTC, as epoch minute."""
DAY, HOUR = 1440, 60
AHEAD = 6 * HOUR
"""Minutes that the baseline is there before the candidate."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is drawn. points: by how much the candidate's hit rate differs, in percentage points.

    gets: a minute, of the thinner side and on average; None: 30 to 3,000.
    share: the candidate's part of a split; None: drawn. mirrored: None: half of the pairs.
    """

    points: float = 0.0
    gets: float | None = None
    mirrored: bool | None = None
    share: float | None = None
    days: int = 7
    histograms: bool = True


@dataclass(frozen=True, slots=True)
class Pair:
    """windows: of both sides. response_times: their hourly histograms, or None where only minutes'
    quantiles are known. first: the candidate's first minute."""

    windows: Windows
    response_times: ResponseTimes | None
    first: int

    def until(self, minute: int) -> tuple[Windows, ResponseTimes | None]:
        """What there is when a minute begins, and no more."""
        windows = self.windows.between(self.windows.start, minute)
        if self.response_times is None:
            return windows, None
        times = self.response_times
        hours = max((minute - times.start) // HOUR, 0)
        return windows, ResponseTimes(times.start, times.edges_ms, times.counts[:hours])


def make_pair(seed: int, kind: Kind) -> Pair:
    """One pair; the same seed and kind make the same bits."""
    random = np.random.default_rng(seed)
    m = kind.days * DAY + AHEAD
    start = MONDAY + int(random.integers(0, 7 * DAY)) - AHEAD
    gets = _gets(random, start, m, kind)
    share = _hit_share(random, start, m, kind.points)
    hits = random.binomial(gets, share)
    speeds = _speeds(random, m)
    windows = _assembled(random, start, gets, hits, speeds, kind)
    windows = _with_gaps(random, windows)
    times = hour_histograms(random, windows, speeds) if kind.histograms else None
    return Pair(windows, times, start + AHEAD)


def wandering(random: Generator, m: int, size: float, memory: float) -> FloatArray:
    """An Ornstein-Uhlenbeck path with a memory in minutes, shape (m,)."""
    kept = np.exp(-1.0 / memory)
    steps = random.normal(0.0, size * np.sqrt(1.0 - kept**2), m)
    steps[0] = random.normal(0.0, size)
    out, level = np.empty(m), 0.0
    for row, step in enumerate(steps):
        level = kept * level + step
        out[row] = level
    return out


def spells(random: Generator, m: int, per_day: float, longest: int, high: float) -> FloatArray:
    """0, and for short spells a height up to `high`; shape (m,)."""
    out = np.zeros(m)
    for begin in random.integers(0, m, random.poisson(per_day * m / DAY)):
        out[begin : begin + random.integers(2, longest)] = high * random.uniform(0.3, 1.0)
    return out


def _day(start: int, m: int) -> FloatArray:
    """0 at night to 1 by day, a little less on weekends; shape (m,)."""
    minute = np.arange(start, start + m)
    weekend = ((minute - MONDAY) // DAY) % 7 >= 5
    return (0.5 - 0.5 * np.cos(2 * np.pi * (minute % DAY) / DAY)) * np.where(weekend, 0.8, 1.0)


def _gets(random: Generator, start: int, m: int, kind: Kind) -> IntArray:
    """Gets a minute, shape (m, 2)."""
    thin = kind.gets if kind.gets is not None else float(np.exp(random.uniform(3.4, 8.0)))
    shape = 1.0 - random.uniform(0.3, 0.9) * (1.0 - _day(start, m))
    shape = shape * np.exp(wandering(random, m, 0.1, 30.0)) * (1 + spells(random, m, 4, 20, 3.0))
    rate = thin * shape / shape.mean()
    mirrored = random.random() < 0.5 if kind.mirrored is None else kind.mirrored
    part = random.choice([0.05, 0.1, 0.2, 0.5]) if kind.share is None else kind.share
    ramp = np.where(np.arange(m) < random.integers(0, m), 1.0, 2.0)
    ramp = ramp if random.random() < 0.25 and part < 0.5 else np.ones(m)
    if mirrored:
        same = random.poisson(rate)
        return np.stack([same, same], axis=1)
    both = random.poisson(rate / part)
    taken = random.binomial(both, part * ramp)
    return np.stack([both - taken, taken], axis=1)


def _hit_share(random: Generator, start: int, m: int, points: float) -> FloatArray:
    """The chance of a hit, minute by minute, shape (m, 2)."""
    middle = random.uniform(0.6, 0.95)
    odds = np.log(middle / (1 - middle)) + random.uniform(0.1, 0.4) * (_day(start, m) - 0.5)
    odds = odds + wandering(random, m, 0.15, 120.0)
    size = random.uniform(0.001, 0.007) / (middle * (1 - middle))
    memory = float(np.exp(random.uniform(2.3, 5.5)))
    sides = []
    for _ in KEYS:
        own = wandering(random, m, size, memory) + random.normal(0, 0.13, m)
        sides.append(odds + own - spells(random, m, 1.0, 15, 0.5))
    if random.random() < 0.5:
        cold = np.exp(-np.maximum(np.arange(m) - AHEAD, 0) / random.uniform(10, 60))
        sides[1] = sides[1] - 2.0 * cold
    share = 1.0 / (1.0 + np.exp(-np.stack(sides, axis=1)))
    share[:, 1] += points / 100.0
    found: FloatArray = np.clip(share, 0.0, 1.0)
    return found


def _speeds(random: Generator, m: int) -> Speeds:
    """Median hit and load times in ms, shape (m, 2) each."""
    hit, load = np.exp(random.uniform(-3.0, 1.0)), np.exp(random.uniform(1.6, 4.0))
    shared = wandering(random, m, 0.15, 60.0) + spells(random, m, 1.0, 30, 1.0)
    memory = float(np.exp(random.uniform(2.3, 5.5)))
    own = np.stack([wandering(random, m, 0.03, memory) for _ in KEYS], axis=1)
    quick = np.stack([wandering(random, m, 0.03, memory) for _ in KEYS], axis=1)
    return Speeds(hit * np.exp(quick), load * np.exp(shared[:, None] + own))


def _assembled(
    random: Generator, start: int, gets: IntArray, hits: IntArray, speeds: Speeds, kind: Kind
) -> Windows:
    misses = gets - hits
    hit_sum, miss_sum = speeds.sums(random, hits, misses)
    m = len(gets)
    failing = random.uniform(1e-5, 1e-3) + spells(random, m, 0.5, 8, 0.05)
    failing = np.stack([failing + spells(random, m, 0.3, 5, 0.02) for _ in KEYS], axis=1)
    columns = {
        "total_operations": gets + misses,
        "gets": gets,
        "hits": hits,
        "misses": misses,
        "sets": misses,
        "errors": random.binomial(gets + misses, np.minimum(failing, 1.0)),
        "get_errors": np.zeros_like(gets),
        "latency_sum_ms": hit_sum + miss_sum,
        "hit_latency_sum_ms": hit_sum,
        "miss_latency_sum_ms": miss_sum,
    }
    if not kind.histograms:
        columns |= minute_quantiles(random, hits, misses, speeds)
    return Windows(start, KEYS, {name: each.astype(np.float64) for name, each in columns.items()})


def _with_gaps(random: Generator, windows: Windows) -> Windows:
    """A minute in a hundred missing on each side, one silence of 1 to 3 h, a late candidate."""
    m = windows.shape[0]
    gone = random.random((m, 2)) < 0.01
    begin, side = int(random.integers(AHEAD, m)), int(random.integers(0, 2))
    gone[begin : begin + int(random.integers(60, 180)), side] = True
    gone[:AHEAD, 1] = True
    columns = {name: np.where(gone, np.nan, each) for name, each in windows.columns.items()}
    return Windows(windows.start, windows.keys, columns)
