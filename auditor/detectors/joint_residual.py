"""Joint oddities: the robust Mahalanobis distance of the seasonal residuals."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.detectors.detector import JOINT, Evidence
from auditor.detectors.jointly import jointly
from auditor.statistics.residuals import RESIDUALS
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
        forest = scene.forest
        return jointly(scene, self.name, None if forest is None else forest.cloud.distance)


DETECTOR = JointResidual()
