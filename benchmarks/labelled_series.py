"""Series with known oddities: carriers as operational metrics are, and what is planted into them.

    series = labelled("traffic", 300, seed=7)

Everything is drawn from the seed. A carrier is healthy by itself; `labelled` plants none to four
oddities into the last four fifths, of many kinds and of sizes from hardly visible to plain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from baselines.series import FloatArray

DAY_S = 86_400
ROWS = {60: 8640, 300: 4032, 3600: 1440}
"""Step in seconds -> rows: six days of minutes, two weeks of five minutes, two months of hours."""
START = 20_254.0 * DAY_S
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Labelled:
    """times: shape (m,), epoch seconds. values: shape (m,). events: (first row, row after the last,
    kind) of each oddity."""

    carrier: str
    step_s: int
    times: FloatArray
    values: FloatArray
    events: tuple[tuple[int, int, str], ...]


def labelled(carrier: str, step_s: int, seed: int, *, healthy: bool = False) -> Labelled:
    """One series; carrier: of CARRIERS, step_s: of ROWS."""
    random = np.random.default_rng([seed, list(CARRIERS).index(carrier), step_s])
    m = ROWS[step_s]
    values = CARRIERS[carrier](random, m, step_s)
    if carrier == "counter":
        values = np.maximum(np.diff(values, prepend=values[0]), 0.0)
    events = () if healthy else tuple(_planted(random, values, carrier))
    if carrier in NOT_NEGATIVE:
        values = np.maximum(values, 0.0)
    if carrier in WHOLE:
        values = np.round(values)
    if carrier in PERCENT:
        values = np.minimum(values, 100.0)
    values = np.cumsum(values) if carrier == "counter" else values
    return Labelled(carrier, step_s, START + step_s * np.arange(float(m)), values, events)


def _planted(random: Random, values: FloatArray, carrier: str) -> list[tuple[int, int, str]]:
    events: list[tuple[int, int, str]] = []
    m, last = values.size, 0
    for start in np.sort(random.uniform(0.2, 0.97, int(random.integers(0, 5)))) * m:
        since = int(max(start, last + 0.03 * m))
        until = min(since + int(np.exp(random.uniform(np.log(8), np.log(m / 25)))), m)
        if since > m - 20:
            break
        kind = str(random.choice(KINDS))
        kind = "level" if kind == "flatline" and carrier in STEPWISE else kind
        kind = "spike" if kind in DOWN and carrier == "sparse" else kind
        last = plant(random, kind, values, since, until)
        events.append((since, last, kind))
    return events


def plant(random: Random, kind: str, values: FloatArray, since: int, until: int) -> int:
    """Changes values[since:until] in place, and for `lasting` all that follows; returns its end."""
    size = _size(values)
    height = size * np.exp(random.uniform(np.log(0.4), np.log(2.5)))
    way, n = random.choice([-1, 1]), until - since
    part = values[since:until]
    if kind == "spike":
        until = since + int(random.integers(1, 4))
        values[since:until] += 1.3 * height
    elif kind == "dip":
        until = since + int(random.integers(1, 8))
        values[since:until] -= height
    elif kind == "level":
        part += way * height
    elif kind == "lasting":
        values[since:] += way * height
        until = min(since + 60, values.size)
    elif kind == "variance":
        smooth = np.convolve(np.pad(part, 5, "edge"), np.ones(11) / 11, "valid")
        part[:] = smooth + (part - smooth) * random.choice([3.0, 5.0])
        part += random.normal(0, 0.12 * size, n)
    elif kind == "trend":
        part += way * 1.2 * height * np.linspace(0, 1, n)
    elif kind == "flatline":
        part[:] = part[0]
    elif kind == "oscillation":
        part += 0.5 * height * np.sin(2 * np.pi * np.arange(n) / random.uniform(4, 20))
    elif kind == "missing season":
        usual = np.quantile(values, random.choice([0.05, 0.5]))
        part[:] = usual + random.normal(0, 0.03 * size, n)
    elif kind == "small shift":
        part += way * random.uniform(1.2, 2.5) * max(_noise(values), 0.03 * size)
    elif kind == "zero":
        part[:] = 0.0
    return until


def _size(values: FloatArray) -> float:
    low, high = np.quantile(values, (0.02, 0.98))
    least = 1.0 if (values == np.round(values)).all() else 1e-3
    return float(max(high - low, 0.02 * abs(np.median(values)), least))


def _noise(values: FloatArray) -> float:
    return float(np.median(np.abs(np.diff(values)))) * 1.05


def _wander(random: Random, m: int, keep: float) -> FloatArray:
    """An autoregressive series of variance 1."""
    steps = random.normal(0, np.sqrt(1 - keep**2), m)
    return np.asarray(lfilter([1.0], [1.0, -keep], steps))


def _keep(step_s: int, hours: float) -> float:
    return float(np.exp(-step_s / 3600 / hours))


def _season(random: Random, m: int, step_s: int) -> FloatArray:
    days = np.arange(m) * step_s / DAY_S + random.uniform(0, 7)
    phase, share = random.uniform(0, 1, 3), random.uniform(0, 0.4, 2)
    wave = np.sin(2 * np.pi * (days + phase[0])) + share[0] * np.sin(4 * np.pi * (days + phase[1]))
    wave += share[1] * np.sin(6 * np.pi * (days + phase[2]))
    return np.asarray(wave * np.where(days % 7 >= 5, random.uniform(0.4, 1), 1.0))


def _seasonal(random: Random, m: int, step_s: int) -> FloatArray:
    noise = random.uniform(1, 6) * _wander(random, m, _keep(step_s, 0.3))
    jitter = random.normal(0, random.uniform(0.5, 3), m)
    return np.asarray(50 + 20 * _season(random, m, step_s) + noise + jitter)


def _traffic(random: Random, m: int, step_s: int) -> FloatArray:
    rate = random.uniform(2, 7) + 0.8 * _season(random, m, step_s)
    rate += 0.1 * _wander(random, m, _keep(step_s, 1)) + random.uniform(0, 0.3) * np.arange(m) / m
    return random.poisson(np.exp(rate)).astype(float)


def _walk(random: Random, m: int, step_s: int) -> FloatArray:
    slow = 10 * _wander(random, m, _keep(step_s, random.uniform(10, 100)))
    return np.asarray(100 + slow + random.normal(0, random.uniform(0.1, 0.5), m))


def _bursty(random: Random, m: int, step_s: int) -> FloatArray:
    on, row, between = np.zeros(m), 0, random.uniform(40, 120)
    while row < m:
        row += int(random.exponential(between)) + 1
        length = int(random.exponential(6)) + 1
        on[row : row + length] = random.lognormal(0, 0.5)
    return np.asarray(5 + random.normal(0, 0.6, m) + 30 * on + _wander(random, m, 0.9))


def _quantised(random: Random, m: int, step_s: int) -> FloatArray:
    most, share = 2 * int(random.integers(2, 6)), random.uniform(0.005, 0.05)
    moves = np.where(random.random(m) < share, random.choice([-1, 1], m), 0)
    out, level = np.empty(m), most // 2
    for row, move in enumerate(moves):
        level = min(max(level + int(move), 0), most)
        out[row] = level
    return out


def _heavy(random: Random, m: int, step_s: int) -> FloatArray:
    level = random.uniform(1, 4) + 0.3 * _season(random, m, step_s)
    level += 0.2 * _wander(random, m, _keep(step_s, 0.5))
    tail = random.pareto(random.uniform(2, 4), m) * random.uniform(0.05, 0.5)
    return np.asarray(np.exp(level) * (1 + tail))


def _counter(random: Random, m: int, step_s: int) -> FloatArray:
    return np.cumsum(random.poisson(np.exp(4 + 0.5 * _season(random, m, step_s)))).astype(float)


def _processor(random: Random, m: int, step_s: int) -> FloatArray:
    use = 30 + 6 * _season(random, m, step_s) + 4 * _wander(random, m, _keep(step_s, 0.5))
    use += random.normal(0, 1.5, m)
    every = max(int(3600 * random.choice([1, 6, 24]) / step_s), 3)
    use[::every] += random.uniform(10, 40)
    return np.asarray(np.clip(use, 0, 100))


def _sawtooth(random: Random, m: int, step_s: int) -> FloatArray:
    out, level, rate = np.empty(m), 20.0, random.uniform(0.05, 0.5)
    for row in range(m):
        level += rate * random.gamma(2, 0.5)
        if level > 80 + random.normal(0, 2):
            level = 20 + random.normal(0, 2)
        out[row] = level
    return np.asarray(out + random.normal(0, 0.5, m))


def _sparse(random: Random, m: int, step_s: int) -> FloatArray:
    rate = random.uniform(0.02, 0.3) * np.exp(0.5 * _wander(random, m, 0.9))
    return random.poisson(rate).astype(float)


def _ratio(random: Random, m: int, step_s: int) -> FloatArray:
    share = 97 + 0.8 * _season(random, m, step_s)
    share -= np.abs(_wander(random, m, 0.7)) * random.uniform(0.2, 1) + random.exponential(0.3, m)
    return np.asarray(np.clip(share, 0, 100))


def _switching(random: Random, m: int, step_s: int) -> FloatArray:
    out, levels, row = np.empty(m), random.uniform(20, 80, 3), 0
    while row < m:
        length = int(random.exponential(m / 30)) + 5
        out[row : row + length] = random.choice(levels)
        row += length
    return np.asarray(out + random.normal(0, random.uniform(0.5, 2), m) + _wander(random, m, 0.8))


def _flat(random: Random, m: int, step_s: int) -> FloatArray:
    blips = random.random(m) < random.choice([0.0, 0.002])
    return np.asarray(np.round(random.uniform(1, 100)) + blips)


CARRIERS: dict[str, Callable[[Random, int, int], FloatArray]] = {
    "seasonal": _seasonal, "traffic": _traffic, "walk": _walk, "bursty": _bursty,
    "quantised": _quantised, "heavy": _heavy, "counter": _counter, "processor": _processor,
    "sawtooth": _sawtooth, "sparse": _sparse, "ratio": _ratio, "switching": _switching,
    "flat": _flat,
}  # fmt: skip
KINDS = (
    "spike", "dip", "level", "lasting", "variance", "trend", "flatline", "oscillation",
    "missing season", "small shift", "zero",
)  # fmt: skip
DOWN = ("dip", "missing season", "zero")
STEPWISE = ("quantised", "flat", "sparse")
NOT_NEGATIVE = (
    "traffic", "bursty", "quantised", "heavy", "counter", "processor", "sawtooth", "sparse",
    "ratio", "flat",
)  # fmt: skip
WHOLE = ("traffic", "quantised", "sparse", "counter", "flat")
PERCENT = ("processor", "ratio")
