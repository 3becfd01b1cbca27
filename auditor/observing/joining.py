"""What belongs together: whether what begins in one series is part of a problem in another."""

from __future__ import annotations

from auditor.observing.observation import Observation
from baselines.series import SeriesKey

SHARED = ("error_rate", "traffic", "miss_latency_ms")
"""Families in which caches fail together: what lies behind or before them is shared."""


def belongs(
    problem: Observation, key: SeriesKey, family: str, minute: int, join_minutes: int
) -> bool:
    """Whether what begins at a series in this minute is part of an open problem elsewhere.

    family: what leads there. What a user's rule opened alone is nobody else's problem.
    """
    if problem.state != "open" or problem.quiet > 0 or problem.by_rule:
        return False
    young = minute - problem.opened <= join_minutes
    if key.cache_name == problem.key.cache_name:
        return young or family == problem.metric
    return young and family == problem.metric and family in SHARED
