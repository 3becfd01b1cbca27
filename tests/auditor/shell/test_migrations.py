"""Migrations on real servers: many at once, twice, edited, failing, refused."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256

import psycopg
import pytest
from psycopg import sql as compose
from psycopg.conninfo import make_conninfo

from auditor.schema.errors import (
    EditedMigration,
    ForeignTables,
    MigrationFailed,
    MigrationsPending,
    NewerDatabase,
)
from auditor.schema.ledger import judge, read_landed, require_current, status
from auditor.schema.migrations import migrate
from sql import Migration, migrations
from tests.postgres_clusters import Database, PrivateCluster

VERSIONS = [step.version for step in migrations()]


def migration(version: int, text: str) -> Migration:
    return Migration(version, "made_for_a_test", text, sha256(text.encode()).hexdigest())


def relations(conn: psycopg.Connection) -> list[tuple[str]]:
    return conn.execute(
        "select relname from pg_class where relnamespace = to_regnamespace('monitoring')"
        " order by relname"
    ).fetchall()


def all_at_once(dsns: list[str]) -> list[list[Migration]]:
    """Migrate over all connection strings at the same moment, each on a connection of its own."""
    barrier = threading.Barrier(len(dsns))

    def one(dsn: str) -> list[Migration]:
        with psycopg.connect(dsn, autocommit=True) as conn:
            barrier.wait(timeout=60)
            return migrate(conn)

    with ThreadPoolExecutor(len(dsns)) as pool:
        return list(pool.map(one, dsns))


@pytest.mark.every_postgres
def test_twenty_starters_at_once_apply_each_migration_once(empty_database: Database) -> None:
    done = all_at_once([empty_database.dsn] * 20)
    assert sorted(step.version for steps in done for step in steps) == VERSIONS
    assert [row.version for row in read_landed(empty_database.connect())] == VERSIONS


@pytest.mark.every_postgres
def test_eight_databases_of_one_cluster_migrate_at_once(private_cluster: PrivateCluster) -> None:
    """Roles are the cluster's: on a new one, all eight want to make them at the same moment."""
    conn = private_cluster.connect()
    names = [f"shop_{number}" for number in range(8)]
    for name in names:
        conn.execute(compose.SQL("create database {}").format(compose.Identifier(name)))
    done = all_at_once([make_conninfo(private_cluster.dsn, dbname=name) for name in names])
    assert [[step.version for step in steps] for steps in done] == [VERSIONS] * 8
    roles = conn.execute("select count(*) from pg_roles where rolname like 'cache_auditor_%'")
    assert roles.fetchone() == (4,)


@pytest.mark.every_postgres
def test_fault_11_plain_postgresql_without_a_publication_migrates(empty_database: Database) -> None:
    """Every step lands as written, with no warning; what should be unique is; nothing is published.

    The reference wrote a table constraint with WHERE, and altered a publication of Supabase's.
    """
    conn = empty_database.connect()
    assert conn.execute("select from pg_publication").rowcount == 0
    warnings: list[str] = []
    assert [step.version for step in migrate(conn, warn=warnings.append)] == VERSIONS
    assert warnings == []
    partial = conn.execute(
        "select pg_get_indexdef('monitoring.cache_baseline_metrics_one_active'::regclass)"
    ).fetchone()
    assert partial is not None
    assert partial[0].startswith("CREATE UNIQUE INDEX")
    assert partial[0].endswith("WHERE is_active")
    assert conn.execute("select from pg_publication").rowcount == 0
    assert migrate(conn) == []


def test_a_second_run_applies_nothing(database: Database) -> None:
    conn = database.connect()
    before = read_landed(conn)
    assert migrate(conn) == []
    assert read_landed(conn) == before
    require_current(conn)


def test_each_migration_is_told_when_it_has_landed(empty_database: Database) -> None:
    conn, witness = empty_database.connect(), empty_database.connect()
    told = []

    def progress(step: Migration) -> None:
        assert read_landed(witness)[-1].version == step.version
        told.append(step.version)

    migrate(conn, progress)
    assert told == VERSIONS


def test_asking_for_the_status_changes_nothing(empty_database: Database) -> None:
    conn = empty_database.connect()
    assert [step.version for step in status(conn).pending] == VERSIONS
    assert conn.execute("select to_regnamespace('monitoring')").fetchone() == (None,)
    with pytest.raises(MigrationsPending, match="Run: cache-auditor migrate"):
        require_current(conn)


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    "table",
    [
        "cache_metrics",
        "cache_metrics_1min",
        "cache_metrics_1hour",
        "cache_baseline_metrics",
        "cache_auditor_observations",
    ],
)
def test_tables_of_others_stop_it_before_anything_changes(
    empty_database: Database, table: str
) -> None:
    conn = empty_database.connect()
    conn.execute("create schema monitoring")
    name = compose.Identifier("monitoring", table)
    conn.execute(compose.SQL("create table {} as select 7 as kept").format(name))
    before = relations(conn)
    with pytest.raises(ForeignTables, match=rf"already holds {table}, .* Nothing was changed"):
        migrate(conn)
    assert relations(conn) == before
    assert conn.execute(compose.SQL("select kept from {}").format(name)).fetchone() == (7,)


def test_a_schema_with_tables_of_other_names_is_no_obstacle(empty_database: Database) -> None:
    conn = empty_database.connect()
    conn.execute("create schema monitoring")
    conn.execute("create table monitoring.disk_usage (percent integer)")
    assert [step.version for step in migrate(conn)] == VERSIONS


def test_an_edited_migration_is_an_error_that_names_both(database: Database) -> None:
    conn = database.connect()
    first, *others = migrations()
    edited = replace(first, name="edited", sha256="e" * 64)
    with pytest.raises(EditedMigration) as caught:
        migrate(conn, shipped=(edited, *others))
    for words in (first.name, first.sha256[:12], "edited", "e" * 12):
        assert words in str(caught.value)


def test_a_database_newer_than_the_program_is_an_error(database: Database) -> None:
    conn = database.connect()
    later = migration(len(VERSIONS) + 1, "create table monitoring.from_the_future ()")
    migrate(conn, shipped=(*migrations(), later))
    with pytest.raises(NewerDatabase, match=f"is at migration {later.version}, .* Upgrade"):
        migrate(conn)


@pytest.mark.every_postgres
def test_a_failing_migration_takes_its_ledger_row_back(empty_database: Database) -> None:
    conn = empty_database.connect()
    bad = migration(len(VERSIONS) + 1, "create table monitoring.half (); select 1 / 0;")
    with pytest.raises(MigrationFailed, match=r"made_for_a_test\) failed .* division by zero"):
        migrate(conn, shipped=(*migrations(), bad))
    assert [row.version for row in read_landed(conn)] == VERSIONS
    assert conn.execute("select to_regclass('monitoring.half')").fetchone() == (None,)


def test_a_migration_that_is_cut_off_is_applied_whole_the_next_time(
    empty_database: Database,
) -> None:
    """The server ends the connection in the middle, as a failover would."""
    text = "create table monitoring.whole (); select pg_terminate_backend(pg_backend_pid());"
    cut_off = migration(len(VERSIONS) + 1, text)
    with pytest.raises(MigrationFailed):
        migrate(empty_database.connect(), shipped=(*migrations(), cut_off))
    conn = empty_database.connect()
    whole = migration(len(VERSIONS) + 1, "create table monitoring.whole ()")
    assert migrate(conn, shipped=(*migrations(), whole)) == [whole]


@pytest.mark.parametrize(
    ("sqlstate", "words"),
    [("XX000", "tuple concurrently updated"), ("40P01", "deadlock"), ("40001", "serialization")],
)
def test_a_conflict_with_another_database_is_tried_again(
    empty_database: Database, sqlstate: str, words: str
) -> None:
    """The sequence counts the attempts, since a rollback does not take its numbers back."""
    conn = empty_database.connect()
    conn.execute("create sequence attempts")
    text = f"""do $$ begin
        if nextval('public.attempts') < 3 then
            raise exception '{words}' using errcode = '{sqlstate}';
        end if;
    end $$"""
    step = migration(1, text)
    assert migrate(conn, shipped=(step,)) == [step]
    assert conn.execute("select last_value from attempts").fetchone() == (3,)


def test_a_user_without_rights_is_told_which_to_ask_for(empty_database: Database) -> None:
    conn = empty_database.connect()
    role = f"visitor_{empty_database.name}"
    conn.execute(compose.SQL("create role {} login").format(compose.Identifier(role)))
    try:
        with (
            psycopg.connect(make_conninfo(empty_database.dsn, user=role), autocommit=True) as his,
            pytest.raises(MigrationFailed, match="grant create on database"),
        ):
            migrate(his)
    finally:
        conn.execute(compose.SQL("drop role {}").format(compose.Identifier(role)))


def test_an_owner_who_may_not_make_roles_still_migrates_with_a_warning(
    private_cluster: PrivateCluster,
) -> None:
    conn = private_cluster.connect()
    conn.execute("create role shopkeeper login")
    conn.execute("create database shop owner shopkeeper")
    warnings: list[str] = []
    dsn = make_conninfo(private_cluster.dsn, dbname="shop", user="shopkeeper")
    with psycopg.connect(dsn, autocommit=True) as owner:
        assert [step.version for step in migrate(owner, warn=warnings.append)] == VERSIONS
        require_current(owner)
    assert any("lacks CREATEROLE" in text and "Ask an administrator" in text for text in warnings)


def test_roles_that_are_made_later_get_their_rights_with_the_next_run(
    private_cluster: PrivateCluster,
) -> None:
    conn = private_cluster.connect()
    conn.execute("create role shopkeeper login")
    conn.execute("create database shop owner shopkeeper")
    dsn = make_conninfo(private_cluster.dsn, dbname="shop", user="shopkeeper")
    with psycopg.connect(dsn, autocommit=True) as owner:
        migrate(owner)
        conn.execute("create role cache_auditor_reader nologin")
        migrate(owner)
        granted = owner.execute(
            "select has_table_privilege('cache_auditor_reader',"
            " 'monitoring.cache_metrics_1min', 'select')"
        )
        assert granted.fetchone() == (True,)


def test_what_is_pending_is_what_has_not_landed(database: Database) -> None:
    landed = read_landed(database.connect())
    assert judge((), migrations()) == migrations()
    assert judge(landed[:-1], migrations()) == migrations()[-1:]
    assert judge(landed, migrations()) == ()
