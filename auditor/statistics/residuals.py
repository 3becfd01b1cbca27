"""Seasonal robust residuals without unit: (value - expected) / spread, metric by metric."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from baselines.expectation import Expectation
from baselines.metrics import JUDGED, values
from baselines.series import FloatArray, Windows

CLIP = 20.0
"""Deviations beyond 20 spreads say nothing more than 20 do to those who compare shapes."""
RESIDUALS = tuple(metric.name for metric in JUDGED)


def deviations(windows: Windows, expectations: Mapping[str, Expectation]) -> FloatArray:
    """Deviation of every judged metric, shape (m, n, k) in the order of RESIDUALS; NaN = unknown.

    Ratios and counts over their count-aware spread, levels on the logarithm.
    """
    m, n = windows.shape
    out = np.full((m, n, len(JUDGED)), np.nan)
    for place, metric in enumerate(JUDGED):
        found, _ = values(metric, windows)
        expected = expectations[metric.name]
        with np.errstate(divide="ignore", invalid="ignore"):
            if metric.kind == "level":
                away = np.log(found / expected.centre) / expected.dispersion
            else:
                away = (found - expected.centre) / expected.spread
        out[:, :, place] = np.clip(away, -CLIP, CLIP)
    return out
