"""Rows of single nodes onto the grid of minutes and series; a series sums its nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from auditor.tables.rows import Faults, Rows, Whose
from auditor.tables.timing import without_untimed
from baselines.series import FloatArray, IntArray, SeriesKey, Windows

ONE_NODE = frozenset(
    {
        "distinct_keys",
        "p50_response_time_ms",
        "p95_response_time_ms",
        "p99_response_time_ms",
        "hit_p50_ms",
        "hit_p95_ms",
        "miss_p50_ms",
        "miss_p95_ms",
    }
)
"""Columns that do not add up: known where one node alone had operations, else missing."""
LEAST = frozenset({"completeness"})
"""Columns of which the least of the nodes counts."""
TWICE = "is there twice for this series and node"


def windows_of(
    rows: Rows, whose: Sequence[Whose], since: int, until: int, faults: Faults
) -> Windows:
    """The rows of minutes [since, until) as windows of their series, sorted.

    whose: what rows.whose are places of. Sums as the database's own reading does (read_windows).
    Raises BadRow where a node has a minute twice, unless such rows are skipped.
    """
    series = [SeriesKey(cache, implementation) for cache, implementation, _ in whose]
    keys = tuple(sorted({series[place] for place in np.unique(rows.whose)}))
    column_of = {key: place for place, key in enumerate(keys)}
    columns = np.array([column_of.get(key, -1) for key in series], dtype=np.int64)
    # nodes in the order of their names, so that sums have the same bits however the table is sorted
    by_name = sorted(range(len(whose)), key=lambda place: whose[place])
    order_of = np.empty(len(whose), dtype=np.int64)
    order_of[by_name] = np.arange(len(whose))
    sorted_ = rows.only(np.lexsort((rows.lines, order_of[rows.whose], rows.minutes)))
    kept = _without_doubles(sorted_, faults)
    cells = (kept.minutes - since) * max(len(keys), 1) + columns[kept.whose]
    starts = np.flatnonzero(np.diff(cells, prepend=-1))
    numbers = without_untimed(kept.numbers, _summed(kept.numbers, starts), starts)
    at = cells[starts]
    shape = (until - since, len(keys))
    out = {name: np.full(shape, np.nan) for name in numbers}
    for name, values in numbers.items():
        out[name].reshape(-1)[at] = values
    known = out["get_errors"] if "get_errors" in out else np.zeros(shape)
    gets = out["hits"] + out["misses"] + np.nan_to_num(known)
    return Windows(since, keys, {**out, "gets": gets})


def _without_doubles(rows: Rows, faults: Faults) -> Rows:
    """The first row of each node and minute; rows are sorted by minute and node."""
    again = np.zeros(rows.minutes.size, dtype=np.bool_)
    again[1:] = (np.diff(rows.minutes) == 0) & (np.diff(rows.whose) == 0)
    for place in np.flatnonzero(again):
        faults.refuse(int(rows.lines[place]), "minute_window", int(rows.minutes[place]), TWICE)
    return rows.only(~again) if again.any() else rows


def _summed(numbers: Mapping[str, FloatArray], starts: IntArray) -> dict[str, FloatArray]:
    """Each group of rows from one start to the next as one window."""
    size = next(iter(numbers.values())).size
    if starts.size == size:
        return dict(numbers)
    active = np.add.reduceat((numbers["total_operations"] > 0).astype(np.int64), starts)
    out = {}
    for name, values in numbers.items():
        if name in LEAST:
            out[name] = np.fmin.reduceat(values, starts)
        elif name in ONE_NODE:
            out[name] = np.where(active <= 1, np.fmax.reduceat(values, starts), np.nan)
        else:
            known = np.add.reduceat(np.isfinite(values).astype(np.int64), starts)
            total = np.add.reduceat(np.nan_to_num(values), starts)
            out[name] = np.where(known > 0, total, np.nan)
    return out
