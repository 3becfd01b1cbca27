"""Quiet hours: a span of each day on a wall clock, and what is told all the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from auditor.maintaining.clock import first_shown, zone_of

PASSES: Final = ("info", "warning", "critical", "nothing")


@dataclass(frozen=True, slots=True)
class Quiet:
    """From `begins` to `ends` on the clock of a zone, over midnight when that is earlier.

    passes: the least severity that is told at once even then; 'nothing': none is.
    Raises MaintenanceInvalid for a zone that is not known.
    """

    begins: time
    ends: time
    time_zone: str
    passes: str = "critical"

    def __post_init__(self) -> None:
        zone_of(self.time_zone)

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M} {self.time_zone}"

    def until(self, now: datetime) -> datetime | None:
        """When the quiet hours that hold now are over (UTC); None when none hold.

        A time that the clock skips begins, or ends, when the clock jumps over it; of one that it
        shows twice, the first.
        """
        today = now.astimezone(zone_of(self.time_zone)).date()
        over_midnight = timedelta(days=int(self.ends <= self.begins))
        for day in (today - timedelta(days=1), today):
            begins = first_shown(datetime.combine(day, self.begins), self.time_zone)
            ends = first_shown(datetime.combine(day + over_midnight, self.ends), self.time_zone)
            if begins <= now < ends:
                return ends
        return None
