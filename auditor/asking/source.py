"""Windows that are there already: of a file, or of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from psycopg import Connection

from auditor.backtesting.replay import ReplaySettings
from auditor.errors import InputRefused, NothingFound
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
    """Windows by time. blocks: reads them from the beginning, so many minutes at once.

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


def refuse_skipped(table: Table | None) -> None:
    """Raises InputRefused when rows of a file were left out, after all else has been said."""
    skipped = table.survey().skipped if table is not None else {}
    if skipped:
        reasons = ", ".join(f"{count} where {why}" for why, count in sorted(skipped.items()))
        raise InputRefused(f"bad rows left out: {reasons}")
