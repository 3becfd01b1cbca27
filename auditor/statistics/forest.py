"""The isolation forest: one for the residuals of all series, rebuilt from a stored sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from auditor.statistics.joint import Cloud
from auditor.statistics.residuals import RESIDUALS
from baselines.series import BoolArray, FloatArray

SAMPLE_ROWS = 4096
TREES = 100
ROWS_A_TREE = 256


@dataclass(frozen=True, slots=True)
class ForestSample:
    """What a forest is grown from: enough to grow the same one again.

    matrix: shape (s, k), deviations in the order of `metrics`, no NaN. seed: of the trees.
    """

    metrics: tuple[str, ...]
    matrix: FloatArray
    seed: int


def draw_sample(deviations: FloatArray, exclude: BoolArray, seed: int) -> ForestSample | None:
    """At most SAMPLE_ROWS rows of all series, drawn evenly; None when fewer than ROWS_A_TREE exist.

    deviations: shape (m, n, k), NaN = unknown; exclude: shape (m, n), rows not to be learned.
    """
    known = np.isfinite(deviations).any(axis=2) & ~exclude
    rows = np.nan_to_num(deviations[known], nan=0.0)
    if rows.shape[0] < ROWS_A_TREE:
        return None
    if rows.shape[0] > SAMPLE_ROWS:
        chosen = np.random.default_rng(seed).choice(rows.shape[0], SAMPLE_ROWS, replace=False)
        rows = rows[np.sort(chosen)]
    return ForestSample(RESIDUALS, rows, seed)


class Forest:
    """A grown forest; `strangeness` is scikit-learn's score_samples, turned so that up is strange.

    It saturates outside its sample's box (Liu, Ting, Zhou 2008: the path length only), which is why
    it is calibrated on its own past and never fires alone.
    """

    def __init__(self, sample: ForestSample) -> None:
        """Grows the trees. Raises ValueError when the sample is of other metrics than today's."""
        if sample.metrics != RESIDUALS:
            raise ValueError(f"the forest was sampled for {sample.metrics}, not {RESIDUALS}")
        from sklearn.ensemble import IsolationForest

        self.sample = sample
        self.cloud = Cloud.of(sample.matrix)
        self._trees: Any = IsolationForest(
            n_estimators=TREES, max_samples=ROWS_A_TREE, random_state=sample.seed, n_jobs=1
        ).fit(sample.matrix)

    def strangeness(self, deviations: FloatArray) -> FloatArray:
        """0..1 of each row; deviations of shape (rows, k), no NaN; returns shape (rows,)."""
        return np.asarray(-self._trees.score_samples(deviations), dtype=np.float64)
