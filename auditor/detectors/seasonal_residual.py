"""Times judged on the logarithm against the hour's own spread, hits and loads apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import Channel, Evidence
from auditor.statistics.pooling import pooled
from auditor.statistics.scene import Scene
from baselines.expectation import BAND, Expectation
from baselines.metrics import BY_NAME, Metric, denominator, numerator, quotient
from baselines.series import FloatArray

POOLS = (1, 3, 5)
MOST_WIDENING = 5.0


@dataclass(frozen=True, slots=True)
class SeasonalResidual:
    """log(pooled mean time / expected) in robust spreads; positive = slower.

    When far fewer operations than usual stand behind a mean, its spread is widened by the root
    of the shortfall, as the error of a mean is.
    """

    name: str = "seasonal_residual"
    metrics: tuple[str, ...] = ("hit_latency_ms", "miss_latency_ms")
    opens: bool = True
    least_scale: float = 0.25

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        return tuple(
            self._one(scene, BY_NAME[name], minutes) for name in self.metrics for minutes in POOLS
        )

    def _one(self, scene: Scene, metric: Metric, minutes: int) -> Evidence:
        above, below = numerator(metric, scene.windows), denominator(metric, scene.windows)
        expected = scene.expectations[metric.name]
        known = np.isfinite(above) & (below > 0) & np.isfinite(expected.centre)
        count = pooled(np.where(known, below, 0.0), minutes)
        value = quotient(metric, pooled(np.where(known, above, 0.0), minutes), count)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = pooled(np.where(known, below * expected.centre, 0.0), minutes) / count
            usual = pooled(usual_count(metric, scene.expectations), minutes)
            wider = np.sqrt(np.clip(usual / count, 1.0, MOST_WIDENING**2))
            away = np.where(known, np.log(value / mean), np.nan)
        spread = expected.dispersion * wider
        return Evidence(
            channel=Channel(self.name, metric.name, minutes),
            statistic=away / spread,
            value=np.where(known, value, np.nan),
            expected=np.where(known, mean, np.nan),
            lower=mean * np.exp(-BAND * spread),
            upper=mean * np.exp(BAND * spread),
            count=count,
        )


def usual_count(metric: Metric, expectations: Mapping[str, Expectation]) -> FloatArray:
    """Operations a minute that ordinarily stand behind the mean, shape (m, n)."""
    gets = expectations["traffic"].centre
    hits = expectations["hit_rate"].centre / 100.0
    return np.asarray(gets * (hits if metric.name == "hit_latency_ms" else 1 - hits))


DETECTOR = SeasonalResidual()
