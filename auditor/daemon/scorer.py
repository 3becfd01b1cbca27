"""Scoring a block of windows: judge, fold, and carry out what follows, in the caller's transaction.

All of a block is judged by one set of what was learned, so that a score names what it was judged
by.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import Connection

from auditor.daemon.recent import Recent
from auditor.daemon.recent_hours import RecentHours
from auditor.explaining.moments import moments
from auditor.judging.judgement import Judged, judge
from auditor.maintaining.maintenance import Maintenance
from auditor.observing.fold import folded
from auditor.observing.fold_settings import FoldSettings
from auditor.observing.observation import Change, reached
from auditor.rules.rule import Rule
from auditor.statistics.forest import Forest
from auditor.statistics.scene import CONTEXT
from auditor.statistics.thresholds import Thresholds
from auditor.statistics.whole_hours import HOUR, Hours, first_hour
from auditor.stores.feedback import mark_silenced, read_feedback
from auditor.stores.hours import read_hours
from auditor.stores.judgements import write_judgements
from auditor.stores.learned import InForce
from auditor.stores.maintenance import read_maintenance
from auditor.stores.scores import apply_changes, read_observations, write_scores
from auditor.windows.minutes import MINUTE, epoch_minute
from baselines.series import SeriesKey, Windows
from baselines.store import instant, read_windows
from sql import queries

MOST_RESCORED = 60
"""Late minutes scored again in one transaction."""
RESCORE_BACK = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Scorer:
    """What one block is judged by. recent, hours: what was read for the block before it."""

    connection: Connection
    in_force: InForce
    forest: Forest | None
    fold: FoldSettings
    thresholds: Thresholds
    rules: tuple[Rule, ...]
    recent: Recent
    hours: RecentHours

    def block(self, since: datetime, until: datetime, now: datetime) -> tuple[int, list[Change]]:
        """Scores [since, until), folds, and carries the changes out.

        Returns how many windows were scored, and the changes.
        """
        patience = timedelta(minutes=self.fold.patience + 1)
        observations = read_observations(self.connection, since, patience)
        # what is open is judged to its end, though nothing is heard of its series any more
        also = {*self.in_force.learned.baselines, *reached(observations)}
        windows = self.recent.read(
            self.connection, epoch_minute(since), epoch_minute(until), also=also
        )
        hours = self.hours.read(self.connection, epoch_minute(since), epoch_minute(until))
        maintenances = self._maintenances(since, until)
        judged = self._judged(windows, since, maintenances, hours)
        written = write_scores(self.connection, judged, self.in_force)
        feedback = read_feedback(self.connection, since)
        found = folded(observations, judged, self.fold, feedback=feedback)
        apply_changes(self.connection, found.changes, now)
        mark_silenced(
            self.connection, ((each.key, each.minute, each.feedback_id) for each in found.silenced)
        )
        write_judgements(
            self.connection,
            moments(found.changes, judged),
            self.in_force,
            self.thresholds,
            lambda key: self.fold.budget(key.cache_name),
            maintenances,
        )
        return written, found.changes

    def again(self, scored_until: datetime) -> int:
        """Scores again the minutes that late events changed; the correction is recorded with them.

        Older than RESCORE_BACK they are let be: nobody acts on them any more. Returns how many.
        """
        if not self.in_force.learned.baselines:
            return 0
        statements = queries("auditor")
        asked = {"scored_until": scored_until, "most": MOST_RESCORED}
        rows = self.connection.execute(statements["read_minutes_to_rescore"], asked).fetchall()
        minutes = [row[0] for row in rows]
        recent = [minute for minute in minutes if minute >= scored_until - RESCORE_BACK]
        hours = self._hours_of(recent) if recent else None
        for minute in recent:
            until = minute + MINUTE
            windows = self._windows(minute, until, self.in_force.learned.baselines)
            judged = self._judged(windows, minute, self._maintenances(minute, until), hours)
            write_scores(self.connection, judged, self.in_force)
        if minutes:
            self.connection.execute(statements["forget_rescored"], {"minutes": minutes})
        return len(recent)

    def _windows(self, since: datetime, until: datetime, also: Collection[SeriesKey]) -> Windows:
        """The windows of [since, until), with the past that they are judged by."""
        first = epoch_minute(since) - CONTEXT
        return read_windows(self.connection, first, epoch_minute(until), also=also)

    def _hours_of(self, minutes: Sequence[datetime]) -> Hours:
        """The hours that some minutes, oldest first, are judged by."""
        first, last = epoch_minute(minutes[0]), epoch_minute(minutes[-1])
        return read_hours(self.connection, first_hour(first), last // HOUR)

    def _maintenances(self, since: datetime, until: datetime) -> list[Maintenance]:
        first = instant(first_hour(epoch_minute(since)) * HOUR)
        return read_maintenance(self.connection, first, until)

    def _judged(
        self,
        windows: Windows,
        since: datetime,
        maintenances: list[Maintenance],
        hours: Hours | None,
    ) -> Judged:
        return judge(
            windows,
            self.in_force.learned,
            since=epoch_minute(since),
            forest=self.forest,
            thresholds=self.thresholds,
            rules=self.rules,
            maintenances=maintenances,
            hours=hours,
        )
