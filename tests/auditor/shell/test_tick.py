"""The tick: scores what is scorable, folds it into observations, tells, and repeats nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from auditor.daemon.learner import read_problems
from auditor.daemon.tick import Judging, Memory, Ticked, tick
from auditor.observing.fold_settings import FoldSettings
from auditor.stores.observations import (
    ObservationRow,
    acknowledge,
    list_observations,
    read_history,
)
from tests.auditor.shell.past import CACHE, LEGACY, NEW, Application, start_of_story
from tests.postgres_clusters import Database

BROKEN = {NEW: 0.5}


class World:
    """A learned database, an application, and an auditor at minute 0 of the story."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.connection = database.connect()
        self.start = start_of_story()
        self.application = Application(database.dsn)
        self.memory, self.judging = Memory(), Judging()

    def at(self, minute: int) -> datetime:
        return self.start + timedelta(minutes=minute)

    def live(self, minute: int, **how: Any) -> None:
        self.application.minute(self.at(minute), **how)

    def tick(self, minute: int) -> Ticked:
        """The tick right after that minute's end."""
        now = self.at(minute + 1) + timedelta(seconds=1)
        return tick(self.connection, now, self.judging, self.memory)

    def play(self, minutes: range, **how: Any) -> None:
        for minute in minutes:
            self.live(minute, **how)
            self.tick(minute)

    def rows(self, statement: str) -> list[dict[str, Any]]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement).fetchall()  # type: ignore[arg-type]

    def kinds(self) -> list[str]:
        found = self.rows("select kind from monitoring.cache_observation_changes order by id")
        return [row["kind"] for row in found]


@pytest.fixture
def world(learned_database: Database) -> Iterator[World]:
    made = World(learned_database)
    yield made
    made.application.sink.close()


def test_an_ordinary_half_hour_is_silent(world: World) -> None:
    """Every minute is scored, nothing is said."""
    world.play(range(30))
    assert list_observations(world.connection) == []
    scored = world.rows("select score from monitoring.cache_window_scores")
    assert len(scored) == 60
    assert all(0 <= row["score"] <= 1 for row in scored)


def test_fault_5_one_problem_is_one_observation(world: World) -> None:
    """Ten bad minutes open one observation; the recovery resolves it; each is said once."""
    world.judging = Judging(fold=FoldSettings(quiet_minutes=5))
    world.play(range(3))
    world.play(range(3, 13), hit_rate=BROKEN)
    (found,) = list_observations(world.connection)
    assert (found.cache_name, found.implementation_type) == (CACHE, NEW)
    assert found.state == "open"
    assert found.metric_name == "hit_rate"
    assert found.metric_value is not None
    assert 40 < found.metric_value < 80  # pooled with ordinary minutes when it opened
    assert found.baseline_value == pytest.approx(90, abs=2)
    assert found.severity in ("warning", "critical")
    assert found.recommendation
    world.play(range(13, 35))
    (found,) = list_observations(world.connection)
    assert found.state == "resolved"
    kinds = world.kinds()
    assert kinds[0] == "opened"
    assert kinds[-1] == "resolved"
    assert set(kinds[1:-1]) <= {"escalated", "changed"}
    assert kinds.count("changed") <= 1  # its cause is named once
    assert len(kinds) <= 5


def test_it_is_open_within_two_minutes(world: World) -> None:
    """A hit rate that halves is said after its first or second minute."""
    world.play(range(2))
    world.play(range(2, 4), hit_rate=BROKEN)
    assert [o.state for o in list_observations(world.connection)] == ["open"]


def test_a_tick_run_again_changes_nothing(world: World) -> None:
    """Nothing is scored, told or counted twice."""
    world.play(range(6), hit_rate=BROKEN)
    before = world.rows("select * from monitoring.cache_window_scores order by 1, 2, 3")
    kinds = world.kinds()
    again = world.tick(5)
    assert again.scored_windows == 0
    assert world.rows("select * from monitoring.cache_window_scores order by 1, 2, 3") == before
    assert world.kinds() == kinds


def test_two_auditors_at_once_do_the_work_once(world: World) -> None:
    """Cron beside a daemon: the same scores and one observation, and nobody fails."""
    failures: list[BaseException] = []

    def audit(now: datetime) -> None:
        try:
            with psycopg.connect(world.database.dsn, autocommit=True) as connection:
                tick(connection, now, Judging(), Memory())
        except BaseException as failure:
            failures.append(failure)

    for minute in range(8):
        world.live(minute, hit_rate=BROKEN if minute >= 3 else None)
        now = world.at(minute + 1) + timedelta(seconds=1)
        threads = [threading.Thread(target=audit, args=(now,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures
    world.tick(7)
    assert len(world.rows("select 1 from monitoring.cache_window_scores")) == 16
    assert len(list_observations(world.connection)) == 1
    assert world.kinds().count("opened") == 1


def said(row: ObservationRow) -> tuple[object, ...]:
    """All that is told of an observation, but when."""
    return (
        row.id, row.severity, row.category, row.title, row.description, row.recommendation,
        row.metric_value, row.baseline_value, row.metadata, row.rank, row.cause, row.cost_ms,
        row.first_window, row.last_window, row.resolved_at, row.reopened,
    )  # fmt: skip


def test_a_missed_hour_is_caught_up_with_the_same_result(world: World, database: Database) -> None:
    """One tick after forty minutes says what forty ticks would have said."""
    for minute in range(40):
        world.live(minute, hit_rate=BROKEN if 10 <= minute < 20 else None)
    ticked = world.tick(39)
    assert ticked.scored_windows == 80
    (found,) = list_observations(world.connection)
    assert found.state == "resolved"
    late = said(found)

    connection = world.connection
    for table in ("cache_window_scores", "cache_auditor_observations"):
        connection.execute(f"delete from monitoring.{table}")
    connection.execute(
        "update monitoring.cache_auditor_state set value = %s where name = 'scored_until'",
        [world.start],
    )
    for minute in range(40):
        settled = world.at(minute + 1)
        connection.execute(
            "update monitoring.cache_auditor_state set value = %s where name = 'settled_until'",
            [settled],
        )
        tick(connection, settled + timedelta(seconds=1), Judging(), world.memory)
    (found,) = list_observations(connection)
    assert late == said(found)


def test_an_acknowledgement_quiets_and_stays(world: World) -> None:
    """Signed once; signed again it says so; the ticks that follow leave the signature alone."""
    world.play(range(4), hit_rate=BROKEN)
    (found,) = list_observations(world.connection)
    signed = {"by": "ada", "reason": "expected", "note": "load test"}
    assert acknowledge(world.connection, found.id, **signed) == "acknowledged"
    assert acknowledge(world.connection, found.id, **signed) == "already"
    world.play(range(4, 7), hit_rate=BROKEN)
    (found,) = list_observations(world.connection)
    assert found.acknowledged
    assert found.acknowledged_by == "ada"
    history = read_history(world.connection, found.id)
    acknowledged = [row for row in history if row.kind == "acknowledged"]
    assert [(row.by, row.reason, row.note) for row in acknowledged] == [
        ("ada", "expected", "load test")
    ]


def test_fault_12_silence_is_found(world: World) -> None:
    """A cache that nothing is recorded of any more is an observation, whether zero or missing."""
    world.play(range(3))
    world.play(range(3, 9), names=(LEGACY,))
    open_ = [o for o in list_observations(world.connection) if o.state == "open"]
    assert [(o.implementation_type, o.metric_name) for o in open_] == [(NEW, "traffic")]


def test_fault_12_a_dead_collector_is_found(world: World) -> None:
    """No rows at all, because nothing delivers: one problem, and it has reached both series."""
    world.play(range(3))
    for minute in range(3, 12):
        now = world.at(minute + 1) + timedelta(seconds=80)
        tick(world.connection, now, Judging(), world.memory)
    (found,) = list_observations(world.connection, state="open")
    reached = {each["implementation_type"] for each in found.also}
    assert {found.implementation_type, *reached} == {LEGACY, NEW}
    problems = read_problems(world.connection, world.start)
    assert {each.key.implementation_type for each in problems} == {LEGACY, NEW}


def test_late_events_are_scored_again_and_it_shows(world: World) -> None:
    """A replayed batch changes a scored window; its new score says that it was corrected."""
    world.play(range(5))
    before = world.rows(
        "select score from monitoring.cache_window_scores"
        " where corrected_at is null and implementation_type = 'new'"
    )
    assert len(before) == 5
    late = Application(world.database.dsn, seed=9)
    late.minute(world.at(2), hit_rate={NEW: 0.1}, names=(NEW,), watermark=False)
    world.live(5)
    assert world.tick(5).rescored_minutes == 1
    late.sink.close()
    corrected = world.rows(
        "select minute_window, surprise from monitoring.cache_window_scores"
        " where corrected_at is not null and implementation_type = 'new'"
    )
    assert [row["minute_window"] for row in corrected] == [world.at(2)]
    assert corrected[0]["surprise"] > 3


def test_a_series_without_history_is_not_judged_and_says_so(world: World) -> None:
    """Not judged is no score, not a score of zero."""
    application = Application(world.database.dsn, seed=5)
    application.minute(world.at(0))
    application.minute(world.at(1), names=("canary",))
    world.tick(1)
    application.sink.close()
    rows = world.rows(
        "select score, not_judged from monitoring.cache_window_scores"
        " where implementation_type = 'canary'"
    )
    assert rows == [{"score": None, "not_judged": "no baseline yet"}]


def test_fault_6_a_baseline_of_zero_gives_no_infinity(world: World) -> None:
    """Errors where there never were any: the row is stored, without a percentage of nothing."""
    world.connection.execute(
        "insert into monitoring.cache_auditor_observations"
        " (severity, category, title, description, metric_value, baseline_value,"
        "  deviation_percentage) values ('info', 'anomaly', 't', 'd', 5, 0, null),"
        " ('info', 'anomaly', 't', 'd', 5e9, 1, 5e11)"
    )
    assert len(list_observations(world.connection)) == 2
