"""How entries leave: evictions, expirations and deletes, judged as counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import OWN, Channel, Evidence
from auditor.statistics.pooling import pooled
from auditor.statistics.scene import Scene
from auditor.statistics.tails import negative_binomial_upper
from baselines.expectation import BAND
from baselines.metrics import BY_NAME, Metric, numerator
from baselines.series import FloatArray

POOLS = (1, 5)
MOST_BUSIER = 10.0


@dataclass(frozen=True, slots=True)
class Supply:
    """-log10 of the chance of so many evictions, expirations or deletes in the pooled minutes.

    It backs the hit rate and opens nothing: that many entries leave is nobody's business until
    they are missed. More traffic makes more of them leave, so the expected counts grow with it.
    """

    name: str = "supply"
    metrics: tuple[str, ...] = ("evictions", "expirations", "deletes")
    opens: bool = False
    backs: str = "hit_rate"
    voice: str = OWN
    least_scale: float = 1 / float(np.log(10.0))

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        return tuple(
            too_many(scene, self.name, BY_NAME[name], minutes)
            for name in self.metrics
            for minutes in POOLS
        )


def too_many(scene: Scene, detector: str, metric: Metric, minutes: int) -> Evidence:
    """-log10 of the chance of so many in the pooled minutes; more traffic makes more expected."""
    found, expected = numerator(metric, scene.windows), scene.expectations[metric.name]
    usual = expected.seasonal * busier(scene)
    known = np.isfinite(found) & np.isfinite(usual)
    total = pooled(np.where(known, found, 0.0), minutes)
    mean = pooled(np.where(known, usual, 0.0), minutes)
    judged = known & (mean > 0)
    total, mean = np.where(judged, total, np.nan), np.where(judged, mean, np.nan)
    spread = np.sqrt(mean + expected.dispersion * mean**2)
    return Evidence(
        Channel(detector, metric.name, minutes),
        negative_binomial_upper(total, mean, expected.dispersion),
        total / minutes,
        mean / minutes,
        np.maximum(mean - BAND * spread, 0.0) / minutes,
        (mean + BAND * spread) / minutes,
        total,
    )


def busier(scene: Scene) -> FloatArray:
    """Gets over what the week promises, at least 1, at most MOST_BUSIER; shape (m, n)."""
    gets, week = scene.windows.column("gets"), scene.expectations["traffic"].seasonal
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.nan_to_num(np.clip(gets / week, 1.0, MOST_BUSIER), nan=1.0))


DETECTOR = Supply()
