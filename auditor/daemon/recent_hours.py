"""The hours of the last days, kept from tick to tick: each is read once, when it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from auditor.statistics.whole_hours import HOUR, Hours, first_hour
from auditor.stores.hours import read_hours
from auditor.windows.state import read_state

REMADE = "windows_remade_at"
"""When a window of a settled minute was last made again, by whichever auditor."""


@dataclass(slots=True)
class RecentHours:
    """What was read for the last block. kept: None when nothing is. remade: as it stood then."""

    kept: Hours | None = None
    remade: datetime | None = None

    def read(self, connection: Connection, since: int, until: int) -> Hours:
        """The hours that the minutes [since, until) are judged by, as `read_hours` gives them.

        Only hours that have ended since the last block are read, unless a window was made again.
        """
        first, end = first_hour(since), (until - 1) // HOUR
        # before the hours: what is made again in between is found out the next time
        remade = read_state(connection).get(REMADE)
        kept = self.kept if remade == self.remade else None
        if kept is not None and kept.start <= first <= kept.end <= end:
            found = kept
            if kept.end < end:
                found = kept.followed_by(read_hours(connection, kept.end, end))
            found = found.since(first)
        else:
            found = read_hours(connection, first, end)
        self.kept, self.remade = found, remade
        return found
