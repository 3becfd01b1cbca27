"""Joint oddities: the robust Mahalanobis distance of the seasonal residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import JOINT, Channel, Evidence
from auditor.statistics.residuals import RESIDUALS, deviations
from auditor.statistics.scene import Scene


@dataclass(frozen=True, slots=True)
class JointResidual:
    """Distance of a window's deviations from the cloud that those of all series ordinarily form.

    It grows without bound where the forest saturates, and knows which metrics move together. Like
    the forest it never opens alone: as a member of its own it brought more false alerts than it
    found problems. Unknown metrics count as ordinary, as there.
    """

    name: str = "joint_residual"
    metrics: tuple[str, ...] = RESIDUALS
    opens: bool = False
    backs: str = ""
    voice: str = JOINT
    least_scale: float = 0.25

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        away = deviations(scene.windows, scene.expectations)
        known = np.isfinite(away).any(axis=2)
        statistic = np.full(known.shape, np.nan)
        if scene.forest is not None and known.any():
            statistic[known] = scene.forest.cloud.distance(np.nan_to_num(away[known], nan=0.0))
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


DETECTOR = JointResidual()
