"""Ratios judged by their counts: the upper tail of a beta-binomial for what went wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import OWN, Channel, Evidence
from auditor.detectors.lasting import RECENT, still
from auditor.statistics.pooling import pooled
from auditor.statistics.scene import Scene
from auditor.statistics.tails import overdispersed_upper
from baselines.expectation import BAND
from baselines.metrics import BY_NAME, Metric, denominator, numerator
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
        asked = [(minutes, "") for minutes in POOLS] + [(minutes, "week") for minutes in WEEK_POOLS]
        return tuple(
            self._one(scene, BY_NAME[name], minutes, variant)
            for name in self.metrics
            for minutes, variant in asked
        )

    def _one(self, scene: Scene, metric: Metric, minutes: int, variant: str) -> Evidence:
        sums = _Sums.of(scene, metric, variant)
        found, centre, total = sums.over(minutes)
        judged = sums.known & (total >= LEAST_TRIALS)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.clip(np.where(judged, centre / total, np.nan), 1e-6, 1 - 1e-6)
            value = np.where(judged, found / total, np.nan)
        rho = scene.expectations[metric.name].dispersion
        spread = np.sqrt(mean * (1 - mean) * (1 + (total - 1) * rho) / np.maximum(total, 1.0))
        statistic = _statistic(metric, found, total, mean, rho, judged)
        if minutes > RECENT:
            going = still(sums.worse(RECENT), sums.worse(minutes))
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


@dataclass(frozen=True, slots=True)
class _Sums:
    """Good ones, expected good ones and trials of every minute, (m, n); 0 where not known."""

    metric: Metric
    known: BoolArray
    found: FloatArray
    expected: FloatArray
    trials: FloatArray

    @staticmethod
    def of(scene: Scene, metric: Metric, variant: str) -> _Sums:
        good, trials = numerator(metric, scene.windows), denominator(metric, scene.windows)
        expectation = scene.expectations[metric.name]
        share = (expectation.seasonal if variant else expectation.centre) / metric.scale
        known = np.isfinite(good) & np.isfinite(trials) & np.isfinite(share)
        parts = (np.where(known, each, 0.0) for each in (good, share * trials, trials))
        return _Sums(metric, known, *parts)

    def over(self, minutes: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Found, expected and trials, each pooled."""
        return (
            pooled(self.found, minutes),
            pooled(self.expected, minutes),
            pooled(self.trials, minutes),
        )

    def worse(self, minutes: int) -> FloatArray:
        """How many more bad ones than expected, as a share of the expected; NaN where unknown."""
        found, expected, trials = self.over(minutes)
        if self.metric.worse == "down":
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
