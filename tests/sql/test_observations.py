"""Every transition of an observation is in the log, whoever made it, and wakes listeners once."""

import uuid
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import dict_row

from tests.postgres_clusters import Database
from tests.sql.hearing import heard, listening


def opened(connection: psycopg.Connection, severity: str = "warning", n: int = 1) -> uuid.UUID:
    """The id of the last of n observations that one statement opened."""
    found = connection.execute(
        "insert into monitoring.cache_auditor_observations"
        " (severity, category, title, description)"
        " select %s, 'reliability', 'title ' || n, 'text' from generate_series(1, %s) as n"
        " returning id",
        [severity, n],
    ).fetchall()
    return found[-1][0]  # type: ignore[no-any-return]


def update(connection: psycopg.Connection, assignments: str, observation: uuid.UUID) -> None:
    connection.execute(
        f"update monitoring.cache_auditor_observations set {assignments} where id = %s",
        [observation],
    )


def changes(connection: psycopg.Connection) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select * from monitoring.cache_observation_changes order by id"
        ).fetchall()


def kinds(connection: psycopg.Connection) -> list[str]:
    return [change["kind"] for change in changes(connection)]


OPEN_AGAIN = "state = 'open', resolved_at = null"
RESOLVED = "state = 'resolved', resolved_at = now()"
SIGNED = "acknowledged = true, acknowledged_at = now(), acknowledged_by = 'ann'"


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    ("before", "change", "kind"),
    [
        (None, "severity = 'critical'", "escalated"),
        (None, f"{RESOLVED}", "resolved"),
        (None, SIGNED, "acknowledged"),
        (None, "severity = 'info'", "changed"),
        (None, "title = 'another'", "changed"),
        (RESOLVED, OPEN_AGAIN, "reopened"),
        (RESOLVED, f"{OPEN_AGAIN}, severity = 'critical'", "reopened"),
        (SIGNED, "acknowledged = false", "reopened"),
        (SIGNED, "severity = 'critical', acknowledged = false", "escalated"),
    ],
)
def test_a_transition_is_one_row_of_its_kind(
    connection: psycopg.Connection, before: str | None, change: str, kind: str
) -> None:
    """With the observation as it was after it, under the transaction that made it."""
    observation = opened(connection)
    if before:
        update(connection, before, observation)
    already = len(changes(connection))
    with connection.transaction():
        update(connection, change, observation)
        xid = connection.execute("select pg_current_xact_id()::text").fetchone()
    (logged,) = changes(connection)[already:]
    row = connection.execute(
        "select to_jsonb(o) from monitoring.cache_auditor_observations as o where id = %s",
        [observation],
    ).fetchone()
    assert (logged["kind"], logged["observation_id"]) == (kind, observation)
    assert (logged["observation"],) == row
    assert (str(logged["xid"]),) == xid


def test_opening_is_logged_the_worst_first(connection: psycopg.Connection) -> None:
    """A statement may open many; each has its row."""
    opened(connection, n=3)
    assert kinds(connection) == ["opened"] * 3
    connection.execute(
        "insert into monitoring.cache_auditor_observations"
        " (severity, category, title, description, rank)"
        " values ('info', 'anomaly', 'a', 'd', 5), ('critical', 'anomaly', 'b', 'd', 90)"
    )
    assert [c["observation"]["rank"] for c in changes(connection)[3:]] == [90, 5]


def test_what_is_rolled_back_was_never_logged_nor_heard(database: Database) -> None:
    """The log is written in the transaction of the change."""
    listener, connection = listening(database.connect()), database.connect()
    with connection.transaction(force_rollback=True):
        update(connection, RESOLVED, opened(connection))
        assert kinds(connection) == ["opened", "resolved"]
    assert kinds(connection) == []
    assert heard(listener, connection) == []


def test_nothing_changed_is_not_a_change(database: Database) -> None:
    """The same values again, or only the time of writing: no row, no notice."""
    listener, connection = listening(database.connect()), database.connect()
    observation = opened(connection)
    heard(listener, connection)
    update(connection, "severity = severity, updated_at = clock_timestamp()", observation)
    update(connection, "severity = 'info'", uuid.uuid4())
    assert kinds(connection) == ["opened"]
    assert heard(listener, connection) == []


@pytest.mark.every_postgres
def test_one_statement_wakes_once_however_many_rows(database: Database) -> None:
    """The payload has the last sequence of the log, which holds them all."""
    listener, connection = listening(database.connect()), database.connect()
    opened(connection, n=500)
    connection.execute(f"update monitoring.cache_auditor_observations set {RESOLVED}")
    sequences = [change["id"] for change in changes(connection)]
    assert len(sequences) == 1000
    assert heard(listener, connection) == [
        {"kind": "observations", "sequence": max(sequences[:500])},
        {"kind": "observations", "sequence": max(sequences)},
    ]


# Acknowledging -----------------------------------------------------------------------------------


def acknowledge(
    connection: psycopg.Connection, observation: uuid.UUID, reason: str = "expected",
    by: str = "ann", note: str | None = "planned",
) -> str:  # fmt: skip
    found = connection.execute(
        "select monitoring.acknowledge_observation(%s, %s, %s, %s)",
        [observation, by, reason, note],
    ).fetchone()
    assert found is not None
    return str(found[0])


@pytest.mark.parametrize("reason", ["fixed", "expected", "false-alarm", "new-normal"])
def test_an_acknowledgement_is_signed_and_logged(database: Database, reason: str) -> None:
    """On the observation, in its own table and in the log: who, why and the note."""
    listener, connection = listening(database.connect()), database.connect()
    observation = opened(connection)
    heard(listener, connection)
    assert acknowledge(connection, observation, reason) == "acknowledged"
    logged = changes(connection)[-1]
    assert [logged[n] for n in ("kind", "by", "reason", "note")] == [
        "acknowledged", "ann", reason, "planned",
    ]  # fmt: skip
    after = logged["observation"]
    assert (after["acknowledged"], after["acknowledged_by"]) == (True, "ann")
    assert after["metadata"]["acknowledgement"] == {"reason": reason, "note": "planned"}
    kept = connection.execute(
        "select observation_id, acknowledged_by, reason, note, revoked_at"
        " from monitoring.cache_acknowledgements"
    ).fetchall()
    assert kept == [(observation, "ann", reason, "planned", None)]
    assert len(heard(listener, connection)) == 1


def test_acknowledging_again_says_already_and_changes_nothing(
    connection: psycopg.Connection,
) -> None:
    """The first signature stays."""
    observation = opened(connection)
    acknowledge(connection, observation)
    assert acknowledge(connection, observation, "fixed", by="bob") == "already"
    assert kinds(connection) == ["opened", "acknowledged"]
    assert changes(connection)[-1]["by"] == "ann"


def test_acknowledging_an_unknown_id_says_so(connection: psycopg.Connection) -> None:
    """Nothing is written."""
    assert acknowledge(connection, uuid.uuid4()) == "unknown"
    found = connection.execute("select count(*) from monitoring.cache_acknowledgements").fetchone()
    assert found == (0,)


@pytest.mark.parametrize(
    "wrong", [{"reason": "whatever"}, {"by": ""}, {"by": "x" * 201}, {"note": "x" * 2001}]
)
def test_an_acknowledgement_without_a_reason_or_a_name_is_refused(
    connection: psycopg.Connection, wrong: dict[str, str]
) -> None:
    """And so is one that would not fit a screen; the observation stays as it was."""
    observation = opened(connection)
    with pytest.raises(errors.CheckViolation), connection.transaction():
        acknowledge(connection, observation, **wrong)
    assert kinds(connection) == ["opened"]


def test_an_acknowledgement_needs_no_note(connection: psycopg.Connection) -> None:
    """None is as good as an empty one."""
    assert acknowledge(connection, opened(connection), note=None) == "acknowledged"
    assert changes(connection)[-1]["note"] == ""
