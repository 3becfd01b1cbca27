"""Scenes of one series whose every figure is chosen: what is expected, and what is found."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from planted import MONDAY, NEW

from auditor.statistics.scene import Scene
from baselines.expectation import Expectation
from baselines.metrics import METRICS
from baselines.series import FloatArray, Windows


def scene_by_hand(
    columns: Mapping[str, FloatArray],
    centre: Mapping[str, float],
    seasonal: Mapping[str, float] | None = None,
    dispersion: float = 1e-6,
) -> Scene:
    """columns: by name, shape (m,). centre, seasonal: what each metric is expected to be, by the
    last hour and by the week (as the last hour where not given); NaN for the metrics left out."""
    week = {**centre, **(seasonal or {})}
    m = next(iter(columns.values())).size
    expectations = {}
    for metric in METRICS:
        hour, usual = (np.full((m, 1), of.get(metric.name, np.nan)) for of in (centre, week))
        none, spread = np.zeros((m, 1)), np.full((m, 1), dispersion)
        expectations[metric.name] = Expectation(metric, usual, hour, none, hour, hour, spread)
    blocks = {name: values[:, None] for name, values in columns.items()}
    return Scene(Windows(MONDAY, (NEW,), blocks), {}, expectations)
