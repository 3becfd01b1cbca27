"""A metric of one series, window by window, as learning needs it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baselines.links import to_link
from baselines.metrics import Metric, denominator, numerator, quotient
from baselines.series import FloatArray, IntArray, Windows


@dataclass(frozen=True, slots=True)
class Terms:
    """Arrays of shape (k,).

    above, below: numerator and denominator. value: in the metric's unit, NaN where unknown. linked:
    the same on the link scale; of a level its plain logarithm, -inf for 0.
    """

    above: FloatArray
    below: FloatArray
    value: FloatArray
    linked: FloatArray

    @staticmethod
    def of(metric: Metric, windows: Windows) -> Terms:
        """Of a block of one series."""
        above, below = numerator(metric, windows)[:, 0], denominator(metric, windows)[:, 0]
        value = quotient(metric, above, below)
        if metric.kind != "level":
            return Terms(above, below, value, to_link(metric, value))
        with np.errstate(divide="ignore"):
            return Terms(above, below, value, np.log(value))

    def take(self, rows: IntArray) -> Terms:
        """Of some windows, by their places."""
        return Terms(self.above[rows], self.below[rows], self.value[rows], self.linked[rows])
