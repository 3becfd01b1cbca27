"""One implementation's evictions, expirations and deletes against the others'."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import SIBLINGS, Channel, Evidence
from auditor.detectors.sibling import PRIOR
from auditor.statistics.pooling import pooled
from auditor.statistics.scene import Scene
from auditor.statistics.siblings import Siblings
from baselines.metrics import BY_NAME, numerator

POOLS = (5,)


@dataclass(frozen=True, slots=True)
class SiblingSupply:
    """log(found / expected) minus the siblings', over its Poisson error; up = more than theirs.

    It backs the hit rate and opens nothing, as `supply` does.
    """

    name: str = "sibling_supply"
    metrics: tuple[str, ...] = ("evictions", "expirations", "deletes")
    opens: bool = False
    backs: str = "hit_rate"
    voice: str = SIBLINGS
    least_scale: float = 0.25

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        others = Siblings.of(scene.windows.keys)
        return tuple(
            self._one(scene, name, minutes, others) for name in self.metrics for minutes in POOLS
        )

    def _one(self, scene: Scene, name: str, minutes: int, others: Siblings) -> Evidence:
        found = numerator(BY_NAME[name], scene.windows)
        expected = scene.expectations[name].seasonal
        known = np.isfinite(found) & np.isfinite(expected)
        total = pooled(np.where(known, found, 0.0), minutes)
        mean = pooled(np.where(known, expected, 0.0), minutes)
        away = np.where(known, np.log((total + PRIOR) / (mean + PRIOR)), np.nan)
        error = 1 / (mean + PRIOR)
        statistic = (away - others.mean(away)) / others.spread(error)
        unknown = np.full(away.shape, np.nan)
        return Evidence(
            Channel(self.name, name, minutes),
            statistic,
            total / minutes,
            mean / minutes,
            unknown,
            unknown,
            total,
        )


DETECTOR = SiblingSupply()
