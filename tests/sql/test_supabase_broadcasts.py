"""On Supabase, triggers hand to realtime.send what the gateway would send; no write fails."""

import os
import shutil
from collections.abc import Iterator

import psycopg
import pytest

from auditor.schema.migrations import migrate
from tests.fix_postgres import programs_of
from tests.fix_run_folder import run_folder
from tests.postgres_clusters import NUMBERS, PrivateCluster
from tests.sql.hearing import heard, listening
from tests.sql.supabase_surface import PARTITION, STUB

WINDOWS = """
insert into monitoring.cache_metrics_1min as w
    (cache_name, implementation_type, minute_window, hits)
select 'cache ' || n %% 8, 'new', '2026-03-02 00:00Z'::timestamptz + (n / 8) * interval '1 minute',
       %s
from generate_series(0, %s) as n
on conflict (cache_name, implementation_type, node, minute_window) do update
set hits = excluded.hits where w.hits is distinct from excluded.hits
"""
OPENED = """
insert into monitoring.cache_auditor_observations (severity, category, title, description)
select 'info', 'anomaly', 't' || n, 'd' from generate_series(1, %s) as n
"""
SENT = """
select event, topic, private, extension, (payload - 'id')::text
from realtime.messages order by inserted_at, payload ->> 'minute_window'
"""
EXPECTED = """
select 'cache_metrics_1min', 'cache-metrics', false, 'broadcast',
       monitoring.windows_broadcast(m)::text
from generate_series(%s::timestamptz, %s::timestamptz, '1 minute') as m order by m
"""
EVERYBODY = "project_owner, anon, authenticated, service_role"
FAILING = """
create or replace function realtime.send(
    payload jsonb, event text, topic text, private boolean default true) returns void
    language plpgsql as $$ begin raise exception 'realtime is out of order'; end $$
"""


@pytest.fixture(scope="module", params=[15, 18])
def supabase(request: pytest.FixtureRequest) -> Iterator[PrivateCluster]:
    """A cluster with Supabase's surface, migrated by the project's owner, who is no superuser."""
    folder = run_folder() / f"supabase-{os.getpid()}-{next(NUMBERS)}"
    with PrivateCluster(folder, request.param, programs_of(request.param)) as cluster:
        admin = cluster.connect()
        admin.execute(STUB)
        admin.execute(PARTITION)
        migrate(cluster.connect(user="project_owner"))
        yield cluster
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def admin(supabase: PrivateCluster) -> Iterator[psycopg.Connection]:
    """A superuser in a transaction that is undone; `set local role` makes it another."""
    with supabase.connect() as made, made.transaction(force_rollback=True):
        yield made


def write_as(connection: psycopg.Connection, role: str, statement: str, *values: object) -> None:
    connection.execute(f"set local role {role}")
    connection.execute(statement, values)
    connection.execute("reset role")


def sent(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute(SENT).fetchall()


def expected(connection: psycopg.Connection, since: str, until: str) -> list[tuple[object, ...]]:
    return connection.execute(EXPECTED, [since, until]).fetchall()


def stored(connection: psycopg.Connection) -> int:
    return connection.execute("select * from monitoring.cache_metrics_1min").rowcount


def test_the_newest_minutes_of_a_statement_are_sent(admin: psycopg.Connection) -> None:
    """To the public topic, with the bytes that the gateway sends, also when some rows of the
    statement are new and others change; a backfill is no flood, and no change is no message."""
    write_as(admin, "project_owner", WINDOWS, 1, 9)
    assert sent(admin) == expected(admin, "2026-03-02 00:00Z", "2026-03-02 00:01Z")
    admin.execute("delete from realtime.messages")
    write_as(admin, "project_owner", WINDOWS, 1, 9)
    assert sent(admin) == []
    write_as(admin, "project_owner", WINDOWS, 2, 9_999)
    assert stored(admin) == 10_000
    assert sent(admin) == expected(admin, "2026-03-02 20:47Z", "2026-03-02 20:49Z")


def test_each_change_of_an_observation_is_sent(admin: psycopg.Connection) -> None:
    """With its own id, so that not a byte is added; at most 50 of one statement."""
    write_as(admin, "project_owner", OPENED, 2)
    write_as(
        admin, "project_owner",
        "update monitoring.cache_auditor_observations set severity = 'critical' where title = 't2'",
    )  # fmt: skip
    found = admin.execute(
        "select event, topic, private, payload::text from realtime.messages"
    ).fetchall()
    wanted = admin.execute(
        "select 'cache_auditor_observations', 'cache-metrics', false,"
        " monitoring.observation_broadcast(observation)::text"
        " from monitoring.cache_observation_changes"
    ).fetchall()
    assert len(wanted) == 3
    assert sorted(found) == sorted(wanted)
    admin.execute("delete from realtime.messages")
    write_as(admin, "project_owner", "update monitoring.cache_auditor_observations set rank = rank")
    assert sent(admin) == []
    write_as(admin, "project_owner", OPENED, 60)
    assert len(sent(admin)) == 50


def test_a_writer_without_rights_of_his_own_is_told_of(admin: psycopg.Connection) -> None:
    """Who was granted the insert and nothing else: neither the schema realtime nor its table, which
    is protected row by row, is his, and the message goes out."""
    admin.execute("grant usage on schema monitoring to anon")
    admin.execute("grant insert on monitoring.cache_metrics_1min to anon")
    admin.execute("create policy theirs on monitoring.cache_metrics_1min for insert to anon"
                  " with check (true)")  # fmt: skip
    admin.execute("revoke usage on schema realtime from anon")
    write_as(
        admin, "anon", "insert into monitoring.cache_metrics_1min (implementation_type,"
        " minute_window) values ('new', '2026-03-02 00:00Z')",
    )  # fmt: skip
    assert sent(admin) == expected(admin, "2026-03-02 00:00Z", "2026-03-02 00:00Z")


@pytest.mark.parametrize(
    "trouble",
    [
        FAILING,
        "drop function realtime.send",
        "drop schema realtime cascade",
        f"revoke usage on schema realtime from {EVERYBODY}",
        "revoke execute on function realtime.send from public",
        f"revoke insert on realtime.messages from {EVERYBODY}",
        "alter role project_owner nobypassrls",
        "drop table realtime.messages_all",
        "alter function realtime.send(jsonb, text, text, boolean) rename to say",
    ],
)
def test_what_is_wrong_with_realtime_fails_no_write(
    admin: psycopg.Connection, trouble: str
) -> None:
    """Neither a window's nor an observation's; nothing is sent."""
    admin.execute(trouble)
    write_as(admin, "project_owner", WINDOWS, 1, 9)
    write_as(admin, "project_owner", OPENED, 1)
    assert stored(admin) == 10
    changes = admin.execute("select kind from monitoring.cache_observation_changes").fetchall()
    assert changes == [("opened",)]
    if "schema realtime cascade" not in trouble:
        assert sent(admin) == []


def test_a_function_that_comes_later_is_found(admin: psycopg.Connection) -> None:
    """Not when the schema was migrated: each time that there is something to send."""
    rename = "alter function realtime.{}(jsonb, text, text, boolean) rename to {}"
    admin.execute(rename.format("send", "say"))
    write_as(admin, "project_owner", WINDOWS, 1, 0)
    admin.execute(rename.format("say", "send"))
    write_as(admin, "project_owner", WINDOWS, 1, 8)
    assert sent(admin) == expected(admin, "2026-03-02 00:00Z", "2026-03-02 00:01Z")


def test_a_table_that_somebody_holds_stops_no_write(supabase: PrivateCluster) -> None:
    """Realtime makes its partitions under a lock; who writes a window does not wait for that."""
    holder, owner = supabase.connect(), supabase.connect(user="project_owner")
    with holder.transaction(force_rollback=True), owner.transaction(force_rollback=True):
        holder.execute("lock table realtime.messages in access exclusive mode")
        owner.execute("set local statement_timeout = '20s'")
        owner.execute(WINDOWS, [1, 0])
        assert stored(owner) == 1


def test_the_notice_is_as_without_realtime(supabase: PrivateCluster) -> None:
    """One a statement, also of 10,000 windows, and also when nothing can be sent."""
    admin, owner = supabase.connect(), supabase.connect(user="project_owner")
    listener = listening(supabase.connect())
    span = {"kind": "windows", "since": "2026-03-02T00:00Z", "until": "2026-03-02T20:50Z",
            "minutes": 1250}  # fmt: skip
    owner.execute(WINDOWS, [1, 9_999])
    assert heard(listener, owner) == [span]
    owner.execute(WINDOWS, [1, 9_999])
    assert heard(listener, owner) == []
    with admin.transaction(force_rollback=True):
        admin.execute(FAILING)
        admin.execute(WINDOWS, [2, 9_999])
    assert heard(listener, owner) == []
    owner.execute("delete from monitoring.cache_metrics_1min")
    admin.execute("delete from realtime.messages")
    assert heard(listener, owner) == []
