"""Several columns together: the loudest, all of them, and what does not fit their shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from auditor.metric_series.episodes import LAW
from auditor.metric_series.evidence import pooled, power_mean
from auditor.metric_series.views import SHORT, past_spread, trailing_median
from auditor.statistics.rarity import MEMORY, log_rarity_bits, rarity_bits
from baselines.series import FloatArray

VOICES: Final = ("loudest", "all", "residual", "forest")
FIRST_FIT: Final = 256
FIT_EVERY: Final = 2048
FIT_ROWS: Final = 8000
CLIP: Final = 6.0
"""Departures beyond so many spreads say nothing more to those who compare shapes."""
FIT_CLIP: Final = 4.0
EXPLAINED: Final = 0.9
"""Share of the variance that the principal components take; what they leave is the residual."""
LEAST_SPREAD: Final = 0.05
TREES: Final = 100
ROWS_A_TREE: Final = 256


def joint(columns: FloatArray, bits: FloatArray, seed: int) -> dict[str, FloatArray]:
    """The joint voices, in bits pooled over the last rows; shape (m,) each, NaN = says nothing.

    columns: shape (m, k), the metrics, NaN = missing. bits: shape (m, k), pooled evidence against
    each column. seed: of the forest's trees.
    """
    known = np.isfinite(bits)
    loud = np.where(known.any(axis=1), np.max(np.where(known, bits, -np.inf), axis=1), np.nan)
    everyone = np.where(known.any(axis=1), power_mean(np.ascontiguousarray(bits.T)), np.nan)
    shapes = departures(columns)
    residual = _by_fits(shapes, _Components)
    strange = _by_fits(shapes, lambda past: _Trees(past, seed))
    return {
        "loudest": loud,
        "all": everyone,
        "residual": _upper(residual, log_rarity_bits(residual)),
        "forest": _upper(strange, rarity_bits(strange)),
    }


def joined(voices: Mapping[str, FloatArray], columns: int) -> FloatArray:
    """The voices as one, shape (m,); NaN where no column is judged.

    Their power mean, or what the loudest column says alone, less what it costs to have looked at so
    many: by the law of rarity bits log10(columns) / LAW[0] (Bonferroni).
    """
    together = power_mean(np.stack([voices[name] for name in VOICES]))
    alone = voices["loudest"] - np.log10(columns) / LAW[0]
    return np.where(np.isfinite(alone), np.maximum(together, alone), np.nan)


def departures(columns: FloatArray) -> FloatArray:
    """Each column's distance from its trailing median, in its past spreads, shape (m, k).

    Within CLIP; 0 where the value is missing or nothing is known of the spread.
    """
    out = np.zeros(columns.shape)
    for place in range(columns.shape[1]):
        rows = np.flatnonzero(np.isfinite(columns[:, place]))
        values = columns[rows, place]
        away = values - trailing_median(values, SHORT)
        found = np.clip(away / past_spread(away), -CLIP, CLIP)
        out[rows, place] = np.where(np.isfinite(found), found, 0.0)
    return out


def fits(rows: int) -> Iterator[tuple[int, int, int]]:
    """When is learned anew: (first row of the past, first row judged by it, row after the last).

    Counted from the first row of the series, so a longer file changes nothing of what was judged.
    """
    at = FIRST_FIT
    while at < rows:
        following = at + min(at, FIT_EVERY)
        yield max(at - FIT_ROWS, 0), at, min(following, rows)
        at = following


def _by_fits(shapes: FloatArray, learn: Any) -> FloatArray:
    out = np.full(shapes.shape[0], np.nan)
    for since, first, last in fits(shapes.shape[0]):
        out[first:last] = learn(shapes[since:first]).strangeness(shapes[first:last])
    return out


def _upper(values: FloatArray, bits: FloatArray) -> FloatArray:
    """Pooled bits of what is strange upwards; a low value is rare too, and nobody's business."""
    known = np.flatnonzero(np.isfinite(values))
    out = np.full(values.size, np.nan)
    if known.size:
        high = values[known] >= trailing_median(values[known], MEMORY)
        out[known] = pooled(np.where(high, bits[known], 0.0))
    return out


class _Components:
    """Principal components of a past: what a row has beside them (Jackson and Mudholkar 1979)."""

    def __init__(self, past: FloatArray) -> None:
        self.centre = np.median(past, axis=0)
        near = np.clip(past - self.centre, -FIT_CLIP, FIT_CLIP)
        variances, axes = np.linalg.eigh(near.T @ near / near.shape[0])
        share = np.cumsum(variances[::-1]) / max(float(variances.sum()), 1e-12)
        kept = min(int(np.searchsorted(share, EXPLAINED)) + 1, past.shape[1] - 1)
        self.axes = np.ascontiguousarray(axes[:, ::-1][:, :kept].T)
        self.spread = np.sqrt((self._beside(near) ** 2).mean(axis=0)) + LEAST_SPREAD

    def strangeness(self, rows: FloatArray) -> FloatArray:
        """Mean square of each row's residual, in the past's own, shape (rows,)."""
        beside = self._beside(rows - self.centre) / self.spread
        return np.asarray((beside * beside).mean(axis=1))

    def _beside(self, rows: FloatArray) -> FloatArray:
        """Rows less their components, one by one: each row's bits are its own."""
        left = rows
        for axis in self.axes:
            left = left - (rows * axis).sum(axis=1)[:, None] * axis
        return left


class _Trees:
    """An isolation forest of a past, up is strange (Liu, Ting, Zhou 2008)."""

    def __init__(self, past: FloatArray, seed: int) -> None:
        from sklearn.ensemble import IsolationForest

        self.trees: Any = IsolationForest(
            n_estimators=TREES, max_samples=ROWS_A_TREE, random_state=seed, n_jobs=1
        ).fit(past)

    def strangeness(self, rows: FloatArray) -> FloatArray:
        """0..1 of each row, shape (rows,)."""
        return np.asarray(-self.trees.score_samples(rows), dtype=np.float64)
