"""Joint oddities: an isolation forest on the seasonal robust residuals of all series."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.detectors.detector import JOINT, Evidence
from auditor.detectors.jointly import jointly
from auditor.statistics.residuals import RESIDUALS
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
        forest = scene.forest
        return jointly(scene, self.name, None if forest is None else forest.strangeness)


DETECTOR = IsolationForest()
