"""Who may do what with a named listener's place: its own login alone, and the auditor."""

import uuid

import psycopg
import pytest
from psycopg import errors

from tests.postgres_clusters import Database
from tests.sql.conftest import MakeLogin

pytestmark = pytest.mark.every_postgres


def begin(connection: psycopg.Connection, holder: uuid.UUID) -> int:
    row = connection.execute(
        "select floor from monitoring.begin_listening('ann', %s)", [holder]
    ).fetchone()
    assert row is not None
    return int(row[0])


def keep(connection: psycopg.Connection, holder: uuid.UUID, floor: int) -> bool | None:
    row = connection.execute(
        "select monitoring.keep_listening('ann', %s, %s, '{}')", [holder, floor]
    ).fetchone()
    assert row is not None
    found: bool | None = row[0]
    return found


def stop(connection: psycopg.Connection) -> str:
    row = connection.execute("select monitoring.stop_listening('ann')").fetchone()
    assert row is not None
    return str(row[0])


def test_a_place_is_its_own_logins_and_the_auditors(
    make_login: MakeLogin, database: Database
) -> None:
    """Readers see every place, and move, take and remove their own only."""
    one, two = make_login("cache_auditor_reader"), make_login("cache_auditor_reader")
    mine, theirs = database.connect(user=one), database.connect(user=two)
    auditor = database.connect(user=make_login("cache_auditor_auditor"))
    me, other = uuid.uuid4(), uuid.uuid4()
    floor = begin(mine, me)
    assert keep(mine, me, floor) is True
    assert keep(mine, other, floor) is None
    assert keep(theirs, me, floor) is None
    with pytest.raises(errors.InsufficientPrivilege, match=f"belongs to the login {one}"):
        begin(theirs, other)
    owners = theirs.execute("select owner::text from monitoring.cache_listeners").fetchall()
    assert owners == [(one,)]
    for statement in (
        "update monitoring.cache_listeners set owner = current_user",
        "insert into monitoring.cache_listeners (name, floor) values ('x', '1')",
        "delete from monitoring.cache_listeners",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            mine.execute(statement)
    assert stop(theirs) == "foreign"
    assert stop(mine) == "forgotten"
    assert stop(mine) == "unknown"
    begin(mine, me)
    assert stop(auditor) == "forgotten"


def test_a_writer_has_no_place(make_login: MakeLogin, database: Database) -> None:
    """What delivers events hears nothing."""
    writer = database.connect(user=make_login("cache_auditor_writer"))
    with pytest.raises(errors.InsufficientPrivilege):
        begin(writer, uuid.uuid4())
