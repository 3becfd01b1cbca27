"""What a minute's departure costs, in milliseconds of waiting against the ordinary minute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.statistics.scene import Scene
from baselines.series import FloatArray

LOADS_AN_ERROR = 3.0
"""An error costs the caller about as much as three ordinary loads: wait, retry, load."""
LOST_FROM = 0.5
"""Requests count as lost when fewer than this share of the expected ones come."""
UNKNOWN_LOAD_MS = 10.0
"""Stands in for the load time where it was never measured, so that misses have a price at all."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds a minute, all of shape (m, n), 0 where nothing is known.

    misses: extra loads at the ordinary load time; loads: loads slower than ordinary; hits: hits
    slower than ordinary; errors: LOADS_AN_ERROR loads each beyond the ordinary; lost: requests that
    did not come, at the ordinary time of a get. ordinary: an ordinary minute's waiting.
    extra_loads, extra_errors, lost_requests: the counts behind them.
    """

    misses: FloatArray
    loads: FloatArray
    hits: FloatArray
    errors: FloatArray
    lost: FloatArray
    ordinary: FloatArray
    extra_loads: FloatArray
    extra_errors: FloatArray
    lost_requests: FloatArray

    def total(self) -> FloatArray:
        """All extra waiting, ms a minute, never below 0; shape (m, n)."""
        parts = (self.misses, self.loads, self.hits, self.errors, self.lost)
        return np.asarray(np.maximum(sum(parts, np.zeros_like(self.misses)), 0.0))


def cost(scene: Scene) -> Cost:
    """The cost of every window of the scene against its expectation."""
    windows, expected = scene.windows, scene.expectations
    gets, hits, misses = (_zero(windows.column(name)) for name in ("gets", "hits", "misses"))
    miss_share = 1 - expected["hit_rate"].centre / 100.0
    load = np.nan_to_num(expected["miss_latency_ms"].centre, nan=UNKNOWN_LOAD_MS)
    hit_time = expected["hit_latency_ms"].centre
    usual_gets = expected["traffic"].centre
    usual_time = _zero(miss_share * load) + _zero((1 - miss_share) * hit_time)
    extra_loads = _zero(misses - (hits + misses) * miss_share)
    extra_errors = np.maximum(
        _zero(windows.column("errors"))
        - _zero(windows.column("total_operations") * expected["error_rate"].centre / 100.0),
        0.0,
    )
    promised = np.minimum(usual_gets, expected["traffic"].seasonal)
    heard = np.isfinite(windows.column("gets"))
    lost = np.where(heard & (gets < LOST_FROM * promised), _zero(promised) - gets, 0.0)
    return Cost(
        misses=_zero(extra_loads * a_miss(scene)),
        loads=_zero(windows.column("miss_latency_sum_ms") - misses * load),
        hits=_zero(windows.column("hit_latency_sum_ms") - hits * hit_time),
        errors=extra_errors * LOADS_AN_ERROR * _zero(load),
        lost=lost * usual_time,
        ordinary=_zero(usual_gets) * usual_time,
        extra_loads=extra_loads,
        extra_errors=extra_errors,
        lost_requests=lost,
    )


def a_miss(scene: Scene) -> FloatArray:
    """What one more miss costs, ms: an ordinary load instead of an ordinary hit, shape (m, n)."""
    expected = scene.expectations
    load = np.nan_to_num(expected["miss_latency_ms"].centre, nan=UNKNOWN_LOAD_MS)
    return np.asarray(np.maximum(load - _zero(expected["hit_latency_ms"].centre), 0.0))


def _zero(values: FloatArray) -> FloatArray:
    return np.nan_to_num(values, nan=0.0)
