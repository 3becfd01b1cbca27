"""The scale on which ordinary change is additive: log-odds for ratios, logarithm for the rest."""

from __future__ import annotations

import numpy as np

from baselines.metrics import Metric
from baselines.series import FloatArray

SHARE_FLOOR = 1e-6
"""Shares are kept this far from 0 and 1, so that an error rate that was always 0 has log-odds."""
LEVEL_FLOOR = 1e-6
"""Times are kept above a nanosecond (in ms), counts above a millionth a minute."""


def to_link(metric: Metric, values: FloatArray) -> FloatArray:
    """Values in the metric's unit -> link scale, any shape; NaN stays."""
    if metric.kind == "ratio":
        share = np.clip(values / metric.scale, SHARE_FLOOR, 1 - SHARE_FLOOR)
        return np.asarray(np.log(share) - np.log1p(-share))
    return np.asarray(np.log(np.maximum(values, LEVEL_FLOOR)))


def from_link(metric: Metric, linked: FloatArray) -> FloatArray:
    """Link scale -> values in the metric's unit, any shape; NaN stays."""
    if metric.kind == "ratio":
        return np.asarray(metric.scale / (1.0 + np.exp(-linked)))
    return np.asarray(np.exp(linked))
