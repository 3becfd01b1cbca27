"""Windows replayed as a daemon would have lived through them: score, fold, learn when it is due.

Nothing looks ahead: what is said of a minute rests on the windows up to its end and on what was
learned before it, so the same windows give the same changes however they are cut into blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from auditor.backtesting.attendance import Attendance
from auditor.backtesting.memory import Memory
from auditor.backtesting.problems import Problems
from auditor.backtesting.tally import Tally
from auditor.judging.ensemble import COMBINED
from auditor.judging.judgement import judge
from auditor.judging.learning import Learned
from auditor.maintaining.cover import under_maintenance
from auditor.maintaining.maintenance import Maintenance
from auditor.observing.feedback import Feedback
from auditor.observing.fold import folded
from auditor.observing.fold_settings import FoldSettings
from auditor.observing.observation import Change, Extended, Observation, reached
from auditor.refreshing.due import Rhythm, next_due
from auditor.refreshing.groups import (
    MOST_SERIES,
    Group,
    Past,
    groups_of,
    learn_groups,
    renewed,
    trimmed,
)
from auditor.refreshing.problems import unlearnable
from auditor.rules.rule import Rule
from auditor.statistics.forest import Forest, grown
from auditor.statistics.scene import CONTEXT
from auditor.statistics.thresholds import Thresholds
from auditor.statistics.whole_hours import HOUR, REACH, first_hour
from baselines.series import SeriesKey, Windows

MOST_WINDOWS = 100_000
"""Windows judged at once: as many minutes as hold this many, for the sake of memory."""
NOTHING = Learned({}, {}, None, {})


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """All that a replay depends on besides the windows; the same that a daemon's settings give.

    time_zone: of the weeks, an IANA name. seed: of the forest. rules: the user's own.
    maintenances, feedback: what people said, each counting from when and for as long as it did.
    """

    rhythm: Rhythm = field(default_factory=Rhythm)
    fold: FoldSettings = field(default_factory=FoldSettings)
    thresholds: Thresholds = field(default_factory=Thresholds)
    time_zone: str = "UTC"
    seed: int = 0
    rules: tuple[Rule, ...] = ()
    maintenances: tuple[Maintenance, ...] = ()
    feedback: tuple[Feedback, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """A change that people are told of. at: epoch minute from which it is known, a window's end."""

    at: int
    change: Change

    @property
    def observation(self) -> Observation:
        """The state after the change."""
        return self.change.observation


def replay(blocks: Iterable[Windows], settings: ReplaySettings | None = None) -> Iterator[Told]:
    """What a daemon that had been there from the first window on would have said, in order.

    blocks: windows in time order, of any lengths; a series may begin and end anywhere. Only the
    learning span and CONTEXT, or three days, are kept in memory.
    Raises ValueError when a block begins before the end of the one before.
    """
    engine = Replay(settings or ReplaySettings())
    for block in blocks:
        yield from engine.feed(block)


class Replay:
    """A replay under way.

    every_minute: each minute of an open observation is told, not only what people are told of.
    tally: what was judged so far, and what not. learned: what is in force. standing: observations
    that are open or may still reopen, as they stand. refreshes: how often something was learned.
    """

    def __init__(self, settings: ReplaySettings, *, every_minute: bool = False) -> None:
        self.settings, self.tally = settings, Tally()
        self._every_minute = every_minute
        self.standing: dict[UUID, Observation] = {}
        self.learned, self.refreshes = NOTHING, 0
        self._forest: Forest | None = None
        self._memory = Memory(max(settings.rhythm.span + CONTEXT, (REACH + 1) * HOUR))
        self._attendance = Attendance()
        self._problems = Problems(settings.feedback)
        self._last_refresh: int | None = None

    def feed(self, block: Windows) -> Iterator[Told]:
        """Takes in the next block; gives what is said in it, in the order of time."""
        at = block.start if self._memory.end is None else self._memory.end
        self._memory.append(block)
        while at < block.end:
            events = self._attendance.events(self._memory.between(at, block.end))
            due = next_due(
                at + 1,
                block.end + 1,
                self._last_refresh,
                self.settings.rhythm,
                in_force=bool(self.learned.baselines),
                waiting=self._attendance.waiting(events, self._is_judged),
            )
            stop = block.end if due is None else due
            self._attendance.note(events, stop)
            while at < stop:
                until = min(at + self._most_minutes(), stop)
                yield from self._score(at, until)
                at = until
            if due is not None:
                self._refresh(due)

    def _score(self, since: int, until: int) -> list[Told]:
        """Judges and folds the minutes [since, until) by what is in force."""
        how, standing = self.settings, list(self.standing.values())
        windows = self._memory.between(
            since - CONTEXT, until, also={*self.learned.baselines, *reached(standing)}
        )
        if not self.learned.baselines and not how.rules:
            self.tally.count_unlearned(windows.between(since, until))
            return []
        judged = judge(
            windows, self.learned, since=since, forest=self._forest, thresholds=how.thresholds,
            rules=how.rules, maintenances=how.maintenances,
            hours=self._memory.hours(first_hour(since) * HOUR, until),
        )  # fmt: skip
        self.tally.count(judged, self.learned)
        all_ = self._every_minute
        found = folded(standing, judged, how.fold, quietly=all_, feedback=how.feedback)
        after = {change.observation.id: change.observation for change in found.changes}
        self.standing |= after
        self._problems.note(after.values(), found.silenced)
        self._let_go(until)
        said = [each for each in found.changes if all_ or not isinstance(each, Extended)]
        told = [Told(each.minute + 1, each) for each in said]
        return sorted(told, key=lambda each: each.at)

    def _let_go(self, at: int) -> None:
        """Observations that can no longer reopen are forgotten."""
        patience = self.settings.fold.patience + 1
        self.standing = {
            id_: each
            for id_, each in self.standing.items()
            if each.resolved is None or each.resolved >= at - patience
        }

    def _refresh(self, at: int) -> None:
        """Learns from the span before minute `at`; what is learned is in force from there on."""
        self._last_refresh, since = at, at - self.settings.rhythm.span

        def read(group: Group) -> Past:
            known = self._memory.between(since, at)
            windows = trimmed(known.only([key for key in known.keys if key.cache_name in group]))
            zones = dict.fromkeys(group, self.settings.time_zone)
            problems = self._problems.known(windows.keys, at)
            planned = under_maintenance(windows.keys, windows.minutes(), self.settings.maintenances)
            return Past(windows, zones, unlearnable(windows, problems) | planned)

        groups = groups_of(self._attendance.caches(), MOST_SERIES)
        rules = self.settings.thresholds
        found = learn_groups(groups, read, seed=self.settings.seed, thresholds=rules)
        self.learned = renewed(self.learned, found)
        sample = self.learned.forest
        if sample is not None and (self._forest is None or self._forest.sample is not sample):
            self._forest = grown(sample)
        self.refreshes += bool(found.baselines)
        self._problems.forget(since)

    def _is_judged(self, key: SeriesKey) -> bool:
        return (key, COMBINED) in self.learned.calibrations

    def _most_minutes(self) -> int:
        return max(MOST_WINDOWS // max(len(self.learned.baselines), 1), 1)
