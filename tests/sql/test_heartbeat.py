"""What a collector may say of itself, and what the database makes of it."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import dict_row

from tests.postgres_clusters import Database
from tests.sql.conftest import MakeLogin

pytestmark = pytest.mark.every_postgres

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def beat(
    connection: psycopg.Connection,
    collector: uuid.UUID,
    watermark: datetime | None,
    goodbye: bool = False,
    **counts: object,
) -> dict[str, Any]:
    connection.execute(
        "select monitoring.collector_heartbeat(%s, %s, %s::jsonb, %s)",
        [collector, watermark, json.dumps(counts, default=str), goodbye],
    )
    return row(connection, collector)


def row(connection: psycopg.Connection, collector: uuid.UUID) -> dict[str, Any]:
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            "select *, clock_timestamp() as now from monitoring.cache_collectors"
            " where collector_id = %s",
            [collector],
        ).fetchone()
    assert found is not None
    return found


def test_a_watermark_never_moves_back(connection: psycopg.Connection) -> None:
    """A replayed batch comes late and carries an old one; a heartbeat may carry none."""
    collector = uuid.uuid4()
    assert beat(connection, collector, NOON)["watermark"] == NOON
    for earlier in (NOON - timedelta(minutes=5), None):
        assert beat(connection, collector, earlier)["watermark"] == NOON
    later = NOON + timedelta(seconds=1)
    assert beat(connection, collector, later)["watermark"] == later


def test_a_watermark_is_never_in_the_future(connection: psycopg.Connection) -> None:
    """A clock that runs ahead does not make minutes complete that have not been."""
    collector = uuid.uuid4()
    ahead = datetime.now(UTC) + timedelta(days=1)
    found = beat(connection, collector, ahead, started_at=ahead)
    assert found["watermark"] <= found["now"]
    assert found["started_at"] <= found["now"]


def test_no_watermark_stays_no_watermark(connection: psycopg.Connection) -> None:
    """A collector that does not know how far it has come has not come up to now."""
    assert beat(connection, uuid.uuid4(), None)["watermark"] is None


def test_counts_only_rise_and_what_is_spooled_is_as_it_says(connection: psycopg.Connection) -> None:
    """Beats may overtake each other; the spool empties again."""
    collector = uuid.uuid4()
    totals: dict[str, Any] = {"recorded": 10, "delivered": 7, "dropped": 1, "refused": 1, "lost": 1}
    beat(connection, collector, NOON, node="a", pid=7, version="1", spooled=5, **totals)
    found = beat(connection, collector, NOON, recorded=8, spooled=0)
    assert {name: found[name] for name in totals} == totals
    assert (found["spooled"], found["node"], found["pid"], found["version"]) == (0, "a", 7, "1")


def test_a_goodbye_is_taken_back_by_the_next_beat(connection: psycopg.Connection) -> None:
    """Who ended in an orderly way is not missed; who beats again is expected again."""
    collector = uuid.uuid4()
    assert beat(connection, collector, NOON)["goodbye_at"] is None
    left = beat(connection, collector, NOON, goodbye=True)
    assert left["goodbye_at"] == left["last_seen_at"]
    assert beat(connection, collector, NOON)["goodbye_at"] is None


def test_only_the_login_that_made_it_moves_a_collector(
    make_login: MakeLogin, database: Database
) -> None:
    """The other is told whose it is, and nothing has changed."""
    collector = uuid.uuid4()
    one, other = make_login("cache_auditor_writer"), make_login("cache_auditor_writer")
    said = "select monitoring.collector_heartbeat(%s, %s)"
    database.connect(user=one).execute(said, [collector, NOON])
    with pytest.raises(errors.InsufficientPrivilege, match=f"another login than {other}"):
        database.connect(user=other).execute(said, [collector, NOON + timedelta(hours=1)])
    found = row(database.connect(), collector)
    assert (found["watermark"], found["owner"]) == (NOON, one)
