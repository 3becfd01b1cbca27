"""The refresh: reads history, learns from it, and puts what was learned in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from psycopg import Connection
from psycopg.rows import class_row

from auditor.judging.learning import Learned, learn, merge_samples, sample_forest
from auditor.statistics.forest import ForestSample
from auditor.statistics.thresholds import Thresholds
from auditor.stores.learned import read_versions, write_learned
from auditor.windows.minutes import epoch_minute, floor_minute
from auditor.windows.rollup import try_lock
from auditor.windows.state import read_state, write_state
from baselines.series import BoolArray, SeriesKey, Windows
from baselines.store import instant, read_windows
from sql import queries

LEARNED_ANYWAY = ("false-alarm", "new-normal")
"""Reasons after which a problem's windows are learned all the same."""
FIRST_TRY = timedelta(minutes=10)
"""How often learning is tried while nothing is in force yet."""
NEWCOMER_TRY = timedelta(hours=1)
"""How often it is tried while a series that is known has nothing in force."""
MOST_SERIES = 16
"""Series learned at once: a month of them takes some hundred megabytes."""
MOST_SAMPLED = 8
"""Groups that the forest's sample is drawn from."""


@dataclass(frozen=True, slots=True)
class ProblemSpan:
    """When a series had a problem [first_window, until), and what a person said of it."""

    cache_name: str
    implementation_type: str
    first_window: datetime
    until: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Past:
    """Windows to learn from. exclude: shape (m, n), those that are not learned."""

    windows: Windows
    time_zones: Mapping[str, str]
    exclude: BoolArray


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What one refresh learned; `learned` is None when another worker was at it."""

    learned: Learned | None
    since: datetime
    until: datetime
    windows: int


def unlearnable(windows: Windows, problems: Sequence[ProblemSpan]) -> BoolArray:
    """Windows that are not learned from, shape (m, n).

    Those inside a problem, unless it was a false alarm; and all before a new normal began.
    """
    out = np.zeros(windows.shape, dtype=np.bool_)
    columns = {key: column for column, key in enumerate(windows.keys)}
    for problem in problems:
        column = columns.get(SeriesKey(problem.cache_name, problem.implementation_type))
        if column is None:
            continue
        first = max(epoch_minute(problem.first_window) - windows.start, 0)
        if problem.reason == "new-normal":
            out[:first, column] = True
        elif problem.reason not in LEARNED_ANYWAY:
            until = windows.end if problem.until is None else epoch_minute(problem.until)
            out[first : max(until - windows.start, 0), column] = True
    return out


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
        learned = _learn_all(histories, seed, thresholds)
        if learned.baselines:
            write_learned(connection, learned, histories.first, until, now)
    return Refreshed(learned, instant(histories.first), instant(until), histories.windows)


class _Histories:
    """The past of some caches at a time, because that of all at once may not fit into memory."""

    def __init__(self, connection: Connection, since: int, until: int, time_zone: str) -> None:
        self._connection, self._since, self._until = connection, since, until
        self._time_zone = time_zone
        self._problems = read_problems(connection, instant(since))
        counts = connection.execute(queries("auditor")["read_caches"]).fetchall()
        self.groups = groups_of(counts, MOST_SERIES)
        self.first, self.windows = until, 0

    def read(self, group: Sequence[str]) -> Past:
        """One group's windows, with what of them is not to be learned."""
        windows = read_windows(self._connection, self._since, self._until, cache_names=group)
        history = _trimmed(windows)
        zones = dict.fromkeys(group, self._time_zone)
        return Past(history, zones, unlearnable(history, self._problems))

    def count(self, history: Windows) -> None:
        """Takes note of what was learned from."""
        if history.keys:
            self.first = min(self.first, history.start)
            self.windows += int(history.present().sum())


def _learn_all(histories: _Histories, seed: int, thresholds: Thresholds | None) -> Learned:
    """Learns group by group; the forest is one for all, sampled from groups spread evenly."""
    groups, sample = histories.groups, None
    if len(groups) > 1:
        step = max(len(groups) // MOST_SAMPLED, 1)
        drawn = [_sampled(histories.read(group), seed) for group in groups[::step]]
        sample = merge_samples([each for each in drawn if each is not None], seed)
    learned = Learned({}, {}, sample, {})
    for group in groups:
        past = histories.read(group)
        histories.count(past.windows)
        found = learn(
            past.windows,
            time_zones=past.time_zones,
            exclude=past.exclude,
            seed=seed,
            sample=sample,
            thresholds=thresholds,
        )
        learned = Learned(
            {**learned.baselines, **found.baselines},
            {**learned.calibrations, **found.calibrations},
            found.forest or learned.forest,
            {**learned.refused, **found.refused},
        )
    return learned


def _sampled(past: Past, seed: int) -> ForestSample | None:
    return sample_forest(past.windows, time_zones=past.time_zones, exclude=past.exclude, seed=seed)


def groups_of(counts: Sequence[tuple[str, int]], most: int) -> list[list[str]]:
    """Caches packed into groups of at most `most` series; a cache is never divided.

    counts: cache name and its number of series, in order; implementations of one cache are compared
    with each other and so stay together, however many they are.
    """
    groups: list[list[str]] = []
    room = 0
    for name, series in counts:
        if not groups or series > room:
            groups.append([])
            room = most
        groups[-1].append(name)
        room -= series
    return groups


def _trimmed(history: Windows) -> Windows:
    """The history without the empty minutes before its first window."""
    present = history.present().any(axis=1) if history.keys else np.zeros(0, dtype=np.bool_)
    return history.rows(int(np.argmax(present)), history.shape[0]) if present.any() else history


def read_problems(connection: Connection, since: datetime) -> list[ProblemSpan]:
    """Problems that were not over before `since`, with what people said of them."""
    with connection.cursor(row_factory=class_row(ProblemSpan)) as cursor:
        return cursor.execute(queries("auditor")["read_problem_spans"], {"since": since}).fetchall()


def refresh_is_due(connection: Connection, now: datetime, every: timedelta) -> bool:
    """Whether it is time to learn: `every` so often, sooner while nothing is in force."""
    state = read_state(connection)
    last = state.get("last_refresh_at")
    if last is None:
        # until the first rollup there is nothing to learn from
        return "settled_until" in state
    if read_versions(connection)[0] == 0:
        return now - last >= min(every, FIRST_TRY)
    newcomers = connection.execute(queries("auditor")["read_newcomers"], {"now": now}).fetchone()
    return now - last >= (min(every, NEWCOMER_TRY) if newcomers and newcomers[0] else every)
