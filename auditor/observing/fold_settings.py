"""How eager and how patient the fold is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.observing.budget import budget_of


@dataclass(frozen=True, slots=True)
class FoldSettings:
    """What opens, and how long it takes to be over.

    false_per_series_week: the alert budget. closing_surprise: below it a short channel is quiet;
    it lies under the opening one, which keeps a wavering problem open. quiet_minutes: until it
    resolves. unjudged_minutes: until a problem that can no longer be judged resolves.
    reopen_minutes: after resolving, within which the same row is reopened. worse: factor of cost
    over that at the acknowledgement from which it speaks up again. join_minutes: how long after a
    problem began whatever else begins is part of it. by_cache: the alert budget of the caches that
    have their own.
    """

    false_per_series_week: float = 0.25
    closing_surprise: float = 2.5
    quiet_minutes: int = 15
    unjudged_minutes: int = 60
    reopen_minutes: int = 15
    worse: float = 2.0
    join_minutes: int = 10
    by_cache: Mapping[str, float] | None = None

    @property
    def patience(self) -> int:
        """Minutes after the last strange one in which a resolved problem may still reopen."""
        return self.reopen_minutes + self.quiet_minutes

    def budget(self, cache_name: str) -> float:
        """False observations a week that each series of a cache is allowed."""
        return budget_of(cache_name, self.false_per_series_week, self.by_cache)
