"""How many different keys are asked for: scans and lookups of what is not there show here first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import OWN, Evidence
from auditor.detectors.supply import too_many
from auditor.statistics.scene import Scene
from baselines.metrics import BY_NAME

POOLS = (1, 5)


@dataclass(frozen=True, slots=True)
class Distinct:
    """-log10 of the chance of so many distinct keys in the pooled minutes, where they are known.

    It backs the hit rate and opens nothing. More traffic asks for more keys, so the expected
    counts grow with it. Minutes are added though they share keys: so are the expected ones.
    """

    name: str = "distinct"
    metrics: tuple[str, ...] = ("distinct_keys",)
    opens: bool = False
    backs: str = "hit_rate"
    voice: str = OWN
    least_scale: float = 1 / float(np.log(10.0))

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        metric = BY_NAME["distinct_keys"]
        return tuple(too_many(scene, self.name, metric, minutes) for minutes in POOLS)


DETECTOR = Distinct()
