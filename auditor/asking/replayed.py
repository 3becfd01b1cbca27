"""Backtests of files and of the database: what the command, notebooks and benchmarks ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from psycopg import Connection

from auditor.backtesting.episodes import Episodes, difference
from auditor.backtesting.replay import Replay, ReplaySettings, Told
from auditor.backtesting.replayed import Replayed
from auditor.backtesting.summary import summary
from auditor.errors import NothingFound
from auditor.maintaining.maintenance import Maintenance
from auditor.observing.feedback import Feedback
from auditor.refreshing.groups import trimmed
from auditor.stores.feedback import read_feedback
from auditor.stores.maintenance import read_maintenance
from auditor.tables.columns import ColumnMap
from auditor.tables.table import Table
from auditor.windows.minutes import epoch_minute, floor_minute
from auditor.windows.state import read_state
from baselines.series import Windows
from baselines.store import instant, read_windows

DAY = 1440


@dataclass(frozen=True, slots=True)
class Source:
    """Windows to replay. blocks: reads them from the beginning, so many minutes at once.

    since, until: epoch minutes. notes: what a reader should know of them. maintenances, feedback:
    what people said of the time.
    """

    name: str
    since: int
    until: int
    blocks: Callable[[int], Iterator[Windows]]
    notes: tuple[str, ...] = ()
    maintenances: tuple[Maintenance, ...] = ()
    feedback: tuple[Feedback, ...] = ()

    def asked(self, settings: ReplaySettings) -> ReplaySettings:
        """The settings, with what people said of the time."""
        return replace(settings, maintenances=self.maintenances, feedback=self.feedback)


def of_table(
    path: Path, columns: ColumnMap | None = None, *, skip_bad_rows: bool = False
) -> tuple[Source, Table]:
    """A file's windows, looked through once. Raises what Table and its survey raise."""
    table = Table(path, columns, skip_bad_rows=skip_bad_rows)
    found = table.survey()
    notes = []
    if not found.ordered:
        notes.append(f"{path} is not in order of time; it is sorted in a temporary folder first")
    if found.zoneless:
        notes.append("instants without a zone are taken as UTC")
    if found.provisional:
        notes.append(f"{found.provisional} rows of minutes that were still open are left out")
    return Source(str(path), found.since, found.until, table.blocks, tuple(notes)), table


def of_database(connection: Connection, now: datetime, back: timedelta) -> Source:
    """The database's settled windows of the last so long.

    Raises NothingFound when there is none.
    """
    settled = read_state(connection).get("settled_until", floor_minute(now))
    until = epoch_minute(min(settled, floor_minute(now)))
    since = until - int(back.total_seconds()) // 60

    def read(minutes: int) -> Iterator[Windows]:
        begun = False
        for at in range(since, until, minutes):
            block = read_windows(connection, at, min(at + minutes, until))
            if not begun:
                # a daemon begins with the first delivery
                block = trimmed(block)
                begun = bool(block.present().any())
            if begun:
                yield block

    if next(read(DAY), None) is None:
        raise NothingFound(
            f"there is no window of the last {back / timedelta(days=1):g} days in this database"
        )
    return Source(
        "the database",
        since,
        until,
        read,
        maintenances=tuple(read_maintenance(connection, instant(since), instant(until))),
        feedback=tuple(read_feedback(connection, instant(since))),
    )


def backtest(
    source: Source,
    settings: ReplaySettings,
    *,
    against: ReplaySettings | None = None,
    block_minutes: int = DAY,
    on_told: Callable[[Told], None] = lambda _told: None,
    progress: Callable[[float], None] = lambda _minutes: None,
) -> Replayed:
    """Replays a source once, by one or two settings beside each other.

    on_told: hears of each change by the first settings as it comes; progress: of the minutes done.
    """
    here = Replay(source.asked(settings))
    other = None if against is None else Replay(source.asked(against))
    found, elsewhere = Episodes(), Episodes()
    for block in source.blocks(block_minutes):
        for told in here.feed(block):
            found.note(told)
            on_told(told)
        if other is not None:
            for told in other.feed(block):
                elsewhere.note(told)
        progress(block.shape[0])
    mine = tuple(found.found())
    if other is None:
        return Replayed(summary(here, mine), mine)
    theirs = tuple(elsewhere.found())
    return Replayed(summary(here, mine), mine, summary(other, theirs), difference(mine, theirs))
