"""Times judged on the logarithm against the hour's own spread, hits and loads apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import OWN, Channel, Evidence
from auditor.detectors.lasting import RECENT, still
from auditor.detectors.sums import Sums, asked
from auditor.statistics.pooling import pooled
from auditor.statistics.scene import Scene
from baselines.expectation import BAND, Expectation
from baselines.metrics import BY_NAME, Metric, quotient
from baselines.series import FloatArray

POOLS = (1, 3, 5, 15)
WEEK_POOLS = (15, 60)
"""Sums that are compared with the week alone: the last hour has learned a slow problem already."""
MOST_WIDENING = 5.0
LEAST = 1.0
"""Operations below which a minute has no mean time."""


@dataclass(frozen=True, slots=True)
class SeasonalResidual:
    """log(pooled mean time / expected) in robust spreads; positive = slower.

    When far fewer operations than usual stand behind a mean, its spread is widened by the root
    of the shortfall, as the error of a mean is.
    """

    name: str = "seasonal_residual"
    metrics: tuple[str, ...] = ("hit_latency_ms", "miss_latency_ms")
    opens: bool = True
    backs: str = ""
    voice: str = OWN
    least_scale: float = 0.25

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        return tuple(
            self._one(scene, BY_NAME[name], minutes, variant)
            for name in self.metrics
            for minutes, variant in asked(POOLS, WEEK_POOLS)
        )

    def _one(self, scene: Scene, metric: Metric, minutes: int, variant: str) -> Evidence:
        sums = Sums.of(scene, metric, variant, LEAST)
        above, expected, count = sums.over(minutes)
        value = quotient(metric, above, count)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = expected / count
            usual = pooled(usual_count(metric, scene.expectations), minutes)
            wider = np.sqrt(np.clip(usual / count, 1.0, MOST_WIDENING**2))
            away = np.where(sums.known, np.log(value / mean), np.nan)
        spread = scene.expectations[metric.name].dispersion * wider
        if minutes > RECENT:
            going = still(_slower(sums, RECENT), away)
            away = np.where(going, away, np.minimum(away, 0.0))
        return Evidence(
            channel=Channel(self.name, metric.name, minutes, variant),
            statistic=away / spread,
            value=np.where(sums.known, value, np.nan),
            expected=np.where(sums.known, mean, np.nan),
            lower=mean * np.exp(-BAND * spread),
            upper=mean * np.exp(BAND * spread),
            count=count,
        )


def _slower(sums: Sums, minutes: int) -> FloatArray:
    """Logarithm of the pooled time over the expected; NaN where unknown."""
    above, expected, _ = sums.over(minutes)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(above / expected))


def usual_count(metric: Metric, expectations: Mapping[str, Expectation]) -> FloatArray:
    """Operations a minute that ordinarily stand behind the mean, shape (m, n)."""
    gets = expectations["traffic"].centre
    hits = expectations["hit_rate"].centre / 100.0
    return np.asarray(gets * (hits if metric.name == "hit_latency_ms" else 1 - hits))


DETECTOR = SeasonalResidual()
