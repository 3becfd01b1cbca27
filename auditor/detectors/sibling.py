"""One implementation against the others on the same traffic: what moves one only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import Channel, Evidence
from auditor.statistics.pooling import pooled
from auditor.statistics.scene import Scene
from baselines.metrics import BY_NAME, Metric, denominator, numerator, quotient
from baselines.series import FloatArray, siblings

POOLS = (3, 10)
PRIOR = 5.0
"""Bad events added to both sides, so that a few of them make no ratio."""
LEAST_TRIALS = 20.0


@dataclass(frozen=True, slots=True)
class Sibling:
    """Departure from the own expectation minus that of the sibling implementations.

    Ratios: difference of log(bad / expected bad) over its Poisson error; levels: difference of
    log(time / expected) over the spread. Not judged where a cache has one implementation only.
    """

    name: str = "sibling"
    metrics: tuple[str, ...] = ("hit_rate", "hit_latency_ms", "miss_latency_ms")
    opens: bool = True
    least_scale: float = 0.25

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        others = siblings(scene.windows.keys)
        return tuple(
            self._one(scene, BY_NAME[name], minutes, others)
            for name in self.metrics
            for minutes in POOLS
        )

    def _one(
        self, scene: Scene, metric: Metric, minutes: int, others: Sequence[Sequence[int]]
    ) -> Evidence:
        above, below = numerator(metric, scene.windows), denominator(metric, scene.windows)
        expected = scene.expectations[metric.name]
        known = np.isfinite(above) & (below > 0) & np.isfinite(expected.centre)
        count = pooled(np.where(known, below, 0.0), minutes)
        centre = pooled(np.where(known, below * expected.centre / metric.scale, 0.0), minutes)
        found = pooled(np.where(known, above, 0.0), minutes)
        with np.errstate(divide="ignore", invalid="ignore"):
            value, mean = quotient(metric, found, count), metric.scale * centre / count
            away, error = _departure(metric, found, centre, count, expected.dispersion)
        away = np.where(known & (count >= _least(metric)), away, np.nan)
        statistic = np.full(away.shape, np.nan)
        for column, group in enumerate(others):
            if group:
                theirs, their_error = _mean(away, group), _mean(error**2, group) / len(group)
                spread = np.sqrt(error[:, column] ** 2 + their_error)
                statistic[:, column] = (away[:, column] - theirs) / spread
        unknown = np.full(away.shape, np.nan)
        return Evidence(
            Channel(self.name, metric.name, minutes),
            statistic,
            value,
            mean,
            unknown,
            unknown,
            count,
        )


def _departure(
    metric: Metric, found: FloatArray, centre: FloatArray, count: FloatArray, spread: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Log departure, up = worse, and its error; shapes (m, n)."""
    if metric.kind == "level":
        return np.log(found / centre), spread
    bad, ordinary = (count - found, count - centre) if metric.worse == "down" else (found, centre)
    error = np.sqrt(1 / (ordinary + PRIOR))
    return np.log((bad + PRIOR) / (ordinary + PRIOR)), error


def _least(metric: Metric) -> float:
    return LEAST_TRIALS if metric.kind == "ratio" else metric.least


def _mean(values: FloatArray, columns: Sequence[int]) -> FloatArray:
    """Mean over some columns, added in their order, shape (m,); NaN when one is not known."""
    total = values[:, columns[0]]
    for column in columns[1:]:
        total = total + values[:, column]
    return np.asarray(total / len(columns))


DETECTOR = Sibling()
