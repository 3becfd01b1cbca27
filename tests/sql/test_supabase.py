"""Migrating where one is not superuser: an ordinary owner, and a stub of Supabase's surface.

Roles are the cluster's, so each test has a cluster of its own. What the stub has was read in
Supabase's own migrations: its roles, the schema realtime whose table belongs to another role and is
protected row by row, its three functions, and the publication.
"""

import psycopg
import pytest
from psycopg import errors

from auditor.schema.migrations import migrate
from tests.postgres_clusters import PrivateCluster
from tests.sql.supabase_surface import STUB

REALTIME = """
select (select jsonb_agg(to_jsonb(c) - 'relfrozenxid' - 'relminmxid' order by c.oid)
        from pg_class as c where c.relnamespace = 'realtime'::regnamespace),
       (select jsonb_agg(to_jsonb(p) order by p.oid)
        from pg_proc as p where p.pronamespace = 'realtime'::regnamespace),
       (select count(*) from pg_policies where schemaname = 'realtime'),
       (select nspacl::text from pg_namespace where nspname = 'realtime')
"""
MEMBERS = """
select schemaname::text, tablename::text from pg_publication_tables
where pubname = 'supabase_realtime' order by 1, 2
"""
PUBLISHED = [
    ("monitoring", "cache_auditor_observations"),
    ("monitoring", "cache_metrics_1min"),
]
ORDERS = ("public", "orders")


def migrated(connection: psycopg.Connection) -> list[str]:
    """What the migration warned of."""
    warnings: list[str] = []
    migrate(connection, warn=warnings.append)
    return warnings


def reads(owner: psycopg.Connection, role: str, table: str) -> int:
    """How many rows a role sees; set as the Data API does it."""
    with owner.transaction():
        owner.execute(f"set local role {role}")
        return owner.execute(f"select * from monitoring.{table}").rowcount


@pytest.mark.parametrize("postgres_version", [15, 18], indirect=True)
def test_supabase_migrates_without_a_superuser(private_cluster: PrivateCluster) -> None:
    """Twice, without a warning. The publication has our two tables beside the user's own,
    signed-in users read those, anonymous ones nothing, and schema realtime is as it was.
    """
    admin = private_cluster.connect()
    admin.execute(STUB)
    before = admin.execute(REALTIME).fetchone()
    owner = private_cluster.connect(user="project_owner")
    for _ in range(2):
        assert migrated(owner) == []
        assert owner.execute(MEMBERS).fetchall() == [*PUBLISHED, ORDERS]
    assert admin.execute(REALTIME).fetchone() == before

    for table in ("cache_metrics_1min", "cache_metrics_1hour"):
        column = "minute_window" if table.endswith("min") else "hour_window"
        owner.execute(
            f"insert into monitoring.{table} (implementation_type, {column})"
            " values ('new', '2026-03-02 12:00Z')"
        )
    owner.execute(
        "insert into monitoring.cache_auditor_observations"
        " (severity, category, title, description) values ('info', 'anomaly', 't', 'd')"
    )
    for _, table in PUBLISHED:
        assert reads(owner, "authenticated", table) == 1
    assert reads(owner, "service_role", "cache_metrics_1hour") == 1
    every = owner.execute(
        "select relname::text from pg_class where relnamespace = 'monitoring'::regnamespace"
        " and relkind in ('r', 'p')"
    ).fetchall()
    assert len(every) > 20
    for (table,) in every:
        with pytest.raises(errors.InsufficientPrivilege):
            reads(owner, "anon", table)
        if ("monitoring", table) not in PUBLISHED:
            with pytest.raises(errors.InsufficientPrivilege):
                reads(owner, "authenticated", table)
    for change in ("delete from", "update", "insert into"):
        for _, table in PUBLISHED:
            found = owner.execute(
                "select has_any_column_privilege('authenticated', %s, %s)"
                if change != "delete from"
                else "select has_table_privilege('authenticated', %s, %s)",
                [f"monitoring.{table}", change.split()[0]],
            ).fetchone()
            assert found == (False,)


def test_a_publication_of_somebody_else_is_left_with_advice(
    private_cluster: PrivateCluster,
) -> None:
    """Everything else is done; the warning has the statement for its owner, who can run it."""
    admin = private_cluster.connect()
    admin.execute(STUB)
    admin.execute("alter publication supabase_realtime owner to supabase_admin")
    warnings = migrated(private_cluster.connect(user="project_owner"))
    assert len(warnings) == 2
    assert admin.execute(MEMBERS).fetchall() == [ORDERS]
    for warning in warnings:
        admin.execute(warning.partition("run: ")[2])
    assert admin.execute(MEMBERS).fetchall() == [*PUBLISHED, ORDERS]


@pytest.mark.parametrize("postgres_version", [15, 18], indirect=True)
def test_an_owner_who_may_make_no_roles_is_told_what_to_ask_for(
    private_cluster: PrivateCluster,
) -> None:
    """It goes on; once an administrator has made them, the next migrate grants their rights."""
    admin = private_cluster.connect()
    admin.execute(
        "create role owner_only login; grant create on database cache_auditor to owner_only"
    )
    owner = private_cluster.connect(user="owner_only")
    warnings = migrated(owner)
    assert len(warnings) == 4
    assert all("lacks CREATEROLE" in warning for warning in warnings)
    readable = (
        "select has_table_privilege("
        "'cache_auditor_reader', 'monitoring.cache_metrics_1min', 'select')"
    )
    with pytest.raises(errors.UndefinedObject):
        owner.execute(readable)
    for warning in warnings:
        statement = warning.partition("run: ")[2].partition(";")[0]
        assert statement.startswith("create role cache_auditor_")
        admin.execute(statement)
    assert migrated(owner) == []
    assert owner.execute(readable).fetchone() == (True,)
    policies = owner.execute("select count(*) from pg_policies").fetchone()
    assert policies is not None
    assert policies[0] > 4
