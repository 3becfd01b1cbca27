"""Pooled bits -> surprise by the series' own past, and episodes: one alert for one problem.

Bits of rarity come at much the same rate whatever the series: an excursion that reaches z bits
begins once in 10^(0.65 z - 0.3) rows (LAW; measured on generated healthy series of thirteen
kinds and on a week of cache metrics without an incident). The rate that is used at each row is
that law, held against the excursions this series has had: the mean of a Gamma law with the prior
weight of LAW_ROWS rows.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from baselines.series import BoolArray, FloatArray, IntArray

LAW: Final = (0.65, -0.3)
LAW_ROWS: Final = 8000
"""Rows of own past that weigh as much as the law; also how far the own past reaches back."""
TRUE_SHARE: Final = 0.75
"""Of the past excursions that reached a height, so many are taken for true problems: those are no
reason to be silent about the next one."""
EXCURSION: Final = 4.5
"""Bits at which an excursion begins; an open episode is held open by them."""
QUIET_ROWS: Final = 10
"""Rows below that end an excursion, and the episode with it. The bits are pooled and fade."""
BUDGET_ROWS: Final = 4000.0
"""One false episode in so many rows is allowed, at a step of five minutes ..."""
BUDGET_STEP_S: Final = 300.0
"""... and in half as many at four times the step: rows close in time are not independent."""
MOST_SCALE: Final = 8.0
LEAST_SCALE: Final = 0.2


@dataclass(frozen=True, slots=True)
class Episodes:
    """Shape (m,) each. surprise: -log10 of the calibrated rate a row, NaN = not judged. opened: the
    row at which an episode opened. episode: its number from 1, 0 = none."""

    surprise: FloatArray
    opened: BoolArray
    episode: IntArray


@dataclass(slots=True)
class _Excursion:
    last: int
    peak: float
    number: int = 0


def opening_surprise(step_s: FloatArray) -> FloatArray:
    """The surprise that opens an episode, shape (m,).

    step_s: shape (m,), the usual step at each row; NaN = rows have no times.
    """
    scale = np.sqrt(np.where(np.isfinite(step_s), step_s, BUDGET_STEP_S) / BUDGET_STEP_S)
    return np.asarray(np.log10(BUDGET_ROWS / np.clip(scale, LEAST_SCALE, MOST_SCALE)))


def episodes(bits: FloatArray, opening: FloatArray, first: int) -> Episodes:
    """Walks the rows once, oldest first.

    bits: shape (m,), pooled, no NaN. opening: shape (m,), the surprise that opens. first: the first
    row that is judged; those before it are only learned from.
    """
    m = bits.size
    surprise = np.full(m, np.nan)
    opened, episode = np.zeros(m, dtype=bool), np.zeros(m, dtype=np.int64)
    past: deque[tuple[int, float]] = deque()
    ends = np.zeros(m + LAW_ROWS + 1)
    current: _Excursion | None = None
    number = 0
    for row in np.flatnonzero(bits >= EXCURSION).tolist():
        if row < first:
            continue
        if current is not None and row - current.last > QUIET_ROWS:
            _close(current, past, ends, episode)
            current = None
        while past and past[0][0] <= row - LAW_ROWS:
            past.popleft()
        height = float(bits[row])
        surprise[row] = _surprise(height, sum(peak >= height for _, peak in past), row - first)
        if current is None:
            current = _Excursion(row, height)
        if not current.number and surprise[row] >= opening[row]:
            number += 1
            current.number, opened[row] = number, True
            current.last = row
        if current.number:
            episode[current.last : row + 1] = current.number
        current.last, current.peak = row, max(current.peak, height)
    if current is not None:
        _close(current, past, ends, episode)
    ordinary = np.isnan(surprise) & (np.arange(m) >= first)
    surprise[ordinary] = _ordinary(bits, ends, first)[ordinary]
    return Episodes(surprise, opened, episode)


def _close(
    current: _Excursion, past: deque[tuple[int, float]], ends: FloatArray, episode: IntArray
) -> None:
    """Files an excursion with the past. Its end is known QUIET_ROWS after its last high row."""
    known = current.last + QUIET_ROWS + 1
    past.append((known, current.peak))
    ends[min(known, ends.size - 1)] += 1
    ends[min(known + LAW_ROWS, ends.size - 1)] -= 1
    if current.number:
        episode[current.last : known] = current.number


def _surprise(bits: float, reached: int, rows: int) -> float:
    """-log10 of the rate, per row, of excursions that reach so many bits."""
    by_law = 10.0 ** -(LAW[0] * bits + LAW[1])
    seen = min(rows, LAW_ROWS)
    return float(-np.log10(((1 - TRUE_SHARE) * reached + LAW_ROWS * by_law) / (seen + LAW_ROWS)))


def _ordinary(bits: FloatArray, ends: FloatArray, first: int) -> FloatArray:
    """Surprise below an excursion: from 0 up to what EXCURSION bits are worth at that row."""
    reached = np.cumsum(ends)[: bits.size]
    seen = np.clip(np.arange(bits.size) - first, 0, LAW_ROWS)
    by_law = LAW_ROWS * 10.0 ** -(LAW[0] * EXCURSION + LAW[1])
    edge = -np.log10(((1 - TRUE_SHARE) * reached + by_law) / (seen + LAW_ROWS))
    return np.asarray(np.maximum(edge * bits / EXCURSION, 0.0))
