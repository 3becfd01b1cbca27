"""Which windows of a block lie in maintenance, and how long after it the others are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from auditor.maintaining.maintenance import Maintenance, Once
from auditor.maintaining.occurrences import Occurrence, occurrences
from baselines.series import BoolArray, IntArray, SeriesKey


def under_maintenance(
    keys: Sequence[SeriesKey], minutes: IntArray, maintenances: Sequence[Maintenance]
) -> BoolArray:
    """Where a window lies in maintenance, wholly or in part; shape (m, n).

    keys: the n series. minutes: shape (m,), epoch minutes; the window of minute k is [k, k + 1). A
    maintenance that ends on the minute does not touch the window that begins there; one that ends
    within a minute still covers that minute's window.
    """
    held = np.zeros((minutes.size, len(keys)), dtype=np.bool_)
    if not minutes.size:
        return held
    since, until = _instant(int(minutes.min())), _instant(int(minutes.max()) + 1)
    for each in maintenances:
        columns = [each.holds_for(key.cache_name, key.implementation_type) for key in keys]
        if any(columns):
            rows = np.zeros(minutes.size, dtype=np.bool_)
            for occurrence in occurrences(each, since, until):
                rows |= _touched(occurrence, minutes)
            held |= rows[:, None] & np.array(columns)[None, :]
    return held


def since_maintenance(held: BoolArray, most: int) -> IntArray:
    """How many windows ago maintenance was last, this one counted; shape (m, n) of `held` kept.

    0 in maintenance, 1 in the first window after it; `most` where it is longer ago, or was not in
    the block. A sum over so many minutes holds nothing that happened in maintenance. Row t rests on
    rows t-most..t only.
    """
    age = np.full(held.shape, most, dtype=np.int64)
    for back in range(min(most, held.shape[0]) - 1, -1, -1):
        last = held.shape[0] - back
        age[back:][held[:last]] = back
    return age


def held_spans(
    keys: Sequence[SeriesKey], since: int, until: int, maintenances: Sequence[Maintenance]
) -> list[tuple[SeriesKey, int, int]]:
    """The runs of windows within [since, until) that lie in maintenance, by series; epoch minutes.

    Each is (series, first minute, the minute after the last one).
    """
    held = under_maintenance(keys, np.arange(since, until, dtype=np.int64), maintenances)
    found = []
    for column, key in enumerate(keys):
        edges = np.diff(held[:, column].astype(np.int8), prepend=0, append=0)
        first, last = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
        found += [
            (key, since + a, since + b) for a, b in zip(first.tolist(), last.tolist(), strict=True)
        ]
    return found


def of_spans(spans: Sequence[tuple[SeriesKey, int, int]]) -> list[Maintenance]:
    """Maintenances that hold in exactly these windows: the inverse of `held_spans`."""
    return [
        Maintenance(Once(_instant(first), _instant(last)), key.cache_name, key.implementation_type)
        for key, first, last in spans
    ]


def _touched(occurrence: Occurrence, minutes: IntArray) -> BoolArray:
    """Minutes of which some part lies in the occurrence, shape (m,)."""
    first = int(occurrence.since.timestamp() // 60)
    end = -int(-occurrence.until.timestamp() // 60)
    return np.asarray((minutes >= first) & (minutes < end))


def _instant(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)
