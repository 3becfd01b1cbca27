"""Ratios judged by their counts: the upper tail of a beta-binomial for what went wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import Channel, Evidence
from auditor.statistics.pooling import pooled
from auditor.statistics.scene import Scene
from auditor.statistics.tails import beta_binomial_upper
from baselines.expectation import BAND
from baselines.metrics import BY_NAME, Metric, denominator, numerator
from baselines.series import FloatArray

POOLS = (1, 3, 5)
LEAST_TRIALS = 20.0
"""Below this many trials there is too little traffic to judge a ratio."""


@dataclass(frozen=True, slots=True)
class RatioTail:
    """-log10 of the chance of so many misses (or errors) among so many gets.

    0 where the share of bad ones is not above what was expected.
    """

    name: str = "ratio_tail"
    metrics: tuple[str, ...] = ("hit_rate", "error_rate")
    opens: bool = True
    least_scale: float = 1 / float(np.log(10.0))

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        return tuple(
            self._one(scene, BY_NAME[name], minutes) for name in self.metrics for minutes in POOLS
        )

    def _one(self, scene: Scene, metric: Metric, minutes: int) -> Evidence:
        good, trials = numerator(metric, scene.windows), denominator(metric, scene.windows)
        expected = scene.expectations[metric.name]
        share = expected.centre / metric.scale
        known = np.isfinite(good) & np.isfinite(trials) & np.isfinite(share)
        total = pooled(np.where(known, trials, 0.0), minutes)
        found = pooled(np.where(known, good, 0.0), minutes)
        centre = pooled(np.where(known, share * trials, 0.0), minutes)
        judged = known & (total >= LEAST_TRIALS)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.clip(np.where(judged, centre / total, np.nan), 1e-6, 1 - 1e-6)
            value = np.where(judged, found / total, np.nan)
        rho = expected.dispersion
        spread = np.sqrt(mean * (1 - mean) * (1 + (total - 1) * rho) / np.maximum(total, 1.0))
        return Evidence(
            channel=Channel(self.name, metric.name, minutes),
            statistic=_statistic(metric, found, total, mean, rho, judged),
            value=metric.scale * value,
            expected=metric.scale * mean,
            lower=metric.scale * np.clip(mean - BAND * spread, 0.0, 1.0),
            upper=metric.scale * np.clip(mean + BAND * spread, 0.0, 1.0),
            count=np.where(judged, total, np.nan),
        )


def _statistic(
    metric: Metric,
    found: FloatArray,
    total: FloatArray,
    mean: FloatArray,
    rho: FloatArray,
    judged: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
) -> FloatArray:
    """The tail where the bad share is above its mean, 0 where it is not, NaN where not judged."""
    bad, share = (total - found, 1 - mean) if metric.worse == "down" else (found, mean)
    out = np.where(judged, 0.0, np.nan)
    worse = judged & (bad > share * total)
    out[worse] = beta_binomial_upper(bad[worse], total[worse], share[worse], rho[worse])
    return out


DETECTOR = RatioTail()
