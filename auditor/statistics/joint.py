"""How far deviations lie from their ordinary joint cloud: a robust Mahalanobis distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baselines.robust import MAD_TO_SIGMA
from baselines.series import FloatArray

WINSOR = 3.0
"""Robust spreads beyond which a row of the sample counts no further for the cloud's shape."""
RIDGE = 0.1
"""Share of the identity in the correlation: metrics that always move together stay invertible."""
LEAST_SPREAD = 0.1


@dataclass(frozen=True, slots=True)
class Cloud:
    """The ordinary cloud of deviations.

    centre: shape (k,), medians. whitening: shape (k, k); a row's distance is the length of
    whitening @ (row - centre).
    """

    centre: FloatArray
    whitening: FloatArray

    @staticmethod
    def of(matrix: FloatArray) -> Cloud:
        """From the forest's sample, shape (s, k), no NaN: medians, MAD spreads, and correlation.

        Winsorised correlation (Huber and Ronchetti 2009, ch. 8), shrunk to the identity by RIDGE.
        """
        centre = np.median(matrix, axis=0)
        away = matrix - centre
        spread = np.maximum(MAD_TO_SIGMA * np.median(np.abs(away), axis=0), LEAST_SPREAD)
        bounded = np.clip(away / spread, -WINSOR, WINSOR)
        second = bounded.T @ bounded / bounded.shape[0]
        size = np.sqrt(np.maximum(np.diag(second), LEAST_SPREAD**2))
        k = size.size
        correlation = (1 - RIDGE) * second / np.outer(size, size) + RIDGE * np.eye(k)
        np.fill_diagonal(correlation, 1.0)
        factor = np.linalg.inv(np.linalg.cholesky(correlation))
        return Cloud(centre, factor / (spread * size))

    def distance(self, deviations: FloatArray) -> FloatArray:
        """Distance of each row, 0 = in the middle; deviations of shape (rows, k), no NaN.

        The terms are added one by one, so that a row has the same bits in whatever block it comes.
        """
        away = deviations - self.centre
        total = np.zeros(away.shape[0])
        for row in self.whitening:
            length = np.zeros(away.shape[0])
            for place, weight in enumerate(row):
                length += weight * away[:, place]
            total += length * length
        return np.sqrt(total)
