"""Ratios judged by their counts: the upper tail of a beta-binomial for what went wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import OWN, Channel, Evidence
from auditor.detectors.lasting import RECENT, still
from auditor.detectors.sums import Sums, asked
from auditor.statistics.scene import Scene
from auditor.statistics.tails import overdispersed_upper
from baselines.expectation import BAND
from baselines.metrics import BY_NAME, Metric
from baselines.series import BoolArray, FloatArray

POOLS = (1, 3, 5, 15)
WEEK_POOLS = (15, 60)
"""Sums that are compared with the week alone: the last hour has learned a slow problem already."""
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
    backs: str = ""
    voice: str = OWN
    least_scale: float = 1 / float(np.log(10.0))

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        return tuple(
            self._one(scene, BY_NAME[name], minutes, variant)
            for name in self.metrics
            for minutes, variant in asked(POOLS, WEEK_POOLS)
        )

    def _one(self, scene: Scene, metric: Metric, minutes: int, variant: str) -> Evidence:
        sums = Sums.of(scene, metric, variant, 0.0)
        found, centre, total = sums.over(minutes)
        judged = sums.known & (total >= LEAST_TRIALS)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.clip(np.where(judged, centre / total, np.nan), 1e-6, 1 - 1e-6)
            value = np.where(judged, found / total, np.nan)
        rho = scene.expectations[metric.name].dispersion
        spread = np.sqrt(mean * (1 - mean) * (1 + (total - 1) * rho) / np.maximum(total, 1.0))
        statistic = _statistic(metric, found, total, mean, rho, judged)
        if minutes > RECENT:
            going = still(_worse(metric, sums, RECENT), _worse(metric, sums, minutes))
            statistic = np.where(going | ~judged, statistic, 0.0)
        return Evidence(
            channel=Channel(self.name, metric.name, minutes, variant),
            statistic=statistic,
            value=metric.scale * value,
            expected=metric.scale * mean,
            lower=metric.scale * np.clip(mean - BAND * spread, 0.0, 1.0),
            upper=metric.scale * np.clip(mean + BAND * spread, 0.0, 1.0),
            count=np.where(judged, total, np.nan),
        )


def _worse(metric: Metric, sums: Sums, minutes: int) -> FloatArray:
    """How many more bad ones than expected, as a share of the expected; NaN where unknown."""
    found, expected, trials = sums.over(minutes)
    if metric.worse == "down":
        found, expected = trials - found, trials - expected
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(found / expected - 1)


def _statistic(
    metric: Metric,
    found: FloatArray,
    total: FloatArray,
    mean: FloatArray,
    rho: FloatArray,
    judged: BoolArray,
) -> FloatArray:
    """The tail where the bad share is above its mean, 0 where it is not, NaN where not judged."""
    bad, share = (total - found, 1 - mean) if metric.worse == "down" else (found, mean)
    out = np.where(judged, 0.0, np.nan)
    worse = judged & (bad > share * total)
    out[worse] = overdispersed_upper(bad[worse], total[worse], share[worse], rho[worse])
    return out


DETECTOR = RatioTail()
