"""One measure's differences, block by block, and what they are in the unit that people read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from auditor.comparing.blocks import Blocks, exactness
from auditor.comparing.measures import Measure
from baselines.series import FloatArray

Source = Literal["windows", "histograms", "quantiles of minutes"]


@dataclass(frozen=True, slots=True)
class Paired:
    """The differences of one measure over n blocks, candidate less baseline.

    differences: shape (n,), in a unit in which they add up; 0 where missing. weights: shape (n,),
    how exact each is; 0 where missing. floor: the variance that pure sampling gives a block.
    baseline, candidate: the figures over all that is compared, in `measure.value_unit`.
    reported: a mean difference, shape (...), in `measure.unit`; rises with it.
    source: what it was made of.
    """

    measure: Measure
    differences: FloatArray
    weights: FloatArray
    floor: float
    baseline: float
    candidate: float
    reported: Callable[[FloatArray], FloatArray]
    source: Source = "windows"


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """A measure that cannot be compared, why, and the figures where they are known."""

    measure: Measure
    why: str
    baseline: float = float("nan")
    candidate: float = float("nan")


def quotients(measure: Measure, blocks: Blocks) -> Paired | NotMeasured:
    """A rate or a mean: quotients of sums, never a mean of quotients."""
    above, below = blocks.total(measure.above), blocks.total(measure.below)
    seen = np.isfinite(above) & np.isfinite(below) & (below > 0)
    used = seen.all(axis=1) & (blocks.counted > 0)
    if not used.any():
        return NotMeasured(measure, "nothing of it was recorded on both sides")
    whole = measure.scale * above[used].sum(axis=0) / below[used].sum(axis=0)
    if measure.above == ("miss_latency_sum_ms",) and not whole.all():
        return NotMeasured(measure, "load times were not recorded", *map(float, whole))
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = measure.scale * above / below
    weights = np.where(used, exactness(below[:, 0], below[:, 1]), 0.0)
    differences = np.where(used, rate[:, 1] - rate[:, 0], 0.0)
    floor = 0.0
    if measure.value_unit == "%":
        floor = _sampling_variance(above[used].sum(), below[used].sum(), weights, measure.scale)
    return Paired(
        measure,
        differences,
        weights,
        floor,
        float(whole[0]),
        float(whole[1]),
        (lambda mean: mean) if measure.unit == "points" else (lambda mean: 100.0 * mean / whole[0]),
    )


def _sampling_variance(
    events: float, trials: float, weights: FloatArray, scale: float = 1.0
) -> float:
    """Binomial variance of the difference in a block of middling weight, both sides alike.

    Half an event more on either side of the count, so that none seen is not never.
    """
    share = (events + 0.5) / (trials + 1.0)
    return float(scale**2 * share * (1.0 - share) / weights[weights > 0].mean())
