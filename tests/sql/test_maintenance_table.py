"""The table of maintenance: what a row may say, and who may write which part of it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from tests.postgres_clusters import Database
from tests.sql.conftest import MakeLogin

ONCE: dict[str, Any] = {
    "since": "2026-06-02 20:00Z", "until": "2026-06-02 22:00Z", "entered_by": "ann",
}  # fmt: skip
AGAIN: dict[str, Any] = {
    "since": "2026-06-02 20:00Z", "every": "sunday", "starts_at": "02:30", "lasts": "2 hours",
    "time_zone": "Europe/Berlin", "entered_by": "ann",
}  # fmt: skip


def insert(connection: psycopg.Connection, row: dict[str, Any]) -> int:
    statement = sql.SQL(
        "insert into monitoring.cache_maintenance ({}) values ({}) returning id"
    ).format(
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
    )
    found = connection.execute(statement, row).fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    "every", ["daily", "sunday", "monday,thursday", "day 1", "day 31", "last day"]
)
def test_what_can_be_is_stored(connection: psycopg.Connection, every: str) -> None:
    insert(connection, ONCE)
    insert(connection, {**AGAIN, "every": every, "until": "2026-12-24Z"})


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({**ONCE, "until": ONCE["since"]}, "ends_after_it_begins"),
        ({**ONCE, "until": "2026-07-04 00:00Z"}, "once_short"),
        ({**ONCE, "until": None}, "once_or_again"),
        ({**ONCE, "lasts": "2 hours"}, "once_or_again"),
        ({**AGAIN, "since": "-infinity"}, "years_real"),
        ({**AGAIN, "until": "infinity"}, "years_real"),
        ({**ONCE, "ended_at": "infinity", "ended_by": "ann"}, "years_real"),
        ({**ONCE, "cache_name": ""}, "scope_named"),
        ({**ONCE, "implementation_type": ""}, "scope_named"),
        ({**ONCE, "entered_by": ""}, "signed"),
        ({**ONCE, "ended_at": "2026-06-02 21:00Z"}, "ended_signed"),
        ({**ONCE, "reason": "x" * 2001}, "reason_short"),
        ({**ONCE, "cut_at": ["infinity"]}, "cuts_real"),
        ({**ONCE, "cut_at": [None]}, "cuts_real"),
        ({**ONCE, "time_zone": ""}, "time_zone_short"),
        ({**AGAIN, "starts_at": None}, "once_or_again"),
        ({**AGAIN, "lasts": "32 days"}, "lasts_short"),
        ({**AGAIN, "lasts": "0"}, "lasts_short"),
        ({**AGAIN, "starts_at": "02:30:01"}, "starts_on_the_minute"),
        ({**AGAIN, "starts_at": "24:00"}, "starts_on_the_minute"),
        ({**AGAIN, "every": "sometimes"}, "every_known"),
        ({**AGAIN, "every": "day 32"}, "every_known"),
        ({**AGAIN, "every": "sunday,day 1"}, "every_known"),
    ],
)
def test_what_cannot_be_is_refused(
    connection: psycopg.Connection, row: dict[str, Any], rule: str
) -> None:
    """A row that is written by hand is held to the same rules."""
    with pytest.raises(errors.CheckViolation) as caught, connection.transaction():
        insert(connection, row)
    assert caught.value.diag.constraint_name == f"cache_maintenance_{rule}"


@pytest.mark.every_postgres
def test_who_acknowledges_may_plan_and_end_but_not_rewrite(
    make_login: MakeLogin, database: Database
) -> None:
    """What was signed stays as it was signed, and what held stays on record."""
    me = database.connect(user=make_login("cache_auditor_acknowledger"))
    planned = insert(me, AGAIN)
    ended = me.execute(
        "update monitoring.cache_maintenance"
        " set ended_at = now(), ended_by = 'ben', cut_at = cut_at || now() where id = %s",
        [planned],
    )
    assert ended.rowcount == 1
    for statement in (
        "update monitoring.cache_maintenance set entered_by = 'eve'",
        "update monitoring.cache_maintenance set until = now()",
        "insert into monitoring.cache_maintenance (since, until, entered_by, entered_at)"
        " values (now(), now() + interval '1 hour', 'eve', '2020-01-01Z')",
        "delete from monitoring.cache_maintenance",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            me.execute(statement.encode())


@pytest.mark.every_postgres
def test_who_reads_sees_it_and_writes_nothing(make_login: MakeLogin, database: Database) -> None:
    insert(database.connect(), ONCE)
    me = database.connect(user=make_login("cache_auditor_reader"))
    seen = me.execute("select entered_by from monitoring.cache_maintenance").fetchall()
    assert seen == [("ann",)]
    with pytest.raises(errors.InsufficientPrivilege):
        insert(me, ONCE)


def test_a_role_that_is_made_later_gets_its_rights(database: Database) -> None:
    """apply_grants tells of this table as well, so that each migrate grants it again."""
    connection = database.connect()
    connection.execute("drop policy cache_auditor_reader_policy on monitoring.cache_maintenance")
    connection.execute("revoke all on monitoring.cache_maintenance from cache_auditor_reader")
    connection.execute("select monitoring.apply_grants()")
    found = connection.execute(
        "select cmd, has_table_privilege('cache_auditor_reader', 'monitoring.cache_maintenance',"
        " 'select') from pg_policies where tablename = 'cache_maintenance'"
        " and policyname = 'cache_auditor_reader_policy'"
    ).fetchall()
    assert found == [("SELECT", True)]
