"""Signing with a scope, revoking, and what a worse turn or an older version leaves behind."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import dict_row

from auditor.observing.feedback import LASTS, REASONS, SCOPES, scope
from auditor.schema.migrations import migrate
from sql import migrations
from tests.postgres_clusters import Database
from tests.sql.conftest import MakeLogin
from tests.sql.hearing import heard, listening

OPENED = """
insert into monitoring.cache_auditor_observations
    (cache_name, implementation_type, severity, category, title, description, metric_name)
values ('sessions', 'new', 'warning', 'performance', 't', 'd', 'hit_rate')
returning id
"""


def opened(connection: psycopg.Connection, peak: float | None = 7.25) -> uuid.UUID:
    row = connection.execute(OPENED).fetchone()
    assert row is not None
    if peak is not None:
        connection.execute(
            "insert into monitoring.cache_observation_progress"
            " (observation_id, last_window, progress)"
            " values (%s, now(), jsonb_build_object('peak_surprise', %s::float8))",
            [row[0], peak],
        )
    return row[0]  # type: ignore[no-any-return]


def signed(
    connection: psycopg.Connection, observation: uuid.UUID, reason: str = "false-alarm",
    scope: str = "metric", expires: timedelta | None = None, by: str = "ann",
) -> tuple[str, int | None]:  # fmt: skip
    row = connection.execute(
        "select outcome, feedback_id from monitoring.sign_observation(%s, %s, %s, '', %s, %s)",
        [observation, by, reason, scope, expires],
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def revoked(connection: psycopg.Connection, feedback: int | None, by: str = "bob") -> str:
    row = connection.execute(
        "select monitoring.revoke_acknowledgement(%s, %s)", [feedback, by]
    ).fetchone()
    assert row is not None
    return str(row[0])


def table(connection: psycopg.Connection) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select *, expires_at - acknowledged_at as lasts"
            " from monitoring.cache_acknowledgements order by id"
        ).fetchall()


def kinds(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select kind, by, reason from monitoring.cache_observation_changes order by id"
    ).fetchall()


@pytest.mark.every_postgres
@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_lasts_as_long_as_the_program_says(
    connection: psycopg.Connection, reason: str
) -> None:
    """By the function with a scope, and by the one that clients know; `fixed` has no end."""
    signed(connection, opened(connection), reason)
    connection.execute(
        "select monitoring.acknowledge_observation(%s, 'ann', %s)", [opened(connection), reason]
    )
    known = {name: length for name, length in LASTS.items() if name == reason}
    assert [row["lasts"] for row in table(connection)] == [known[reason]] * 2
    assert {row["scope_metric"] for row in table(connection)} == {"hit_rate"}


@pytest.mark.every_postgres
@pytest.mark.parametrize("name", SCOPES)
def test_a_scope_is_kept_as_the_program_reads_it(connection: psycopg.Connection, name: str) -> None:
    _, feedback = signed(connection, opened(connection), scope=name)
    (row,) = table(connection)
    expected = scope(name, "sessions", "new", "hit_rate")
    assert row["id"] == feedback
    assert row["scope_cache_name"] == expected.cache_name
    assert row["scope_implementation_type"] == expected.implementation_type
    assert row["scope_metric"] == expected.metric


def test_how_bad_it_was_is_kept_with_it(connection: psycopg.Connection) -> None:
    """The bar is what it had reached, or unknown; the severity that of the moment."""
    signed(connection, opened(connection))
    signed(connection, opened(connection, peak=None))
    assert [(row["bar"], row["severity"]) for row in table(connection)] == [
        (7.25, "warning"), (None, "warning"),
    ]  # fmt: skip


def test_a_time_of_ones_own_is_taken(connection: psycopg.Connection) -> None:
    signed(connection, opened(connection), expires=timedelta(hours=3))
    assert table(connection)[0]["lasts"] == timedelta(hours=3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": "world"},
        {"reason": "whatever"},
        {"expires": timedelta(seconds=59)},
        {"expires": timedelta(days=367)},
        {"by": ""},
    ],
)
def test_what_cannot_be_meant_is_refused(
    connection: psycopg.Connection, wrong: dict[str, Any]
) -> None:
    observation = opened(connection)
    with pytest.raises(errors.CheckViolation), connection.transaction():
        signed(connection, observation, **wrong)
    assert table(connection) == []
    assert kinds(connection) == [("opened", None, None)]


@pytest.mark.every_postgres
def test_revoking_takes_the_signature_off_and_says_so_once(database: Database) -> None:
    """In the table, on the observation and in the log: who took back what."""
    listener, connection = listening(database.connect()), database.connect()
    observation = opened(connection)
    _, feedback = signed(connection, observation, "expected")
    heard(listener, connection)
    assert revoked(connection, feedback) == "revoked"
    assert len(heard(listener, connection)) == 1
    assert revoked(connection, feedback) == "already"
    assert revoked(connection, 10**9) == "unknown"
    assert kinds(connection)[1:] == [
        ("acknowledged", "ann", "expected"), ("revoked", "bob", "expected"),
    ]  # fmt: skip
    (row,) = table(connection)
    assert row["revoked_by"] == "bob"
    assert row["revoked_at"] is not None
    found = connection.execute(
        "select acknowledged, acknowledged_at, acknowledged_by, metadata ? 'acknowledgement'"
        " from monitoring.cache_auditor_observations"
    ).fetchall()
    assert found == [(False, None, None, False)]


def test_after_revoking_it_can_be_signed_again(connection: psycopg.Connection) -> None:
    """And revoked again: each time the log says so."""
    observation = opened(connection)
    for _ in range(2):
        outcome, feedback = signed(connection, observation)
        assert outcome == "acknowledged"
        assert signed(connection, observation) == ("already", None)
        revoked(connection, feedback)
    assert [kind for kind, *_ in kinds(connection)] == [
        "opened", "acknowledged", "revoked", "acknowledged", "revoked",
    ]  # fmt: skip


@pytest.mark.every_postgres
def test_a_worse_turn_takes_back_what_was_signed(connection: psycopg.Connection) -> None:
    """And so does a client that clears the column; nobody's name is on it."""
    observation = opened(connection)
    _, feedback = signed(connection, observation)
    connection.execute(
        "update monitoring.cache_auditor_observations set severity = 'critical',"
        " acknowledged = false where id = %s",
        [observation],
    )
    (row,) = table(connection)
    assert (row["revoked_at"] is not None, row["revoked_by"]) == (True, None)
    assert kinds(connection)[-1][0] == "escalated"
    assert revoked(connection, feedback) == "already"
    signed(connection, observation)
    connection.execute("update monitoring.cache_auditor_observations set acknowledged = false")
    assert kinds(connection)[-1][0] == "reopened"
    assert [row["revoked_at"] is None for row in table(connection)] == [False, False]


def test_a_signature_in_the_columns_alone_still_quiets(connection: psycopg.Connection) -> None:
    """As clients of the contract do it: it is signed, and there is no feedback."""
    observation = opened(connection)
    connection.execute(
        "update monitoring.cache_auditor_observations set acknowledged = true,"
        " acknowledged_at = now(), acknowledged_by = 'page' where id = %s",
        [observation],
    )
    assert kinds(connection)[-1] == ("acknowledged", "page", None)
    assert table(connection) == []
    assert signed(connection, observation) == ("already", None)


@pytest.mark.every_postgres
def test_an_acknowledger_signs_and_revokes_and_changes_nothing_else(
    make_login: MakeLogin, database: Database
) -> None:
    observation = opened(database.connect())
    me = database.connect(user=make_login("cache_auditor_acknowledger"))
    _, feedback = signed(me, observation)
    assert revoked(me, feedback) == "revoked"
    with pytest.raises(errors.InsufficientPrivilege):
        me.execute("update monitoring.cache_acknowledgements set expires_at = 'infinity'")


@pytest.mark.every_postgres
def test_what_was_signed_before_there_were_scopes_silences_nothing(
    empty_database: Database,
) -> None:
    """It gets the scope of its observation and has expired; `fixed` has nothing to expire."""
    connection = empty_database.connect()
    migrate(connection, shipped=migrations()[:7])
    for reason in ("fixed", "false-alarm"):
        row = connection.execute(OPENED).fetchone()
        assert row is not None
        connection.execute(
            "select monitoring.acknowledge_observation(%s, 'ann', %s)", [row[0], reason]
        )
    migrate(connection)
    assert [
        (row["reason"], row["scope_metric"], row["severity"], row["lasts"], row["bar"])
        for row in table(connection)
    ] == [
        ("fixed", "hit_rate", "warning", None, None),
        ("false-alarm", "hit_rate", "warning", timedelta(0), None),
    ]
