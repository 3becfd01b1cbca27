"""Each channel's part in one window's score, kept so that the score can be explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import Evidence
from auditor.judging.calibration import score
from baselines.series import FloatArray


@dataclass(frozen=True, slots=True)
class Contribution:
    """One channel's part in a window's score.

    value, expected, lower, upper: in the metric's unit; count: what the value rests on; statistic:
    the detector's own; NaN = unknown.
    """

    detector: str
    channel: str
    metric: str
    minutes: int
    statistic: float
    surprise: float
    score: float
    value: float
    expected: float
    lower: float
    upper: float
    count: float


def contributions(
    evidence: Sequence[Evidence], channels: Mapping[str, FloatArray], row: int, column: int
) -> tuple[Contribution, ...]:
    """Every judged channel of one window, the most surprising first.

    channels: surprise of every channel, name -> (m, n).
    """
    found = [
        _contribution(each, channels[each.channel.name], row, column)
        for each in evidence
        if np.isfinite(each.statistic[row, column])
    ]
    return tuple(sorted(found, key=lambda c: (-np.nan_to_num(c.surprise), c.channel)))


def _contribution(each: Evidence, surprises: FloatArray, row: int, column: int) -> Contribution:
    channel, at = each.channel, (row, column)
    return Contribution(
        detector=channel.detector,
        channel=channel.name,
        metric=channel.metric,
        minutes=channel.minutes,
        statistic=float(each.statistic[at]),
        surprise=float(surprises[at]),
        score=float(score(surprises[row : row + 1, column])[0]),
        value=float(each.value[at]),
        expected=float(each.expected[at]),
        lower=float(each.lower[at]),
        upper=float(each.upper[at]),
        count=float(each.count[at]),
    )
