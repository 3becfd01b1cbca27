"""The windows of the last hours, kept from tick to tick: a minute more is read, not all anew."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from psycopg import Connection

from auditor.backtesting.memory import Memory
from auditor.statistics.scene import CONTEXT
from baselines.series import SeriesKey, Windows
from baselines.store import instant, read_windows
from sql import queries

FRESH = 60
"""Minutes after which all is read anew whatever happens: series that are gone are forgotten."""
Versions = dict[int, tuple[int, int]]
"""By epoch minute: how many rows its windows have, and the sum of the transactions that wrote them.
A row that is written again has a newer transaction: what is the same here is the same there."""


@dataclass(slots=True)
class Recent:
    """What was read for the last block. memory: None when nothing is kept."""

    memory: Memory | None = None
    versions: Versions = field(default_factory=dict)

    def read(
        self, connection: Connection, since: int, until: int, also: Collection[SeriesKey]
    ) -> Windows:
        """Windows of [since - CONTEXT, until), as `read_windows` gives them, to the bit.

        Only [since, until) is read where the last block ended at `since` and none of the rows
        before it has been written since; else all of it. A view that holds until the next reading.
        """
        first = since - CONTEXT
        # before the windows: what is written in between is found out the next time
        versions = _read_versions(connection, first, until)
        kept = self.memory if self._holds(versions, first, since) else None
        self.memory, self.versions = None, versions
        if kept is not None:
            kept.append(read_windows(connection, since, until))
            found = kept.between(first, until, also)
            if not set(also) - set(found.keys):
                self.memory = kept
                return found
        found = read_windows(connection, first, until, also=also)
        self.memory = Memory(CONTEXT)
        self.memory.append(found)
        return found

    def _holds(self, versions: Versions, first: int, since: int) -> bool:
        """Whether the minutes [first, since) are kept as they are stored now."""
        memory = self.memory
        if memory is None or memory.start is None or since % FRESH == 0:
            return False
        if memory.end != since or memory.start > first:
            return False
        now, then = (
            {minute: each for minute, each in found.items() if first <= minute < since}
            for found in (versions, self.versions)
        )
        return now == then


def _read_versions(connection: Connection, since: int, until: int) -> Versions:
    asked = {"since": instant(since), "until": instant(until)}
    rows = connection.execute(queries("baselines")["read_window_versions"], asked).fetchall()
    return {minute: (count, written) for minute, count, written in rows}
