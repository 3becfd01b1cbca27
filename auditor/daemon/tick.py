"""One tick: roll up, score every window that became scorable, fold, tell.

The clock is read by the caller. Each step is its own transaction under its own lock, and starts
from what the database says has been done: a tick that is killed, missed or run twice changes
nothing but the time at which things are known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from psycopg import Connection

from auditor.daemon.recent import Recent
from auditor.daemon.recent_hours import RecentHours
from auditor.daemon.scorer import Scorer
from auditor.observing.fold_settings import FoldSettings
from auditor.rules.rule import Rule
from auditor.statistics.forest import Forest, grown
from auditor.statistics.thresholds import Thresholds
from auditor.stores.learned import InForce, read_in_force, read_versions
from auditor.windows.rollup import Rolled, roll_hours, roll_up, try_lock
from auditor.windows.state import advance_state, read_state, write_state
from auditor.windows.watermarks import Grace
from baselines.store import instant

BLOCK = 720
"""Minutes judged in one transaction while catching up, at most."""
BLOCK_WINDOWS = 100_000
"""And windows: as many minutes as hold this many, for the sake of memory."""


@dataclass(frozen=True, slots=True)
class Judging:
    """What a tick needs to know besides the time."""

    grace: Grace = field(default_factory=Grace)
    fold: FoldSettings = field(default_factory=FoldSettings)
    thresholds: Thresholds = field(default_factory=Thresholds)
    rules: tuple[Rule, ...] = ()


@dataclass(slots=True)
class Memory:
    """What a daemon keeps from tick to tick, so as not to read and grow it anew each minute."""

    in_force: InForce | None = None
    forest: Forest | None = None
    recent: Recent = field(default_factory=Recent)
    hours: RecentHours = field(default_factory=RecentHours)

    def current(self, connection: Connection) -> InForce:
        """What is in force, read again only when it has changed."""
        if self.in_force is None or self.in_force.versions != read_versions(connection):
            self.in_force = read_in_force(connection)
            sample = self.in_force.learned.forest
            self.forest = None if sample is None else grown(sample)
        return self.in_force


@dataclass(slots=True)
class Ticked:
    """What one tick did, for people and for logs."""

    rolled: Rolled
    hours: int = 0
    scored_windows: int = 0
    scored_until: datetime | None = None
    rescored_minutes: int = 0
    changes: Counter[str] = field(default_factory=Counter)
    busy: bool = False


def tick(
    connection: Connection,
    now: datetime,
    how: Judging,
    memory: Memory,
    progress: Callable[[int], None] = lambda _minutes: None,
) -> Ticked:
    """Brings everything up to `now`; catches up whatever was missed, minute by minute."""
    ticked = Ticked(roll_up(connection, now, how.grace))
    if ticked.rolled.settled_until is None:
        ticked.busy = True
        return ticked
    settled_until = ticked.rolled.settled_until
    while _score_block(connection, now, settled_until, how, memory, ticked):
        progress(BLOCK)
    ticked.hours = roll_hours(connection, settled_until)
    with connection.transaction():
        write_state(connection, "last_tick_at", now)
    return ticked


def _score_block(
    connection: Connection,
    now: datetime,
    settled_until: datetime,
    how: Judging,
    memory: Memory,
    ticked: Ticked,
) -> bool:
    """Scores the next block of settled minutes; False when nothing is left."""
    with connection.transaction():
        if not try_lock(connection, "score"):
            ticked.busy = True
            return False
        in_force = memory.current(connection)
        since = _scored_until(connection, in_force, settled_until, how)
        series = max(len(in_force.learned.baselines), 1)
        minutes = max(min(BLOCK, BLOCK_WINDOWS // series), 1)
        until = min(since + timedelta(minutes=minutes), settled_until)
        scorer = Scorer(
            connection, in_force, memory.forest, how.fold, how.thresholds, how.rules, memory.recent,
            memory.hours,
        )  # fmt: skip
        if since < until and (in_force.learned.baselines or how.rules):
            scored, changes = scorer.block(since, until, now)
            ticked.scored_windows += scored
            ticked.changes.update(type(change).__name__.lower() for change in changes)
        ticked.rescored_minutes += scorer.again(since)
        advance_state(connection, "scored_until", until)
        ticked.scored_until = until
        return until < settled_until


def _scored_until(
    connection: Connection, in_force: InForce, settled_until: datetime, how: Judging
) -> datetime:
    """Where scoring goes on. What was learned from is never scored by it.

    Before anything is learned only the user's rules look at a window.
    """
    scored = read_state(connection).get("scored_until")
    if not in_force.learned.baselines:
        return min(scored or settled_until, settled_until) if how.rules else settled_until
    learned_until = instant(min(each.end for each in in_force.learned.baselines.values()))
    if scored is None:
        return min(learned_until, settled_until)
    return min(scored, settled_until)
