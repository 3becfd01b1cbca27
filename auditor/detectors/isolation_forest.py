"""Joint oddities: an isolation forest on the seasonal robust residuals of all series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import JOINT, Channel, Evidence
from auditor.statistics.residuals import RESIDUALS, deviations
from auditor.statistics.scene import Scene


@dataclass(frozen=True, slots=True)
class IsolationForest:
    """How easily a window's deviations are isolated, 0..1; a voice that never opens alone.

    A metric that is unknown in a window counts as ordinary there; a window of which nothing is
    known, or for which no forest was grown yet, is not judged.
    """

    name: str = "isolation_forest"
    metrics: tuple[str, ...] = RESIDUALS
    opens: bool = False
    backs: str = ""
    voice: str = JOINT
    least_scale: float = 0.01

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        away = deviations(scene.windows, scene.expectations)
        known = np.isfinite(away).any(axis=2)
        statistic = np.full(known.shape, np.nan)
        if scene.forest is not None and known.any():
            statistic[known] = scene.forest.strangeness(np.nan_to_num(away[known], nan=0.0))
        unknown = np.full(known.shape, np.nan)
        return (
            Evidence(
                Channel(self.name, "all", 1),
                statistic,
                statistic,
                unknown,
                unknown,
                unknown,
                np.isfinite(away).sum(axis=2).astype(np.float64),
            ),
        )


DETECTOR = IsolationForest()
