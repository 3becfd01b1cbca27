"""The isolation forest: one for the residuals of all series, rebuilt from a stored sample."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from auditor.statistics.joint import Cloud
from auditor.statistics.residuals import RESIDUALS
from baselines.series import BoolArray, FloatArray, IntArray

SAMPLE_ROWS = 4096
TREES = 100
ROWS_A_TREE = 256


@dataclass(frozen=True, slots=True, eq=False)
class ForestSample:
    """What a forest is grown from: enough to grow the same one again.

    matrix: shape (s, k), deviations in the order of `metrics`, no NaN. seed: of the trees. A sample
    is equal to itself alone.
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
        grown: Any = IsolationForest(
            n_estimators=TREES, max_samples=ROWS_A_TREE, random_state=sample.seed, n_jobs=1
        ).fit(sample.matrix)
        self._trees = [(each.tree_, _path_lengths(each.tree_)) for each in grown.estimators_]
        whole = _mean_path(np.array([min(ROWS_A_TREE, sample.matrix.shape[0])]))
        self._ordinary = len(self._trees) * float(whole[0])

    def strangeness(self, deviations: FloatArray) -> FloatArray:
        """0..1 of each row; deviations of shape (rows, k), no NaN; returns shape (rows,).

        The trees are asked one by one: scikit-learn's score_samples gives the same bits, but checks
        its input again for each tree, which takes ten times as long for the rows of one minute.
        """
        rows = np.ascontiguousarray(deviations, dtype=np.float32)
        depth = np.zeros(rows.shape[0])
        for tree, lengths in self._trees:
            depth += lengths[tree.apply(rows)]
        return np.asarray(2.0 ** -(depth / self._ordinary))


@lru_cache(maxsize=2)
def grown(sample: ForestSample) -> Forest:
    """The sample's forest, grown once for all who ask for it: learning, then judging.

    Raises ValueError when the sample is of other metrics than today's.
    """
    return Forest(sample)


def _path_lengths(tree: Any) -> FloatArray:
    """Depth of each node and what its rows would go on to (Liu et al., eq. 1), shape (nodes,)."""
    depth = np.ones(tree.node_count)
    for node in np.flatnonzero(tree.children_left >= 0):  # parents come before their children
        depth[tree.children_left[node]] = depth[tree.children_right[node]] = depth[node] + 1.0
    return np.asarray(depth + _mean_path(tree.n_node_samples) - 1.0)


def _mean_path(rows: IntArray) -> FloatArray:
    """Mean length of a path among so many rows, that of a failed search in a binary tree."""
    several = np.maximum(rows, 3).astype(np.float64)
    path = 2.0 * (np.log(several - 1.0) + np.euler_gamma) - 2.0 * (several - 1.0) / several
    return np.where(rows <= 1, 0.0, np.where(rows == 2, 1.0, path))
