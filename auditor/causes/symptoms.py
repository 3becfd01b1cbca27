"""How a problem shows, in factors of the ordinary: what causes are told apart by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.statistics.scene import EPISODE, Scene
from baselines.series import FloatArray, siblings

BEFORE = 10
"""Rows ahead of the stretch that say how full the cache was."""
PRIOR = 3.0
"""Events added to both sides of a factor of counts, so that 1 of an expected 0.1 is not tenfold."""


@dataclass(frozen=True, slots=True)
class Symptoms:
    """One series over the episode so far; factors are found / expected, NaN = not measured.

    minutes: length of the stretch. miss_share: misses among hits and misses, late_miss_share: the
    same in the latest third. entries: how many the cache holds now over how many it held before the
    stretch. error_share,
    load_error_share, connection_error_share: of operations, loads, gets. fading: miss ratio of the
    latest third over that of the first third. missing: share of minutes without a window.
    sibling_*: the mean of the other implementations of the same cache.
    """

    minutes: int
    miss_share: float
    late_miss_share: float
    entries: float
    misses: float
    hit_time: float
    load_time: float
    error_share: float
    load_error_share: float
    connection_error_share: float
    traffic: float
    sets: float
    sets_a_miss: float
    evictions: float
    expirations: float
    deletes: float
    distinct_keys: float
    fading: float
    missing: float
    completeness: float
    sibling_misses: float
    sibling_hit_time: float
    sibling_load_time: float
    sibling_traffic: float


def symptoms(scene: Scene, first: int, last: int, column: int) -> Symptoms:
    """The symptoms of one series in rows first..last (both with), at most the last EPISODE rows."""
    span = slice(max(first, last + 1 - EPISODE, 0), last + 1)
    own = _Factors(scene, span, column)
    others = [_Factors(scene, span, other) for other in siblings(scene.windows.keys)[column]]
    return Symptoms(
        minutes=span.stop - span.start,
        miss_share=own.share("misses", "hits", "misses"),
        late_miss_share=own.late_miss_share(),
        entries=own.entries(),
        misses=own.misses(),
        hit_time=own.time("hit", "hits"),
        load_time=own.time("miss", "misses"),
        error_share=own.share("errors", "total_operations"),
        load_error_share=own.share("load_errors", "misses"),
        connection_error_share=own.share("get_errors", "gets"),
        traffic=own.count("gets", "traffic"),
        sets=own.count("sets", "sets"),
        sets_a_miss=own.sets_a_miss(),
        evictions=own.count("evictions", "evictions"),
        expirations=own.count("expirations", "expirations"),
        deletes=own.count("deletes", "deletes"),
        distinct_keys=own.count("distinct_keys", "distinct_keys"),
        fading=own.fading(),
        missing=float(np.mean(~np.isfinite(own.column("gets")))),
        completeness=own.least("completeness"),
        sibling_misses=_mean([each.misses() for each in others]),
        sibling_hit_time=_mean([each.time("hit", "hits") for each in others]),
        sibling_load_time=_mean([each.time("miss", "misses") for each in others]),
        sibling_traffic=_mean([each.count("gets", "traffic") for each in others]),
    )


class _Factors:
    """Sums of one series over one stretch."""

    def __init__(self, scene: Scene, span: slice, column: int) -> None:
        self._scene, self._span, self._column = scene, span, column

    def column(self, name: str) -> FloatArray:
        return self._scene.windows.column(name)[self._span, self._column]

    def expected(self, metric: str) -> FloatArray:
        return self._scene.expectations[metric].centre[self._span, self._column]

    def least(self, name: str) -> float:
        found = self.column(name)
        return float(np.nanmin(found)) if np.isfinite(found).any() else float("nan")

    def share(self, part: str, *whole: str) -> float:
        total = sum(float(np.nansum(self.column(name))) for name in whole)
        found = self.column(part)
        if not np.isfinite(found).any() or total <= 0:
            return float("nan")
        return float(np.nansum(found)) / total

    def count(self, name: str, metric: str) -> float:
        found, expected = np.nan_to_num(self.column(name)), self.expected(metric)
        if not np.isfinite(expected).any():
            return float("nan")
        return float((found.sum() + PRIOR) / (np.nansum(expected) + PRIOR))

    def late_miss_share(self) -> float:
        """Misses among hits and misses in the latest third, at least one minute."""
        misses, hits = self.column("misses"), self.column("hits")
        late = slice(misses.size - max(misses.size // 3, 1), None)
        total = float(np.nansum(misses[late]) + np.nansum(hits[late]))
        return float(np.nansum(misses[late])) / total if total > 0 else float("nan")

    def entries(self) -> float:
        """Entries at the end of the stretch over the mean of the BEFORE rows ahead of it."""
        held = self._scene.windows.column("avg_cache_size")[:, self._column]
        first = self._span.start
        before = held[max(first - BEFORE, 0) : first]
        now = held[self._span]
        before, now = before[np.isfinite(before)], now[np.isfinite(now)]
        if before.size == 0 or now.size == 0 or before.mean() <= 0:
            return float("nan")
        return float(now[-1] / before.mean())

    def misses(self) -> float:
        share = 1 - self.expected("hit_rate") / 100.0
        trials = self.column("hits") + self.column("misses")
        if not np.isfinite(share * trials).any():
            return float("nan")
        found = float(np.nansum(self.column("misses")))
        return (found + PRIOR) / (float(np.nansum(share * trials)) + PRIOR)

    def time(self, which: str, counts: str) -> float:
        found, count = self.column(f"{which}_latency_sum_ms"), self.column(counts)
        expected = float(np.nansum(count * self.expected(f"{which}_latency_ms")))
        return float(np.nansum(found)) / expected if expected > 0 else float("nan")

    def sets_a_miss(self) -> float:
        """Sets per miss over the ordinary sets per miss."""
        expected = float(np.nansum(self.column("misses") * self.expected("fill_share")))
        if expected <= 0:
            return float("nan")
        return (float(np.nansum(self.column("sets"))) + PRIOR) / (expected + PRIOR)

    def fading(self) -> float:
        misses, trials = self.column("misses"), self.column("hits") + self.column("misses")
        third = misses.size // 3
        if third == 0:
            return float("nan")
        early, late = slice(0, third), slice(misses.size - third, None)
        shares = [
            float(np.nansum(misses[at])) / max(float(np.nansum(trials[at])), 1.0)
            for at in (early, late)
        ]
        return shares[1] / shares[0] if shares[0] > 0 else float("nan")


def _mean(values: list[float]) -> float:
    found = [value for value in values if np.isfinite(value)]
    return float(np.mean(found)) if found else float("nan")
