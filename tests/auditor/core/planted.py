"""Planted truth: an ordinary fortnight of a small cache, and problems put into it on purpose."""

from __future__ import annotations

import numpy as np

from baselines.series import FloatArray, SeriesKey, Windows

LEGACY, NEW = SeriesKey("sessions", "legacy"), SeriesKey("sessions", "new")
MONDAY = 29_449_440
"""A Monday, 00:00 UTC, as epoch minute."""
DAY = 1440
HIT_MS, LOAD_MS = 0.5, 20.0
ENTRIES, VALUE_BYTES = 5000.0, 800.0


def healthy(days: float, seed: int, start: int = MONDAY) -> Windows:
    """Two implementations on the same traffic: nights at a tenth, Mondays at a half, a hit rate
    that is 90 % by day and 80 % by night, all of it noisier than chance."""
    random = np.random.default_rng(seed)
    m = int(days * DAY)
    minutes = np.arange(start, start + m)
    local = (minutes - MONDAY) % (7 * DAY)
    day_share = 0.55 - 0.45 * np.cos(2 * np.pi * (local % DAY) / DAY)
    monday = 1.0 - 0.5 * np.clip(4.0 * np.sin(np.pi * local / DAY), 0.0, 1.0) * (local < DAY)
    rate = 400.0 * day_share * monday * _drift(random, m, 0.03)
    gets = random.poisson(rate)[:, None] * np.ones((1, 2), dtype=np.int64)
    share = 0.8 + 0.1 * day_share
    odds = np.log(share / (1 - share)) + np.log(_drift(random, m, 0.03))
    hits = random.binomial(gets, (1 / (1 + np.exp(-odds)))[:, None])
    return assembled(start, gets, hits, random)


def assembled(
    start: int, gets: FloatArray, hits: FloatArray, random: np.random.Generator
) -> Windows:
    """All columns of a block from its gets and hits, shape (m, 2)."""
    hits, misses = hits.astype(float), (gets - hits).astype(float)
    hit_sum = hits * HIT_MS * random.lognormal(0, 0.4 / np.sqrt(np.maximum(hits, 1)))
    miss_sum = misses * LOAD_MS * random.lognormal(0, 0.5 / np.sqrt(np.maximum(misses, 1)))
    zero = np.zeros_like(hits)
    columns = {
        "gets": gets.astype(float),
        "hits": hits,
        "misses": misses,
        "sets": misses.copy(),
        "deletes": zero.copy(),
        "evictions": random.poisson(0.5 * misses).astype(float),
        "expirations": random.poisson(0.3 * misses).astype(float),
        "errors": zero.copy(),
        "get_errors": zero.copy(),
        "load_errors": zero.copy(),
        "set_errors": zero.copy(),
        "distinct_keys": np.floor(0.7 * gets),
        "hit_latency_sum_ms": hit_sum,
        "miss_latency_sum_ms": miss_sum,
        "latency_sum_ms": hit_sum + miss_sum,
        "p95_response_time_ms": np.full_like(hits, LOAD_MS),
        "total_operations": gets + misses,
        "completeness": np.ones_like(hits),
    }
    columns |= quantiles(hits, misses)
    columns["avg_cache_size"] = ENTRIES * random.lognormal(0, 0.01, hits.shape)
    columns["bytes_written"] = misses * VALUE_BYTES * random.lognormal(0, 0.05, hits.shape)
    return Windows(start, (LEGACY, NEW), columns)


def quantiles(hits: FloatArray, misses: FloatArray) -> dict[str, FloatArray]:
    """Medians and 95th percentiles of the times, NaN where there is no operation to have one."""
    random, out = np.random.default_rng(95), {}
    for part, count, centre in (("hit", hits, HIT_MS), ("miss", misses, LOAD_MS)):
        for name, factor in (("p50", 1.0), ("p95", 2.0)):
            noise = random.lognormal(0, 0.6 / np.sqrt(np.maximum(count, 1)))
            out[f"{part}_{name}_ms"] = np.where(count > 0, factor * centre * noise, np.nan)
    return out


def changed(windows: Windows, **columns: FloatArray) -> Windows:
    """The block with some columns replaced."""
    return Windows(windows.start, windows.keys, {**windows.columns, **columns})


def lost_hits(windows: Windows, since: int, until: int, share: float, column: int = 1) -> Windows:
    """A share of the hits of one series turned into misses, in rows since..until."""
    rows = slice(since, until)
    names = ("hits", "misses", "sets", "hit_latency_sum_ms", "miss_latency_sum_ms")
    new = {name: windows.column(name).copy() for name in (*names, "latency_sum_ms")}
    moved = np.round(share * new["hits"][rows, column])
    kept = 1 - moved / np.maximum(new["hits"][rows, column], 1)
    new["hit_latency_sum_ms"][rows, column] *= kept
    new["hits"][rows, column] -= moved
    new["misses"][rows, column] += moved
    new["sets"][rows, column] += moved
    new["miss_latency_sum_ms"][rows, column] += moved * LOAD_MS
    new["latency_sum_ms"] = new["hit_latency_sum_ms"] + new["miss_latency_sum_ms"]
    new["total_operations"] = windows.column("gets") + new["sets"]
    return changed(windows, **new)


def multiplied(windows: Windows, name: str, since: int, until: int, factor: float) -> Windows:
    """One column of the second series multiplied in rows since..until."""
    new = windows.column(name).copy()
    new[since:until, 1] *= factor
    return changed(windows, **{name: new})


def purged(windows: Windows, since: int, until: int) -> Windows:
    """A hundred deletes a minute of the second series in rows since..until."""
    deletes = windows.column("deletes").copy()
    deletes[since:until, 1] = 100.0
    return changed(windows, deletes=deletes)


def slow_loads(windows: Windows, since: int, until: int, factor: float) -> Windows:
    """Loads of both series slower by a factor, in rows since..until."""
    names = ("miss_latency_sum_ms", "miss_p50_ms", "miss_p95_ms")
    new = {name: windows.column(name).copy() for name in names}
    for values in new.values():
        values[since:until] *= factor
    hits = windows.column("hit_latency_sum_ms")
    return changed(windows, **new, latency_sum_ms=hits + new["miss_latency_sum_ms"])


def slow_hits(windows: Windows, since: int, until: int, factor: float) -> Windows:
    """Hits of the second series slower by a factor, in rows since..until."""
    names = ("hit_latency_sum_ms", "hit_p50_ms", "hit_p95_ms")
    new = {name: windows.column(name).copy() for name in names}
    for values in new.values():
        values[since:until, 1] *= factor
    loads = windows.column("miss_latency_sum_ms")
    return changed(windows, **new, latency_sum_ms=loads + new["hit_latency_sum_ms"])


def scaled_traffic(
    windows: Windows, since: int, until: int, share: float, columns: slice = slice(None)
) -> Windows:
    """All counts and sums at a share, in rows since..until; whole numbers stay whole."""
    new = {}
    for name, values in windows.columns.items():
        new[name] = values.copy()
        if name != "completeness" and "p50" not in name and "p95" not in name:
            cut = new[name][since:until, columns] * share
            new[name][since:until, columns] = cut if name.endswith("_ms") else np.floor(cut)
    whole = new["hits"] + new["misses"]
    new["gets"] = whole + new["get_errors"]
    return Windows(windows.start, windows.keys, new)


def unheard(windows: Windows, since: int, until: int, columns: slice = slice(None)) -> Windows:
    """Windows missing altogether, in rows since..until."""
    new = {name: values.copy() for name, values in windows.columns.items()}
    for values in new.values():
        values[since:until, columns] = np.nan
    return Windows(windows.start, windows.keys, new)


def failing_gets(windows: Windows, since: int, until: int, share: float) -> Windows:
    """A share of the hits of the second series failing before they are hits."""
    names = ("hits", "errors", "get_errors", "hit_latency_sum_ms")
    new = {name: windows.column(name).copy() for name in names}
    failed = np.round(share * new["hits"][since:until, 1])
    new["hits"][since:until, 1] -= failed
    new["hit_latency_sum_ms"][since:until, 1] *= 1 - share
    new["errors"][since:until, 1] += failed
    new["get_errors"][since:until, 1] += failed
    return changed(windows, **new)


def _drift(random: np.random.Generator, m: int, size: float) -> FloatArray:
    """A factor about 1 that wanders with a memory of an hour."""
    out, level = np.empty(m), 0.0
    keep = np.exp(-1 / 60)
    for row, step in enumerate(random.normal(0, size * np.sqrt(1 - keep**2), m)):
        level = keep * level + step
        out[row] = level
    return np.exp(out)
