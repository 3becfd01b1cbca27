"""One implementation's traffic against the others': the same gets should reach them all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import SIBLINGS, Channel, Evidence
from auditor.detectors.sibling import PRIOR
from auditor.statistics.pooling import pooled
from auditor.statistics.scene import Scene
from auditor.statistics.siblings import Siblings
from baselines.metrics import BY_NAME, numerator

POOLS = (3, 10)
LEAST_SPREAD = 0.03
"""On the logarithm: mirrored traffic differs by nothing, and would make any difference infinite."""


@dataclass(frozen=True, slots=True)
class SiblingTraffic:
    """How much further the own traffic fell below what was expected than the siblings' did.

    log(theirs / expected) - log(own / expected), over its Poisson error. A collector that loses
    part of its events shows here and hardly elsewhere. Siblings that gain are no loss of one's
    own, so theirs counts as what was expected at most; a shift of users between implementations is
    left to the floor of materiality.
    """

    name: str = "sibling_traffic"
    metrics: tuple[str, ...] = ("traffic",)
    opens: bool = True
    backs: str = ""
    voice: str = SIBLINGS
    least_scale: float = 0.25

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        others = Siblings.of(scene.windows.keys)
        return tuple(self._one(scene, minutes, others) for minutes in POOLS)

    def _one(self, scene: Scene, minutes: int, others: Siblings) -> Evidence:
        metric = BY_NAME["traffic"]
        gets, expected = numerator(metric, scene.windows), scene.expectations[metric.name].centre
        known = np.isfinite(gets) & np.isfinite(expected)
        found = pooled(np.where(known, gets, 0.0), minutes)
        mean = pooled(np.where(known, expected, 0.0), minutes)
        away = np.where(known, np.log((found + PRIOR) / (mean + PRIOR)), np.nan)
        error = 1 / (mean + PRIOR) + LEAST_SPREAD**2
        statistic = (np.minimum(others.mean(away), 0.0) - away) / others.spread(error)
        unknown = np.full(away.shape, np.nan)
        return Evidence(
            Channel(self.name, metric.name, minutes),
            statistic,
            np.where(known, found / minutes, np.nan),
            np.where(known, mean / minutes, np.nan),
            unknown,
            unknown,
            found,
        )


DETECTOR = SiblingTraffic()
