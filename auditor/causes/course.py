"""Times of hits, and how the misses go on: what takes more than one sum over a stretch."""

from __future__ import annotations

import numpy as np

from auditor.causes.stretch import UNKNOWN, Stretch

MOSTLY = 0.58
"""Share of hits above which the median get is surely one."""
MIXED = 0.01
"""Share of failed gets above which the time of hits, told as the rest of all gets, is not known."""


def mean_hit_time(stretch: Stretch, failed: float) -> float:
    """The mean hit's time over the usual. failed: share of gets that failed, 0..1."""
    if failed > MIXED:
        return UNKNOWN
    return stretch.ratio("hit_latency_sum_ms", "hits", "hit_latency_ms")


def median_hit_time(stretch: Stretch, failed: float) -> float:
    """The ordinary hit's time over the hour before; that of all gets while most are hits."""
    own = stretch.level_against_hour("hit_p50_ms")
    hits = stretch.share("hits", "gets"), stretch.hour_share("hits", "gets")
    if np.isfinite(own) or failed > MIXED or not min(hits) >= MOSTLY:
        return own
    return stretch.level_against_hour("p50_response_time_ms")


def fading(stretch: Stretch) -> float:
    """Miss ratio of the latest third over that of the first third; NaN in a short stretch."""
    third = stretch.column("gets").size // 3
    if third < 2:
        return UNKNOWN
    early, late = (
        each.share("misses", "hits", "misses")
        for each in (stretch.early(third), stretch.late(third))
    )
    return late / early if early > 0 else UNKNOWN


def least(stretch: Stretch, name: str) -> float:
    """The smallest value of a column."""
    found = stretch.column(name)
    return float(np.nanmin(found)) if np.isfinite(found).any() else UNKNOWN
