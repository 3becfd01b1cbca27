"""Silence where there should be traffic: no window, or windows of zeros."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import OWN, Channel, Evidence
from auditor.statistics.pooling import lasting, pooled
from auditor.statistics.scene import Scene
from baselines.metrics import BY_NAME, numerator

POOLS = (3, 10)


@dataclass(frozen=True, slots=True)
class Silence:
    """-log10 of the chance that an ordinary cache is not asked once in the pooled minutes.

    By the week's profile alone: the last hour of a long silence is no measure of the next minute.
    0 while there is any traffic. A missing window counts as silent: what is not heard cannot be
    told from what is not there.
    """

    name: str = "silence"
    metrics: tuple[str, ...] = ("traffic",)
    opens: bool = True
    backs: str = ""
    voice: str = OWN
    least_scale: float = 1 / float(np.log(10.0))

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        return tuple(self._one(scene, minutes) for minutes in POOLS)

    def _one(self, scene: Scene, minutes: int) -> Evidence:
        metric = BY_NAME["traffic"]
        gets = np.nan_to_num(numerator(metric, scene.windows), nan=0.0)
        expected = scene.expectations[metric.name]
        known = np.isfinite(expected.seasonal)
        mean = np.where(known, pooled(expected.seasonal, minutes), np.nan)
        size = 1 / expected.dispersion
        chance = size * np.log1p(mean / size) / np.log(10.0)
        quiet = lasting(gets == 0, minutes)
        return Evidence(
            channel=Channel(self.name, metric.name, minutes),
            statistic=np.where(known, np.where(quiet, chance, 0.0), np.nan),
            value=pooled(gets, minutes) / minutes,
            expected=mean / minutes,
            lower=expected.lower,
            upper=expected.upper,
            count=pooled(gets, minutes),
        )


DETECTOR = Silence()
