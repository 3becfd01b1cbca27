"""When a window may be scored: all expected collectors have passed it, or the grace is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Passed:
    """How many of the expected collectors have delivered everything up to one minute's end."""

    minute_end: datetime
    expected: int
    passed: int

    @property
    def completeness(self) -> float | None:
        """Share of the expected collectors that have passed; None without watermarks."""
        return self.passed / self.expected if self.expected else None


@dataclass(frozen=True, slots=True)
class Grace:
    """How long a window waits for those that have not passed: with watermarks, and without any.

    expected_for: a collector is expected for this long after its last heartbeat.
    """

    with_watermarks: timedelta = timedelta(seconds=10)
    without: timedelta = timedelta(seconds=75)
    expected_for: timedelta = timedelta(minutes=3)


def is_scorable(end: Passed, now: datetime, grace: Grace) -> bool:
    """Whether the minute that ends at `end` may be scored at `now`."""
    if end.minute_end > now:
        return False
    if end.expected and end.passed == end.expected:
        return True
    return now >= end.minute_end + (grace.with_watermarks if end.expected else grace.without)


def scorable_prefix(ends: Sequence[Passed], now: datetime, grace: Grace) -> Sequence[Passed]:
    """The minutes that may be scored: up to the first that may not, so that none is skipped.

    ends: consecutive minutes, oldest first.
    """
    for position, end in enumerate(ends):
        if not is_scorable(end, now, grace):
            return ends[:position]
    return ends
