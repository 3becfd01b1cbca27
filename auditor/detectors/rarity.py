"""Rarity against one's own past: has this series ever been here?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import EACH, OWN, Channel, Evidence
from auditor.statistics.pooling import pooled
from auditor.statistics.scene import Scene
from baselines.metrics import BY_NAME, Metric, values
from baselines.seen import MEDIAN, OUTER, rarity
from baselines.series import FloatArray

POOLS = (1, 5)


@dataclass(frozen=True, slots=True)
class Rarity:
    """Bits of the value among all that was learned, worse than its median; a mean over the pool.

    It knows neither hour nor trend, which the other voices do: a place where a series has never
    been is rare at any hour. It backs them; opening by itself it brought more false alerts.
    """

    name: str = "rarity"
    metrics: tuple[str, ...] = ("hit_rate", "error_rate", "hit_latency_ms", "miss_latency_ms")
    opens: bool = False
    backs: str = EACH
    voice: str = OWN
    least_scale: float = 1.0

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        return tuple(each for name in self.metrics for each in self._pools(scene, BY_NAME[name]))

    def _pools(self, scene: Scene, metric: Metric) -> list[Evidence]:
        found, count = values(metric, scene.windows)
        bits, middle, low, high = (np.full(found.shape, np.nan) for _ in range(4))
        for column, key in enumerate(scene.windows.keys):
            baseline = scene.baselines.get(key)
            profile = None if baseline is None else baseline.profiles.get(metric.name)
            if profile is None or not np.isfinite(profile.seen).all():
                continue
            windows = float(profile.windows.sum())
            bits[:, column] = rarity(metric, found[:, column], profile.seen, windows)
            low[:, column], high[:, column] = profile.seen[OUTER], profile.seen[-1 - OUTER]
            middle[:, column] = profile.seen[MEDIAN]
        rows = np.isfinite(bits)
        return [
            Evidence(
                Channel(self.name, metric.name, minutes),
                np.where(rows, _mean(bits, minutes), np.nan),
                found,
                middle,
                low,
                high,
                count,
            )
            for minutes in POOLS
        ]


def _mean(bits: FloatArray, minutes: int) -> FloatArray:
    """Bits over the last minutes, those that are not known counting as ordinary."""
    return pooled(bits, minutes) / minutes


DETECTOR = Rarity()
