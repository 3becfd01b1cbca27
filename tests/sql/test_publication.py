"""The publication that Supabase's Realtime reads, where there is one."""

import psycopg
import pytest

from auditor.schema.migrations import migrate
from tests.postgres_clusters import Database

pytestmark = pytest.mark.every_postgres

OURS = [("monitoring", "cache_auditor_observations"), ("monitoring", "cache_metrics_1min")]


def members(connection: psycopg.Connection, publication: str) -> list[tuple[str, str]]:
    return connection.execute(
        "select schemaname::text, tablename::text from pg_publication_tables"
        " where pubname = %s order by 1, 2",
        [publication],
    ).fetchall()


def test_two_tables_join_it_and_the_users_own_stay(empty_database: Database) -> None:
    """No other table of the schema is published, however often migrate runs."""
    connection = empty_database.connect()
    connection.execute("create table public.orders (id int primary key)")
    connection.execute("create publication supabase_realtime for table public.orders")
    connection.execute("create publication others")
    for _ in range(2):
        migrate(connection)
        assert members(connection, "supabase_realtime") == [*OURS, ("public", "orders")]
        assert members(connection, "others") == []


def test_one_that_is_made_later_is_joined_by_the_next_migrate(database: Database) -> None:
    """On plain PostgreSQL there is none, and migrate makes none."""
    connection = database.connect()
    publications = "select pubname::text from pg_publication"
    assert connection.execute(publications).fetchall() == []
    connection.execute("create publication supabase_realtime")
    migrate(connection)
    assert members(connection, "supabase_realtime") == OURS


def test_one_for_all_tables_is_left_as_it_is(empty_database: Database) -> None:
    """PostgreSQL would refuse to add a table to it, and it has them already."""
    connection = empty_database.connect()
    connection.execute("create publication supabase_realtime for all tables")
    migrate(connection)
    found = connection.execute("select puballtables from pg_publication").fetchall()
    assert found == [(True,)]
    assert set(OURS) <= set(members(connection, "supabase_realtime"))


def test_published_tables_can_be_updated_and_deleted_from(empty_database: Database) -> None:
    """Without a replica identity, publishing a table would break its updates."""
    connection = empty_database.connect()
    connection.execute("create publication supabase_realtime")
    migrate(connection)
    connection.execute(
        "insert into monitoring.cache_metrics_1min (implementation_type, minute_window)"
        " values ('new', '2026-03-02 12:00Z')"
    )
    changed = connection.execute("update monitoring.cache_metrics_1min set hits = 1")
    assert changed.rowcount == 1
    assert connection.execute("delete from monitoring.cache_metrics_1min").rowcount == 1
