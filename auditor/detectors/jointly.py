"""Evidence of all metrics together: how odd a window's deviations are as a whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from auditor.detectors.detector import Channel, Evidence
from auditor.statistics.residuals import deviations
from auditor.statistics.scene import Scene
from baselines.series import FloatArray


def jointly(
    scene: Scene, detector: str, odd: Callable[[FloatArray], FloatArray] | None
) -> tuple[Evidence, ...]:
    """One channel over all judged metrics.

    odd: statistic of each row of deviations, (rows, k) without NaN -> (rows,); None where nothing
    was learned yet, and then nothing is judged. A metric that is unknown in a window counts as
    ordinary there; a window of which nothing is known is not judged.
    """
    away = deviations(scene.windows, scene.expectations)
    known = np.isfinite(away).any(axis=2)
    statistic, unknown = np.full(known.shape, np.nan), np.full(known.shape, np.nan)
    if odd is not None and known.any():
        statistic[known] = odd(np.nan_to_num(away[known], nan=0.0))
    count = np.isfinite(away).sum(axis=2).astype(np.float64)
    channel = Channel(detector, "all", 1)
    return (Evidence(channel, statistic, statistic, unknown, unknown, unknown, count),)
