"""An A/A pair out of one series: its events dealt by lot to two halves that differ in nothing."""

from __future__ import annotations

import numpy as np

from auditor.comparing.errors import UnknownImplementation
from baselines.series import FloatArray, SeriesKey, Windows

NAMES = ("A", "A again")
WHOLE = ("hits", "misses", "get_errors", "errors", "sets", "deletes")
"""Counts that are dealt, each by itself; gets and operations follow."""


def halves(windows: Windows, key: SeriesKey, seed: int = 0) -> Windows:
    """Two implementations, NAMES, of the cache `key`, each event of it given to one by a fair lot.

    Sums of times go with their hits and misses. Only columns that can be dealt are kept: no
    quantiles, no sizes.
    Raises UnknownImplementation for a series that is not in the block.
    """
    if key not in windows.keys:
        there = (each for each in windows.keys if each.cache_name == key.cache_name)
        raise UnknownImplementation(
            key.cache_name, key.implementation_type, (each.implementation_type for each in there)
        )
    one, random = windows.only([key]), np.random.default_rng(seed)
    columns = {name: _dealt(one.column(name)[:, 0], random) for name in WHOLE}
    looked_up = columns["hits"] + columns["misses"]
    others = np.maximum(
        one.column("total_operations") - one.column("hits") - one.column("misses"), 0
    )
    columns["gets"] = looked_up + np.nan_to_num(columns["get_errors"])
    columns["total_operations"] = looked_up + _dealt(others[:, 0], random)
    for which, counted in (("hit", "hits"), ("miss", "misses")):
        name = f"{which}_latency_sum_ms"
        columns[name] = _shared(one.column(name), one.column(counted), columns[counted])
    columns["latency_sum_ms"] = columns["hit_latency_sum_ms"] + columns["miss_latency_sum_ms"]
    names = tuple(SeriesKey(key.cache_name, name) for name in NAMES)
    return Windows(windows.start, names, columns)


def _dealt(counts: FloatArray, random: np.random.Generator) -> FloatArray:
    """Counts, shape (m,), split by lot, shape (m, 2); NaN stays."""
    known = np.isfinite(counts)
    first = random.binomial(np.where(known, counts, 0.0).astype(np.int64), 0.5)
    return np.where(known[:, None], np.stack([first, counts - first], axis=1), np.nan)


def _shared(total: FloatArray, counts: FloatArray, dealt: FloatArray) -> FloatArray:
    """A sum, shape (m, 1), shared in proportion to the counts that were dealt, shape (m, 2)."""
    return np.asarray(total * dealt / np.maximum(counts, 1.0))
