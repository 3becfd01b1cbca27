"""Feedback really changes what comes next: told, silent, marked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from auditor.daemon.tick import Judging
from auditor.observing.fold_settings import FoldSettings
from auditor.stores.feedback import FeedbackRow, list_feedback, revoke, sign
from auditor.stores.observations import ObservationRow, list_observations
from tests.auditor.shell.lived import Lived, lived
from tests.auditor.shell.past import LEGACY, NEW
from tests.postgres_clusters import Database

MILD = 0.6


@pytest.fixture
def world(learned_database: Database) -> Iterator[Lived]:
    """An observation of `new` in minutes 3 to 6: over, and past reopening by minute 25."""
    with lived(learned_database) as made:
        made.play(range(3))
        made.play(range(3, 7), hit_rate={NEW: 0.5})
        made.pass_by(range(7, 25))
        assert [row.state for row in rows(made)] == ["resolved"]
        yield made


def rows(world: Lived) -> list[ObservationRow]:
    return list_observations(world.connection, state=None)


def signed(
    world: Lived, reason: str, at: int = 20, *, lasts: int = 600, scope: str = "metric"
) -> int:
    """Signs the one observation as if it were in that minute; returns the feedback's id."""
    (row,) = rows(world)
    done = sign(
        world.connection, row.id, by="ada", reason=reason, note="", scope=scope, expires=None
    )
    assert done.feedback_id is not None
    world.connection.execute(
        "update monitoring.cache_acknowledgements set acknowledged_at = %(at)s,"
        " expires_at = %(until)s where id = %(id)s",
        {"id": done.feedback_id, "at": world.at(at), "until": world.at(at + lasts)},
    )
    return done.feedback_id


def silenced(world: Lived) -> set[tuple[str, int, int]]:
    """Implementation, minute and feedback of every window that was kept quiet."""
    found = world.connection.execute(
        "select implementation_type, minute_window, silenced_by"
        " from monitoring.cache_window_scores where silenced_by is not null"
    )
    return {(name, (at - world.start) // timedelta(minutes=1), by) for name, at, by in found}


def listed(world: Lived, minute: int) -> list[FeedbackRow]:
    return list_feedback(world.connection, world.at(minute), every=False)


def open_ones(world: Lived) -> list[str | None]:
    return [row.implementation_type for row in rows(world) if row.state == "open"]


def test_a_false_alarm_is_silent_up_to_itself_and_not_beyond(world: Lived) -> None:
    """Its like; not the sibling's, and not what is more surprising than it ever was."""
    by = signed(world, "false-alarm")
    world.play(range(25, 28), hit_rate={NEW: MILD})
    assert len(rows(world)) == 1
    assert silenced(world) == {(NEW, minute, by) for minute in (25, 26, 27)}
    assert [(row.id, row.silenced) for row in listed(world, 28)] == [(by, 3)]
    world.pass_by(range(28, 45))
    world.play(range(45, 47), hit_rate={LEGACY: MILD})
    assert open_ones(world) == [LEGACY]
    world.connection.execute("update monitoring.cache_acknowledgements set bar = 1")
    world.connection.execute(
        "update monitoring.cache_observation_progress"
        " set progress = jsonb_set(progress, '{peak_surprise}', '1')"
    )
    world.pass_by(range(47, 75))
    world.play(range(75, 79), hit_rate={NEW: 0.02})
    assert open_ones(world) == [NEW]


def test_it_ends_when_it_expires(world: Lived) -> None:
    signed(world, "false-alarm", lasts=6)
    world.play(range(25, 27), hit_rate={NEW: MILD})
    assert {minute for _, minute, _ in silenced(world)} == {25}
    assert len(rows(world)) == 2


def test_it_ends_when_it_is_revoked(world: Lived) -> None:
    by = signed(world, "expected")
    world.play(range(25, 27), hit_rate={NEW: MILD})
    assert len(rows(world)) == 1
    assert revoke(world.connection, by, by="bob") == "revoked"
    world.connection.execute(
        "update monitoring.cache_acknowledgements set revoked_at = %s", [world.at(27)]
    )
    world.play(range(27, 29), hit_rate={NEW: MILD})
    assert len(rows(world)) == 2


def test_a_wider_scope_covers_the_sibling(world: Lived) -> None:
    by = signed(world, "expected", scope="cache")
    world.play(range(25, 27), hit_rate={LEGACY: MILD})
    assert {(name, who) for name, _, who in silenced(world)} == {(LEGACY, by)}
    assert len(rows(world)) == 1


def test_what_returns_soon_is_not_reopened(learned_database: Database) -> None:
    """It would have been the same row; nobody is woken by it."""
    with lived(learned_database) as world:
        world.play(range(3))
        world.play(range(3, 7), hit_rate={NEW: 0.5})
        world.judging = Judging(fold=FoldSettings(quiet_minutes=5, reopen_minutes=60))
        world.pass_by(range(7, 24))
        signed(world, "expected", 23)
        world.play(range(24, 26), hit_rate={NEW: MILD})
        assert [row.state for row in rows(world)] == ["resolved"]
        assert {minute for _, minute, _ in silenced(world)} == {24, 25}
        kinds = world.connection.execute("select kind from monitoring.cache_observation_changes")
        assert "reopened" not in {kind for (kind,) in kinds}


def test_nothing_is_kept_of_what_was_never_told(world: Lived) -> None:
    """No row, and so no progress and no judgement."""
    signed(world, "expected")
    world.play(range(25, 27), hit_rate={NEW: MILD})
    assert silenced(world)
    (row,) = rows(world)
    kept = world.connection.execute(
        "select observation_id from monitoring.cache_observation_verdicts"
        " union select observation_id from monitoring.cache_observation_progress"
    ).fetchall()
    assert kept == [(row.id,)]
