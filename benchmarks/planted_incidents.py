"""Generated windows with incidents whose place is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from baselines.series import FloatArray, Windows
from benchmarks.alert_figures import Alert, Figures, Workload, judged
from benchmarks.healthy_traffic import DAY, Cache, made, together, without_hits


def generated(seed: int, days: int = 14, first: int = 7) -> Workload:
    """Four caches of different traffic, one incident a day and cache after the first days: hits
    lost, loads slow, gets that fail or traffic gone, for a half to two hours."""
    random = np.random.default_rng([seed, 7])
    shapes = ("flat", "daily", "quiet nights", "bursty")
    caches = [
        Cache(f"{shape} {at}", shape, float(10 ** random.uniform(1.5, 3)), 1, (seed, at))
        for at, shape in enumerate(shapes)
    ]
    windows = together([made(each, days * DAY) for each in caches])
    events: list[tuple[int, int, int]] = []
    for day in range(first, days):
        for column in range(len(caches)):
            since = day * DAY + int(random.integers(0, DAY - 180))
            until = since + int(random.integers(30, 121))
            kind = KINDS[int(random.integers(len(KINDS)))]
            windows = kind(windows, column, since, until, random)
            events.append((column, since, until))

    def judge(alerts: Sequence[Alert]) -> Figures:
        return judged(windows, alerts, events, first * DAY)

    return Workload(f"generated {seed}", windows, first * DAY, judge)


def _slow(w: Windows, column: int, since: int, until: int, _: np.random.Generator) -> Windows:
    loads = w.columns["miss_latency_sum_ms"].copy()
    loads[since:until, column] *= 3.0
    total = w.columns["hit_latency_sum_ms"] + loads
    return _with(w, miss_latency_sum_ms=loads, latency_sum_ms=total)


def _failing(w: Windows, column: int, since: int, until: int, r: np.random.Generator) -> Windows:
    failed = w.columns["load_errors"].copy()
    misses = w.columns["misses"][since:until, column].astype(np.int64)
    failed[since:until, column] = r.binomial(misses, 0.4)
    return _with(w, load_errors=failed, errors=w.columns["get_errors"] + failed)


def _fewer(w: Windows, column: int, since: int, until: int, _: np.random.Generator) -> Windows:
    new = {name: values.copy() for name, values in w.columns.items()}
    for name, values in new.items():
        if name != "avg_cache_size":
            part = values[since:until, column] * 0.2
            values[since:until, column] = part if name.endswith("_ms") else np.floor(part)
    new["gets"] = new["hits"] + new["misses"] + new["get_errors"]
    return Windows(w.start, w.keys, new)


def _lost(w: Windows, column: int, since: int, until: int, r: np.random.Generator) -> Windows:
    return without_hits(w, column, since, until, 0.4, r)


KINDS = (_lost, _slow, _failing, _fewer)


def _with(windows: Windows, **columns: FloatArray) -> Windows:
    return Windows(windows.start, windows.keys, {**windows.columns, **columns})
