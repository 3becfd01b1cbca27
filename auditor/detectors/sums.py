"""Numerator, expected numerator and denominator of a metric, minute by minute and pooled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.statistics.pooling import pooled
from auditor.statistics.scene import Scene
from baselines.metrics import Metric, denominator, numerator
from baselines.series import BoolArray, FloatArray

WEEK = "week"
"""Variant that compares with the week alone: the last hour has learned a slow problem already."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Of every minute, shape (m, n); 0 where not known."""

    known: BoolArray
    found: FloatArray
    expected: FloatArray
    count: FloatArray

    @staticmethod
    def of(scene: Scene, metric: Metric, variant: str, least: float) -> Sums:
        """Of a scene's metric against its expectation, that of the week for the WEEK variant.

        least: a minute with a smaller denominator is not known.
        """
        above, below = numerator(metric, scene.windows), denominator(metric, scene.windows)
        expectation = scene.expectations[metric.name]
        usual = expectation.seasonal if variant == WEEK else expectation.centre
        known = np.isfinite(above) & (below >= least) & np.isfinite(usual)
        parts = (above, usual / metric.scale * below, below)
        return Sums(known, *(np.where(known, each, 0.0) for each in parts))

    def over(self, minutes: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Found, expected and count, each pooled."""
        found, expected = pooled(self.found, minutes), pooled(self.expected, minutes)
        return found, expected, pooled(self.count, minutes)


def asked(pools: tuple[int, ...], week: tuple[int, ...]) -> tuple[tuple[int, str], ...]:
    """Lengths with their variants: pools against the last hour too, the others against the week."""
    return (*((minutes, "") for minutes in pools), *((minutes, WEEK) for minutes in week))
