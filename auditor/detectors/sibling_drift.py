"""A slow or small and lasting departure of one implementation, and not of the others."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.detectors.detector import SIBLINGS, Evidence
from auditor.detectors.drift import LEAST_SCALE, METRIC, Departures, departures, drifted
from auditor.statistics.scene import Scene
from auditor.statistics.siblings import Siblings
from baselines.series import FloatArray


@dataclass(frozen=True, slots=True)
class SiblingDrift:
    """The shift of the departure minus that of the sibling implementations, hour by hour.

    Not judged where a cache has one implementation only.
    """

    name: str = "sibling_drift"
    metrics: tuple[str, ...] = (METRIC.name,)
    opens: bool = True
    backs: str = ""
    voice: str = SIBLINGS
    least_scale: float = LEAST_SCALE

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        others, own = Siblings.of(scene.windows.keys), departures(scene)
        hours, recent, lately = (
            _apart(each, others) for each in (own.hours, own.recent, own.lately)
        )
        return (drifted(self.name, scene, Departures(hours, recent, lately, own.steady)),)


def _apart(away: FloatArray, others: Siblings) -> FloatArray:
    """Departures minus the mean of those of the siblings, shape kept; NaN without any."""
    return away - others.mean(away)


DETECTOR = SiblingDrift()
