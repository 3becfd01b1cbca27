"""Traffic judged as a count: both tails of a negative binomial."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import OWN, Channel, Evidence
from auditor.statistics.pooling import pooled
from auditor.statistics.scene import Scene
from auditor.statistics.tails import negative_binomial_tails
from baselines.expectation import BAND
from baselines.metrics import BY_NAME, numerator

POOLS = (1, 3, 5)


@dataclass(frozen=True, slots=True)
class CountTail:
    """-log10 of the chance of so few ('drop') or so many ('surge') gets in the pooled minutes."""

    name: str = "count_tail"
    metrics: tuple[str, ...] = ("traffic",)
    opens: bool = True
    backs: str = ""
    voice: str = OWN
    least_scale: float = 1 / float(np.log(10.0))

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        return tuple(each for minutes in POOLS for each in self._both(scene, minutes))

    def _both(self, scene: Scene, minutes: int) -> tuple[Evidence, Evidence]:
        metric = BY_NAME["traffic"]
        gets, expected = numerator(metric, scene.windows), scene.expectations[metric.name]
        known = np.isfinite(gets) & np.isfinite(expected.centre)
        found = pooled(np.where(known, gets, 0.0), minutes)
        mean = pooled(np.where(known, expected.centre, 0.0), minutes)
        rows = pooled(known.astype(np.float64), minutes)
        judged = known & (mean > 0)
        found, mean, rows = (np.where(judged, each, np.nan) for each in (found, mean, rows))
        spread = np.sqrt(mean + expected.dispersion * mean**2)
        band = (np.maximum(mean - BAND * spread, 0.0) / rows, (mean + BAND * spread) / rows)
        lower, upper = negative_binomial_tails(found, mean, expected.dispersion)
        return (
            Evidence(
                Channel(self.name, metric.name, minutes, "drop"),
                lower,
                found / rows,
                mean / rows,
                *band,
                found,
            ),
            Evidence(
                Channel(self.name, metric.name, minutes, "surge"),
                upper,
                found / rows,
                mean / rows,
                *band,
                found,
            ),
        )


DETECTOR = CountTail()
