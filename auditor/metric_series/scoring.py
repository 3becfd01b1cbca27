"""Scores any metric by time, row by row, from the rows up to it and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from auditor.metric_series.band import Band
from auditor.metric_series.column import judge_column
from auditor.metric_series.episodes import episodes, opening_surprise
from auditor.metric_series.joint import joined, joint
from auditor.statistics.trailing_order import TrailingOrder
from baselines.series import BoolArray, FloatArray, IntArray

JUDGED_FROM: Final = 100
"""Rows that are learned from before the first one is judged."""
LARGEST: Final = 1e150
"""Values beyond are held here, so that no difference of two overflows."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One judgement a row.

    score: shape (m,), 0 ordinary .. 1 strange, NaN = not judged. surprise: shape (m,), -log10 of
    the rate, per row, at which this series has excursions so rare; no upper bound.
    expected, lower, upper: shape (m, k), each column's unit, from the rows before; NaN = unknown.
    episode_opened: shape (m,), True at one row of each episode. episode: shape (m,), its number,
    from 1; 0 = none.
    contributions: shape (m, k), bits against each column, pooled over the last rows.
    voices: name -> shape (m,), bits: what the evidence was joined from.
    leading: shape (m,), the column that contributes most; -1 where none is judged.
    first_judged: the first row with a score, None when there is none.
    """

    score: FloatArray
    surprise: FloatArray
    expected: FloatArray
    lower: FloatArray
    upper: FloatArray
    episode_opened: BoolArray
    episode: IntArray
    contributions: FloatArray
    voices: Mapping[str, FloatArray]
    leading: IntArray
    first_judged: int | None


def score_series(
    times: FloatArray | None,
    values: FloatArray,
    *,
    seed: int = 0,
    told: Callable[[int], None] | None = None,
) -> Scored:
    """Scores one column, or several together. Row t rests on rows up to t: score(prefix) is
    score(whole)[:prefix], to the bit.

    times: shape (m,), ascending epoch seconds, at any distance; None where rows have numbers only.
    values: shape (m,) or (m, k), any unit; what is not finite is missing, and is not judged.
    seed: of the isolation forest, which several columns share. told: is called with 1 after each
    column, for who shows progress.
    Raises ValueError when the shapes do not fit or times go back.
    """
    columns = _as_columns(times, values)
    m, k = columns.shape
    clock = times is not None
    stamps = np.arange(m, dtype=np.float64) if times is None else np.asarray(times, np.float64)
    step = usual_step(stamps)
    judged = []
    for place in range(k):
        judged.append(judge_column(stamps, columns[:, place], step, clock=clock))
        if told is not None:
            told(1)
    contributions = np.stack([each.pooled for each in judged], axis=1)
    if k == 1:
        voices: Mapping[str, FloatArray] = judged[0].members
        bits = contributions[:, 0]
    else:
        voices = joint(columns, contributions, seed)
        bits = joined(voices, k)
    opening = opening_surprise(step if clock else np.full(m, np.nan))
    return _judgement(bits, opening, contributions, voices, [each.band for each in judged])


def usual_step(times: FloatArray) -> FloatArray:
    """The median distance between rows as far as each row can know it, shape (m,); > 0."""
    if times.size < 2:
        return np.ones(times.size)
    last = np.arange(1, times.size)
    found = TrailingOrder(np.diff(times)).quantile(np.zeros_like(last), last, 0.5)
    return np.concatenate([[1.0], np.where(found > 0, found, 1.0)])


def _judgement(
    bits: FloatArray,
    opening: FloatArray,
    contributions: FloatArray,
    voices: Mapping[str, FloatArray],
    bands: list[Band],
) -> Scored:
    rows = np.flatnonzero(np.isfinite(bits))
    surprise = np.full(bits.size, np.nan)
    opened, episode = np.zeros(bits.size, dtype=bool), np.zeros(bits.size, dtype=np.int64)
    found = episodes(bits[rows], opening[rows], JUDGED_FROM)
    surprise[rows], opened[rows], episode[rows] = found.surprise, found.opened, found.episode
    known = np.isfinite(contributions)
    loudest = np.argmax(np.where(known, contributions, -np.inf), axis=1)
    judged = np.flatnonzero(np.isfinite(surprise))
    return Scored(
        score=1.0 - np.exp2(-surprise / 2.0),
        surprise=surprise,
        expected=np.stack([each.expected for each in bands], axis=1),
        lower=np.stack([each.lower for each in bands], axis=1),
        upper=np.stack([each.upper for each in bands], axis=1),
        episode_opened=opened,
        episode=episode,
        contributions=contributions,
        voices=voices,
        leading=np.where(known.any(axis=1), loudest, -1),
        first_judged=int(judged[0]) if judged.size else None,
    )


def _as_columns(times: FloatArray | None, values: FloatArray) -> FloatArray:
    columns = np.asarray(values, dtype=np.float64)
    columns = columns[:, None] if columns.ndim == 1 else columns
    if columns.ndim != 2 or columns.shape[1] == 0:
        raise ValueError(f"values have shape {columns.shape}; (m,) or (m, k) is scored")
    if times is not None:
        if np.shape(times) != columns.shape[:1]:
            raise ValueError(f"{np.shape(times)} times for {columns.shape[0]} rows of values")
        if not np.isfinite(times).all() or (np.diff(times) < 0).any():
            raise ValueError("times must be finite and ascending; sort the rows by time first")
    return np.where(np.isfinite(columns), np.clip(columns, -LARGEST, LARGEST), np.nan)
