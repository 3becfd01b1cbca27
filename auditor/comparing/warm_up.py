"""What is left out: an implementation's cold time after its first window or a lost content."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.comparing.settings import ComparisonSettings
from baselines.series import BoolArray, FloatArray, Windows

CELL = 10
"""Minutes of a cell, in which misses and entries are looked at."""
HOUR = 60 // CELL
LONGEST = 24 * HOUR
"""Cells after which a warm-up is called over, whatever the misses do."""
LEAST_EXCESS = 0.02
"""Share of misses above the later ones, below which nothing is cold."""
SPREADS = 3.0
KEPT_SHARE = 0.5
"""Entries that fall below this share of the last hour's are a lost content."""
FEWEST_ENTRIES = 10.0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A half-open span of epoch minutes in which an implementation was warming up, and after what:
    'start' (its first window) or 'restart' (its entries had gone)."""

    implementation: str
    since: int
    until: int
    after: str


def warm_ups(windows: Windows, settings: ComparisonSettings) -> tuple[LeftOut, ...]:
    """The warm-ups of both series of a block, shape (m, 2), oldest first.

    Without a fixed length a warm-up ends with the first hour whose share of misses, less the
    other's, is no longer above that of the later half of the next day, and whose cache holds at
    least half of what it holds then; after a day, or half of what there is, at the latest.
    """
    cells = windows.shape[0] // CELL
    if not cells:
        return ()
    found = []
    share, entries = _share_of_misses(windows, cells), _entries(windows, cells)
    for side, key in enumerate(windows.keys):
        own, other = share[:, side], share[:, 1 - side]
        seen = np.flatnonzero(np.isfinite(own))
        first = [(int(seen[0]), "start")] if seen.size else []
        lost = [(cell, "restart") for cell in _losses(entries[:, side])]
        for cell, after in [*first, *lost]:
            if settings.warm_up_minutes is not None:
                minutes = settings.warm_up_minutes
            else:
                minutes = CELL * _length(own, other, entries[:, side], cell)
            if minutes:
                since = windows.start + CELL * cell
                found.append(LeftOut(key.implementation_type, since, since + minutes, after))
    return tuple(sorted(found, key=lambda each: (each.since, each.implementation)))


def warm(windows: Windows, left_out: tuple[LeftOut, ...]) -> BoolArray:
    """Which minutes of a block lie in no warm-up, shape (m,)."""
    minutes = windows.minutes()
    kept = np.ones(len(minutes), dtype=np.bool_)
    for each in left_out:
        kept &= (minutes < each.since) | (minutes >= each.until)
    return kept


def _length(own: FloatArray, other: FloatArray, entries: FloatArray, first: int) -> int:
    """How many cells from `first` on a warm-up lasts."""
    last = min(first + LONGEST, len(own))
    later = first + (last - first) // 2
    if last - later < HOUR:
        return 0
    beside = own[first:last] - other[first:last]
    if np.isfinite(beside).mean() < 0.5:  # the other is not there to compare with
        beside = own[first:last]
    level = _median(beside[later - first :])
    spread = 1.4826 * _median(np.abs(beside[later - first :] - level))
    bound = max(LEAST_EXCESS, SPREADS * spread / np.sqrt(HOUR))
    held = entries[first:last]
    cold = _running_mean(beside) - level > bound
    cold |= held < KEPT_SHARE * _median(held[later - first :])
    warm_from = np.flatnonzero(~cold)
    return min(int(warm_from[0]) if warm_from.size else later - first, later - first)


def _running_mean(values: FloatArray) -> FloatArray:
    """Mean of each cell and the rest of the hour after it, shape (n,); missing ones left out."""
    padded = np.concatenate([values, np.full(HOUR - 1, np.nan)])
    hours = np.lib.stride_tricks.sliding_window_view(padded, HOUR)
    total, n = np.nansum(hours, axis=1), np.isfinite(hours).sum(axis=1)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _median(values: FloatArray) -> float:
    """The median of what is present; NaN of nothing."""
    found = values[np.isfinite(values)]
    return float(np.median(found)) if found.size else float("nan")


def _losses(entries: FloatArray) -> list[int]:
    """Cells at which the entries of a cache have collapsed."""
    lost: list[int] = []
    for cell in np.flatnonzero(np.isfinite(entries)):
        before = entries[max(cell - HOUR, 0) : cell]
        held, recent = _median(before), bool(lost) and cell - lost[-1] < HOUR
        if held >= FEWEST_ENTRIES and entries[cell] < KEPT_SHARE * held and not recent:
            lost.append(int(cell))
    return lost


def _share_of_misses(windows: Windows, cells: int) -> FloatArray:
    """Misses per get, shape (cells, 2); NaN where there was no get."""
    hits, misses = (_by_cell(windows.column(name), cells) for name in ("hits", "misses"))
    gets = np.nansum(hits, axis=1) + np.nansum(misses, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gets > 0, np.nansum(misses, axis=1) / gets, np.nan)


def _entries(windows: Windows, cells: int) -> FloatArray:
    """Mean entries held, shape (cells, 2); NaN where not known."""
    held = _by_cell(windows.column("avg_cache_size"), cells)
    known = np.isfinite(held)
    total, n = np.where(known, held, 0.0).sum(axis=1), known.sum(axis=1)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _by_cell(values: FloatArray, cells: int) -> FloatArray:
    return values[: cells * CELL].reshape(cells, CELL, 2)
