"""The refresh: reads history, learns from it, and puts what was learned in force.

When it is time, and what is learned, is decided in auditor/refreshing, for a backtest alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from psycopg import Connection

from auditor.judging.ensemble import COMBINED
from auditor.judging.learning import Learned
from auditor.maintaining.cover import under_maintenance
from auditor.refreshing.due import Rhythm, Waiting, is_due
from auditor.refreshing.groups import MOST_SERIES, Past, groups_of, learn_groups, trimmed
from auditor.refreshing.problems import Problem, unlearnable
from auditor.statistics.thresholds import Thresholds
from auditor.stores.learned import read_versions, write_learned
from auditor.stores.maintenance import read_maintenance
from auditor.windows.minutes import epoch_minute, floor_minute
from auditor.windows.rollup import try_lock
from auditor.windows.state import read_state, write_state
from baselines.series import SeriesKey, Windows
from baselines.store import instant, read_windows
from sql import queries


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What one refresh learned; `learned` is None when another worker was at it."""

    learned: Learned | None
    since: datetime
    until: datetime
    windows: int


def refresh(
    connection: Connection,
    now: datetime,
    *,
    span: timedelta,
    time_zone: str,
    thresholds: Thresholds | None = None,
    seed: int = 0,
) -> Refreshed:
    """Learns from the `span` before the last settled minute, and puts it in force.

    Windows inside problems are left out; a series with too little history keeps what it had.
    thresholds: of the static rules; None for the reference's.
    """
    state = read_state(connection)
    settled = state.get("settled_until", floor_minute(now))
    # score before learning: what has not been scored yet is not learned yet
    until = epoch_minute(min(settled, state.get("scored_until", settled), floor_minute(now)))
    since = until - int(span.total_seconds()) // 60
    # before the work: what fails is tried again when it is due again, and not at every look
    write_state(connection, "last_refresh_at", now)
    with connection.transaction():
        if not try_lock(connection, "refresh"):
            return Refreshed(None, instant(since), instant(until), 0)
        histories = _Histories(connection, since, until, time_zone)
        learned = learn_groups(
            histories.groups,
            histories.read,
            seed=seed,
            thresholds=thresholds,
            count=histories.count,
        )
        if learned.baselines:
            write_learned(connection, learned, histories.first, until, now)
    return Refreshed(learned, instant(histories.first), instant(until), histories.windows)


class _Histories:
    """The past of some caches at a time, because that of all at once may not fit into memory."""

    def __init__(self, connection: Connection, since: int, until: int, time_zone: str) -> None:
        self._connection, self._since, self._until = connection, since, until
        self._time_zone = time_zone
        self._maintenances = read_maintenance(connection, instant(since), instant(until))
        self._problems = read_problems(connection, instant(since))
        counts = connection.execute(queries("auditor")["read_caches"]).fetchall()
        self.groups = groups_of(counts, MOST_SERIES)
        self.first, self.windows = until, 0

    def read(self, group: Sequence[str]) -> Past:
        """One group's windows, with what of them is not to be learned."""
        windows = read_windows(self._connection, self._since, self._until, cache_names=group)
        history = trimmed(windows)
        zones = dict.fromkeys(group, self._time_zone)
        planned = under_maintenance(history.keys, history.minutes(), self._maintenances)
        return Past(history, zones, unlearnable(history, self._problems) | planned)

    def count(self, history: Windows) -> None:
        """Takes note of what was learned from."""
        if history.keys:
            self.first = min(self.first, history.start)
            self.windows += int(history.present().sum())


def read_problems(connection: Connection, since: datetime) -> list[Problem]:
    """Problems that were not over before `since`, with what people said of them."""
    rows = connection.execute(queries("auditor")["read_problem_spans"], {"since": since})
    return [
        Problem(SeriesKey(cache_name, implementation_type), first, until, reason)
        for cache_name, implementation_type, first, until, reason in rows
    ]


def read_waiting(connection: Connection) -> list[Waiting]:
    """Series that have had events, and that nothing in force can judge."""
    rows = connection.execute(queries("auditor")["read_waiting_series"], {"channel": COMBINED})
    return [Waiting(first, np.array([last])) for first, last in rows]


def refresh_is_due(connection: Connection, now: datetime, every: timedelta) -> bool:
    """Whether it is time to learn: `every` so often, sooner while somebody waits for it."""
    state = read_state(connection)
    last = state.get("last_refresh_at")
    if last is None and "settled_until" not in state:
        # until the first rollup there is nothing to learn from
        return False
    return is_due(
        epoch_minute(now),
        None if last is None else epoch_minute(last),
        Rhythm(every=int(every.total_seconds()) // 60),
        in_force=read_versions(connection)[0] != 0,
        waiting=read_waiting(connection),
    )
