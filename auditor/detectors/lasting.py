"""Whether what a long sum shows is still going on."""

from __future__ import annotations

import numpy as np

from baselines.series import BoolArray, FloatArray

RECENT = 5
"""Minutes that must still depart for a longer sum to speak: a closed problem is no news."""
STILL = 0.5
"""Share of the long sum's departure that the recent minutes must show."""


def still(recent: FloatArray, whole: FloatArray) -> BoolArray:
    """Where the recent minutes depart at least STILL as much as the whole sum, shape kept.

    recent, whole: departures upwards (0 = none), NaN = unknown, which is not going on.
    """
    return np.asarray(recent >= STILL * whole)
