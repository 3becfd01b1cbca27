"""Quantiles of the times, out of the histograms: typical and slow ones, hits and loads apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import OWN, Channel, Evidence
from auditor.detectors.seasonal_residual import MOST_WIDENING, usual_count
from auditor.statistics.pooling import pooled
from auditor.statistics.scene import Scene
from baselines.expectation import BAND
from baselines.metrics import BY_NAME

POOLS = (3, 10)
QUANTILES = {
    "hit_latency_ms": ("hit_p50_ms", "hit_p95_ms"),
    "miss_latency_ms": ("miss_p50_ms", "miss_p95_ms"),
}
"""By the family that they speak for."""
SHOWN = {"p50": 0.5, "p95": 0.95}


@dataclass(frozen=True, slots=True)
class LatencyQuantile:
    """log(quantile / expected), a mean over the pool, in robust spreads; positive = slower.

    A mean that one slow request moves says little; the median and the 95th percentile are told
    apart, so that a slower hit path and a slower tail are both seen. The 95th percentile of a
    minute with few operations is not judged.
    """

    name: str = "latency_quantile"
    metrics: tuple[str, ...] = ("hit_latency_ms", "miss_latency_ms")
    opens: bool = True
    backs: str = ""
    voice: str = OWN
    least_scale: float = 0.25

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        return tuple(
            self._one(scene, family, name, minutes)
            for family, names in QUANTILES.items()
            for name in names
            for minutes in POOLS
        )

    def _one(self, scene: Scene, family: str, name: str, minutes: int) -> Evidence:
        metric, expected = BY_NAME[name], scene.expectations[name]
        count = scene.windows.column("hits" if family == "hit_latency_ms" else "misses")
        value = np.where(count >= least(name), scene.windows.column(metric.numerator[0]), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            away = np.log(value / expected.centre)
            usual = usual_count(BY_NAME[family], scene.expectations)
            wider = np.sqrt(np.clip(usual / count, 1.0, MOST_WIDENING**2))
        known = np.isfinite(away)
        rows = pooled(known.astype(np.float64), minutes)
        mean = pooled(np.where(known, away, 0.0), minutes) / np.maximum(rows, 1.0)
        spread = expected.dispersion * wider
        return Evidence(
            Channel(self.name, family, minutes, name.removesuffix("_ms").rpartition("_")[2]),
            np.where(known, mean / spread, np.nan),
            value,
            np.where(known, expected.centre, np.nan),
            expected.centre * np.exp(-BAND * spread),
            expected.centre * np.exp(BAND * spread),
            count,
        )


def least(name: str) -> float:
    """Operations below which a minute has no such quantile: one must lie beyond it."""
    return 20.0 if name.endswith("p95_ms") else 5.0


DETECTOR = LatencyQuantile()
