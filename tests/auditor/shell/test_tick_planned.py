"""Maintenance, feedback and the user's rules, from settings and database to observations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg
import pytest

from auditor.daemon.learner import read_problems, refresh
from auditor.daemon.settings import judging
from auditor.daemon.tick import Memory, tick
from auditor.explaining.explanation import explained
from auditor.maintaining.maintenance import Maintenance, Once
from auditor.settings import Settings
from auditor.stores.feedback import revoke, sign
from auditor.stores.judgements import read_judgements
from auditor.stores.maintenance import add_maintenance, remove_maintenance
from auditor.stores.observations import list_observations
from auditor.stores.replay import read_replay
from auditor.windows.minutes import MINUTE
from auditor.windows.state import read_state
from tests.auditor.shell.past import CACHE, LEGACY, NEW, Application, start_of_story
from tests.postgres_clusters import Database

START = start_of_story()
RULE = {"name": "low hits", "metric": "hit_rate", "below": 50, "for_minutes": 2,
        "severity": "critical", "message": "Call Ann."}  # fmt: skip


@pytest.fixture
def application(learned_database: Database) -> Iterator[Application]:
    made = Application(learned_database.dsn)
    yield made
    made.sink.close()


def observations(connection: psycopg.Connection) -> list[tuple[str, datetime, str, str | None]]:
    return connection.execute(
        "select implementation_type, first_window, severity, metadata ->> 'rule'"
        " from monitoring.cache_auditor_observations order by first_window"
    ).fetchall()


def test_a_problem_in_maintenance_opens_when_it_ends(
    learned_database: Database, application: Application
) -> None:
    connection = learned_database.connect()
    end = START + 8 * MINUTE
    add_maintenance(connection, Maintenance(Once(START + MINUTE, end), CACHE, by="ann"))
    memory = Memory()
    for number in range(10):
        minute = START + number * MINUTE
        application.minute(minute, hit_rate={NEW: 0.9 if number < 2 else 0.3})
        tick(connection, minute + timedelta(seconds=61), judging(Settings()), memory)
        assert len(observations(connection)) == (minute >= end), number
    ((implementation, first, _, rule),) = observations(connection)
    assert (implementation, first, rule) == (NEW, end, None)
    # it is explained by what held then, also when the record of it is taken away
    assert remove_maintenance(connection, 1)
    (found,) = list_observations(connection)
    kept = read_judgements(connection, found.id)[0]
    assert {each.when for each in kept.maintenances} == {Once(START + MINUTE, end)}
    told = explained(kept, read_replay(connection, kept))
    assert (told.agreement, told.doubts) == ("equal", ())


def test_what_happened_in_maintenance_is_not_learned(learned_database: Database) -> None:
    """A day of it: with the maintenance the baseline has its windows not, without it has them."""
    connection = learned_database.connect()

    def sample_size() -> int:
        done = refresh(connection, START, span=timedelta(days=3), time_zone="UTC")
        assert done.learned is not None
        return min(each.sample_size for each in done.learned.baselines.values())

    whole = sample_size()
    day = timedelta(days=1)
    add_maintenance(connection, Maintenance(Once(START - 2 * day, START - day), CACHE, by="ann"))
    assert whole - sample_size() == 1440


def test_a_rule_opens_on_the_first_day_before_anything_is_learned(database: Database) -> None:
    connection, application = database.connect(), Application(database.dsn)
    how = judging(Settings(rules=[RULE]))
    memory = Memory()
    for number in range(5):
        minute = START + number * MINUTE
        application.minute(minute, hit_rate={NEW: 0.9 if number < 2 else 0.3})
        tick(connection, minute + timedelta(seconds=61), how, memory)
    application.sink.close()
    ((implementation, _, severity, rule),) = observations(connection)
    assert (implementation, severity, rule) == (NEW, "critical", "low hits")
    row = connection.execute(
        "select title, recommendation from monitoring.cache_auditor_observations"
    ).fetchone()
    assert row is not None
    assert row[0].startswith('your rule "low hits": hit rate of sessions/new was ')
    assert row[1] == "Call Ann."
    assert read_state(connection)["scored_until"] == START + 5 * MINUTE
    # a bound that ordinary days break is no reason not to learn them, until somebody says so
    assert read_problems(connection, START) == []
    (found,) = list_observations(connection)
    sign(connection, found.id, by="ann", reason="fixed", note="", scope="metric", expires=None)
    assert [each.reason for each in read_problems(connection, START)] == ["fixed"]


def test_what_a_rule_opened_and_detection_confirmed_is_not_learned(
    learned_database: Database, application: Application
) -> None:
    connection = learned_database.connect()
    how = judging(Settings(rules=[{**RULE, "below": 95, "for_minutes": 1}]))
    memory = Memory()
    for number in range(6):
        minute = START + number * MINUTE
        application.minute(minute, hit_rate={NEW: 0.9 if number < 2 else 0.3})
        tick(connection, minute + timedelta(seconds=61), how, memory)
    rules = {implementation: rule for implementation, _, _, rule in observations(connection)}
    assert rules == {NEW: "low hits", LEGACY: "low hits"}
    problems = read_problems(connection, START)
    assert {each.key.implementation_type for each in problems} == {NEW}


def test_feedback_silences_the_next_one_and_its_windows_say_so(
    learned_database: Database, application: Application
) -> None:
    """Ten bad minutes, signed as expected; the next ones have no row until it is revoked."""
    connection = learned_database.connect()
    how = judging(Settings(resolve_after_minutes=2, reopen_within_minutes=1))
    memory = Memory()
    bad = {*range(2, 8), *range(20, 30)}
    signed = None
    for number in range(30):
        minute = START + number * MINUTE
        application.minute(minute, hit_rate={NEW: 0.3 if number in bad else 0.9})
        if number == 26:
            assert signed is not None
            assert signed.feedback_id is not None
            silenced = connection.execute(
                "select minute_window, silenced_by from monitoring.cache_window_scores"
                " where silenced_by is not null order by 1"
            ).fetchall()
            assert silenced[-1] == (START + 25 * MINUTE, signed.feedback_id)
            assert START + 20 * MINUTE <= silenced[0][0] <= START + 22 * MINUTE
            assert len(list_observations(connection)) == 1
            assert revoke(connection, signed.feedback_id, by="bob") == "revoked"
            connection.execute(
                "update monitoring.cache_acknowledgements set revoked_at = %s", [minute]
            )
        tick(connection, minute + timedelta(seconds=61), how, memory)
        if number == 15:
            (found,) = list_observations(connection)
            assert found.state == "resolved"
            signed = sign(connection, found.id, by="ann", reason="expected", note="",
                          scope="cache", expires=timedelta(days=300))  # fmt: skip
            # what was signed counts from when it was, and the story is told in another year
            connection.execute(
                "update monitoring.cache_acknowledgements set acknowledged_at = %s, severity ="
                " 'critical', expires_at = %s", [minute, minute + timedelta(days=1)],
            )  # fmt: skip
    assert len(list_observations(connection)) == 2
