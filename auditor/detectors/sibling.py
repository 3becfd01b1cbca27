"""One implementation against the others on the same traffic: what moves one only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import SIBLINGS, Channel, Evidence
from auditor.detectors.lasting import RECENT, still
from auditor.detectors.sums import asked
from auditor.statistics.pooling import pooled
from auditor.statistics.scene import Scene
from auditor.statistics.siblings import Siblings
from baselines.metrics import BY_NAME, Metric, denominator, numerator, quotient
from baselines.series import FloatArray

POOLS = (3, 10)
WEEK_POOLS = (10, 30, 60)
"""Sums that are compared with the week alone: the last hour has learned a slow problem already."""
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
    backs: str = ""
    voice: str = SIBLINGS
    least_scale: float = 0.25

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        others = Siblings.of(scene.windows.keys)
        return tuple(
            self._one(scene, BY_NAME[name], minutes, variant, others)
            for name in self.metrics
            for minutes, variant in asked(POOLS, WEEK_POOLS)
        )

    def _one(
        self,
        scene: Scene,
        metric: Metric,
        minutes: int,
        variant: str,
        others: Siblings,
    ) -> Evidence:
        away, error, value, mean, count = _departure(scene, metric, minutes, variant)
        statistic = (away - others.mean(away)) / others.spread(error**2)
        if minutes > RECENT:
            recent = _departure(scene, metric, RECENT, variant)[0]
            statistic = np.where(still(recent, away), statistic, np.minimum(statistic, 0.0))
        unknown = np.full(away.shape, np.nan)
        return Evidence(
            Channel(self.name, metric.name, minutes, variant),
            statistic,
            value,
            mean,
            unknown,
            unknown,
            count,
        )


def _departure(
    scene: Scene, metric: Metric, minutes: int, variant: str
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Log departure (up = worse), its error, value, expected value, count; each (m, n)."""
    above, below = numerator(metric, scene.windows), denominator(metric, scene.windows)
    expectation = scene.expectations[metric.name]
    usual = expectation.seasonal if variant else expectation.centre
    known = np.isfinite(above) & (below > 0) & np.isfinite(usual)
    count = pooled(np.where(known, below, 0.0), minutes)
    centre = pooled(np.where(known, below * usual / metric.scale, 0.0), minutes)
    found = pooled(np.where(known, above, 0.0), minutes)
    with np.errstate(divide="ignore", invalid="ignore"):
        value, mean = quotient(metric, found, count), metric.scale * centre / count
        if metric.kind == "level":
            away, error = np.log(found / centre), expectation.dispersion
        else:
            bad, ordinary = count - found, count - centre
            if metric.worse != "down":
                bad, ordinary = found, centre
            away = np.log((bad + PRIOR) / (ordinary + PRIOR))
            error = np.sqrt(1 / (ordinary + PRIOR))
    least = LEAST_TRIALS if metric.kind == "ratio" else metric.least
    return np.where(known & (count >= least), away, np.nan), error, value, mean, count


DETECTOR = Sibling()
