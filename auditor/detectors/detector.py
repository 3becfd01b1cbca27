"""What every detector promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from auditor.statistics.scene import Scene
from baselines.series import FloatArray

OWN, SIBLINGS, JOINT = "own", "siblings", "joint"
EACH = "each"
"""What a detector backs when it seconds each family by the metric of that name."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One statistic of one detector: it is calibrated and named by itself.

    metric: name in the registry. minutes: how many were pooled. variant: '' or what sets it apart.
    """

    detector: str
    metric: str
    minutes: int
    variant: str = ""

    @property
    def name(self) -> str:
        """Stable name under which its calibration is stored, e.g. 'ratio_tail.hit_rate.5'."""
        parts = (self.detector, self.metric, str(self.minutes), self.variant)
        return ".".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A channel's findings; every array has shape (m, n).

    statistic: without upper bound, up is strange, NaN = not judged. value, expected: pooled, in the
    metric's unit. lower, upper: the ordinary band of value. count: what value rests on.
    """

    channel: Channel
    statistic: FloatArray
    value: FloatArray
    expected: FloatArray
    lower: FloatArray
    upper: FloatArray
    count: FloatArray

    def after(self, row: int) -> Evidence:
        """The same from a row on."""
        arrays = (self.statistic, self.value, self.expected, self.lower, self.upper, self.count)
        return Evidence(self.channel, *(each[row:] for each in arrays))


class Detector(Protocol):
    """Scores every row of a block, each from itself and rows before it only.

    name: the module's own. metrics: names it judges. opens: whether it may open an observation.
    backs: the family that it seconds without opening, EACH, or '' for none. voice: whose evidence
    it is: OWN, SIBLINGS, or JOINT for all metrics together; those of one voice are not counted
    twice.
    least_scale: smallest believable scale of its calibrated tail, in units of the statistic.
    score(prefix) equals score(whole)[:prefix], and a row that has LONGEST_POOL rows before it gets
    the same bits in whatever block it comes; where the voice is JOINT it needs none. The input is
    never changed.
    """

    @property
    def name(self) -> str: ...

    @property
    def metrics(self) -> tuple[str, ...]: ...

    @property
    def opens(self) -> bool: ...

    @property
    def backs(self) -> str: ...

    @property
    def voice(self) -> str: ...

    @property
    def least_scale(self) -> float: ...

    def score(self, scene: Scene) -> tuple[Evidence, ...]: ...
