"""Centre and spread that a few strange windows cannot move."""

from __future__ import annotations

import numpy as np

from baselines.errors import TooFewWindows
from baselines.series import FloatArray

MIN_WINDOWS = 3
MAD_TO_SIGMA = 1.4826


def centre(values: FloatArray) -> float:
    """The median of what is present.

    values: shape (n,), in the metric's unit; NaN is a missing window and is skipped.
    Raises TooFewWindows when fewer than MIN_WINDOWS values are present.
    """
    return float(np.median(_present(values)))


def spread(values: FloatArray) -> float:
    """How far ordinary values stray from their centre.

    values: shape (n,), in the metric's unit; NaN is a missing window and is skipped.
    Returns the median absolute deviation times 1.4826 (the standard deviation of a normal law with
    the same quartiles), same unit; 0.0 for a constant series.
    Raises TooFewWindows when fewer than MIN_WINDOWS values are present.
    """
    found = _present(values)
    return float(np.median(np.abs(found - np.median(found)))) * MAD_TO_SIGMA


def floored(spreads: FloatArray, long_run: float, *, share: float, least: float) -> FloatArray:
    """Spreads kept from falling below a share of the long-run spread, and below `least`.

    A flat or quantised series has a MAD of 0, and every deviation over 0 is infinite.
    """
    return np.maximum(spreads, max(share * long_run, least))


def clipped(values: FloatArray, bound: float) -> FloatArray:
    """Values held within [-bound, bound]; NaN stays."""
    return np.clip(values, -bound, bound)


def _present(values: FloatArray) -> FloatArray:
    found = values[np.isfinite(values)]
    if found.size < MIN_WINDOWS:
        raise TooFewWindows("the sample", needed=MIN_WINDOWS, found=int(found.size))
    return found
