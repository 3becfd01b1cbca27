"""The two series of a comparison, and the minutes in which both can be compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.comparing.errors import SameImplementation, UnknownCache, UnknownImplementation
from auditor.comparing.settings import ComparisonSettings
from auditor.comparing.warm_up import LeftOut, warm, warm_ups
from baselines.series import BoolArray, FloatArray, SeriesKey, Windows

MIRRORED = 0.02
"""Sides that differ by less than this share of their gets, minute by minute, see the same ones."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """windows: baseline and candidate, shape (m, 2), from the first window of both to the last.

    present: shape (m,), both have a window. warm: shape (m,), neither is warming up.
    """

    windows: Windows
    present: BoolArray
    warm: BoolArray
    left_out: tuple[LeftOut, ...]

    @property
    def compared(self) -> BoolArray:
        """The minutes that are compared, shape (m,)."""
        return self.present & self.warm

    @property
    def mirrored(self) -> bool:
        """Whether both see the same gets."""
        gets = self._gets()
        apart = np.abs(gets[:, 0] - gets[:, 1]).sum()
        return bool(apart <= MIRRORED * 0.5 * gets.sum() and gets.sum() > 0)

    @property
    def candidate_share(self) -> float:
        """The candidate's share of all gets, 0 to 1; NaN without any."""
        gets = self._gets().sum(axis=0)
        return float(gets[1] / gets.sum()) if gets.sum() > 0 else float("nan")

    def _gets(self) -> FloatArray:
        gets = self.windows.column("hits") + self.windows.column("misses")
        found: FloatArray = np.nan_to_num(gets[self.compared])
        return found


def overlap(
    windows: Windows, cache_name: str, baseline: str, candidate: str, settings: ComparisonSettings
) -> Overlap:
    """The span in which both series have windows.

    Raises UnknownCache, UnknownImplementation or SameImplementation.
    """
    both = _both(windows, cache_name, baseline, candidate)
    left_out = warm_ups(both, settings)
    seen = [np.flatnonzero(each) for each in both.present().T]
    for name, rows in zip((baseline, candidate), seen, strict=True):
        if not rows.size:
            others = {key.implementation_type for key in windows.keys} - {baseline, candidate}
            raise UnknownImplementation(cache_name, name, others)
    first, last = max(int(rows[0]) for rows in seen), min(int(rows[-1]) for rows in seen)
    cut = both.rows(first, max(last + 1, first))
    inside = tuple(e for e in left_out if e.until > cut.start and e.since < cut.end)
    present: BoolArray = cut.present().min(axis=1)
    return Overlap(cut, present, warm(cut, inside), inside)


def _both(windows: Windows, cache_name: str, baseline: str, candidate: str) -> Windows:
    if baseline == candidate:
        raise SameImplementation(baseline)
    known = {key.implementation_type for key in windows.keys if key.cache_name == cache_name}
    if not known:
        raise UnknownCache(cache_name, {key.cache_name for key in windows.keys})
    for name in (baseline, candidate):
        if name not in known:
            raise UnknownImplementation(cache_name, name, known)
    return windows.only([SeriesKey(cache_name, name) for name in (baseline, candidate)])
