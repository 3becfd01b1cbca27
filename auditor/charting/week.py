"""The ordinary week of a metric, slot by slot, with the band of a single minute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baselines.baseline import Baseline, Profile
from baselines.expectation import bounds
from baselines.metrics import BY_NAME, Metric
from baselines.series import FloatArray

SHOWN = ("hit_rate", "traffic", "error_rate", "hit_latency_ms", "miss_latency_ms")


@dataclass(frozen=True, slots=True)
class OrdinaryWeek:
    """Shape (168,) each, slot 0 is Monday 00:00 of the baseline's zone; in the metric's unit.

    lower, upper: of a minute with as much traffic as that hour usually has. windows: how many
    minutes were learned from; where it is 0, other hours stand in.
    """

    metric: Metric
    centre: FloatArray
    lower: FloatArray
    upper: FloatArray
    windows: FloatArray


def ordinary_week(baseline: Baseline) -> list[OrdinaryWeek]:
    """Of each metric of SHOWN that the baseline knows."""
    return [_week(BY_NAME[n], baseline.profiles[n]) for n in SHOWN if n in baseline.profiles]


def _week(metric: Metric, profile: Profile) -> OrdinaryWeek:
    below = _usual(profile)
    _, lower, upper = bounds(metric, profile.centre, below, profile.dispersion)
    return OrdinaryWeek(metric, profile.centre, lower, upper, profile.windows)


def _usual(profile: Profile) -> FloatArray:
    """Trials of an ordinary minute by slot; where none was learned, those of all slots."""
    whole = profile.trials.sum() / max(float(profile.windows.sum()), 1.0)
    learned = profile.windows > 0
    return np.where(learned, profile.trials / np.where(learned, profile.windows, 1.0), whole)
