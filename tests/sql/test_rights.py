"""Who may do what: each role exactly what it needs, everybody else nothing."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import make_conninfo

from auditor.windows.retention import Keep, retain
from auditor.windows.rollup import roll_hours, roll_up
from auditor.windows.watermarks import Grace
from collector.batch import Batch, Beat
from collector.events import Row
from collector.polled import Gauge, ServerState
from collector.sinks.postgres import PostgresSink
from collector.weights import Aggregator
from tests.postgres_clusters import Database
from tests.sql.conftest import MakeLogin

ROLES = ("cache_auditor_writer", "cache_auditor_auditor", "cache_auditor_reader",
         "cache_auditor_acknowledger")  # fmt: skip
WRITER, AUDITOR, READER, ACKNOWLEDGER = ROLES

# Each table of the schema, and what the writer, the auditor, the reader and the acknowledger may do
# with it: a (insert), r (select), w (update), d (delete), as PostgreSQL abbreviates them. A new
# table needs a line here, and so a decision.
ALL = "arwd"
TABLES = {
    "cache_metrics": ("a", ALL, "", ""),
    "cache_metric_weights": ("a", ALL, "", ""),
    "cache_metric_gauges": ("a", ALL, "", ""),
    "cache_metric_batches": ("ar", ALL, "", ""),
    "cache_collectors": ("", ALL, "r", ""),
    "cache_servers": ("", ALL, "r", ""),
    "cache_trimmed_days": ("", ALL, "", ""),
    "cache_retention_pins": ("", ALL, "", ""),
    "cache_metrics_1min": ("", ALL, "r", ""),
    "cache_metrics_1hour": ("", ALL, "r", ""),
    "cache_histograms_1min": ("", ALL, "r", ""),
    "cache_histograms_1hour": ("", ALL, "r", ""),
    "cache_series": ("", ALL, "r", ""),
    "cache_hours_to_roll": ("", ALL, "", ""),
    "cache_windows_to_rescore": ("", ALL, "", ""),
    "cache_auditor_state": ("", ALL, "r", ""),
    "cache_baseline_metrics": ("", ALL, "r", ""),
    "cache_baseline_profiles": ("", ALL, "r", ""),
    "cache_calibrations": ("", ALL, "", ""),
    "cache_forests": ("", ALL, "", ""),
    "cache_score_runs": ("", ALL, "", ""),
    "cache_window_scores": ("", ALL, "r", ""),
    "cache_auditor_observations": ("", ALL, "r", "r"),
    "cache_observation_progress": ("", ALL, "r", "r"),
    "cache_acknowledgements": ("", ALL, "r", "r"),
    "cache_observation_verdicts": ("", ALL, "r", "r"),
    "cache_observation_changes": ("", "rd", "r", "r"),
    "cache_maintenance": ("", ALL, "r", "arw"),
    "cache_ingest_replies": ("", ALL, "", ""),
    "cache_tokens": ("", "r", "", ""),
    "cache_listeners": ("", ALL, "r", ""),
    "cache_notifications": ("", ALL, "r", ""),
    "cache_auditor_secrets": ("", "", "", ""),
    "cache_auditor_migrations": ("", "r", "r", ""),
}
# Tables that a person, a page or a signed-in user of Supabase reads: protected row by row as well.
SHOWN = {"cache_metrics_1min", "cache_metrics_1hour", "cache_baseline_metrics",
         "cache_auditor_observations", "cache_maintenance"}  # fmt: skip
FUNCTIONS = {
    WRITER: {
        "collector_key_secret", "collector_heartbeat", "ensure_metric_partition", "claim_reply",
        "settle_reply", "check_token", "count_tokens",
    },
    READER: {
        "calculate_hit_rate", "get_cache_performance_summary", "histogram_edges", "histogram_bin",
        "histogram_value", "histogram_quantile", "windows_broadcast", "observation_broadcast",
        "check_token", "count_tokens", "begin_listening", "keep_listening", "stop_listening",
    },
    ACKNOWLEDGER: {
        "acknowledge_observation", "sign_observation", "revoke_acknowledgement", "check_token",
        "count_tokens",
    },
}  # fmt: skip
NOBODYS = {
    "make_metric_partition",
    "apply_grants",
    "apply_grants_before_feedback",
    "apply_grants_before_ingest",
    "apply_grants_before_gauges",
    "apply_grants_before_telling",
    "apply_grants_before_broadcasts",
    "send_windows",
    "send_observations",
    "apply_grants_before_tokens",
}


# What is granted ---------------------------------------------------------------------------------


def rights(connection: psycopg.Connection, role: str) -> dict[str, str]:
    """What a role may do with each table, in any of its columns."""
    return dict(
        connection.execute(
            """
            select c.relname::text, concat(
                case when has_any_column_privilege(%(role)s, c.oid, 'insert') then 'a' end,
                case when has_any_column_privilege(%(role)s, c.oid, 'select') then 'r' end,
                case when has_any_column_privilege(%(role)s, c.oid, 'update') then 'w' end,
                case when has_table_privilege(%(role)s, c.oid, 'delete') then 'd' end,
                case when has_table_privilege(%(role)s, c.oid, 'truncate') then 'D' end,
                case when has_table_privilege(%(role)s, c.oid, 'trigger') then 't' end)
            from pg_class as c
            where c.relnamespace = 'monitoring'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
              and not c.relispartition
            """,
            {"role": role},
        ).fetchall()
    )


@pytest.mark.every_postgres
@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_with_each_table_what_was_decided(
    connection: psycopg.Connection, role: str
) -> None:
    """Over all tables of the schema, so that a new one without a decision is found."""
    at = ROLES.index(role)
    assert rights(connection, role) == {table: decided[at] for table, decided in TABLES.items()}


@pytest.mark.every_postgres
def test_a_login_without_a_role_has_no_rights_at_all(
    make_login: MakeLogin, connection: psycopg.Connection
) -> None:
    """Nothing is granted to PUBLIC: no table, no function, not the schema."""
    nobody = make_login()
    assert set(rights(connection, nobody).values()) == {""}
    assert executable(connection, nobody) == set()
    found = connection.execute(
        "select has_schema_privilege(%s, 'monitoring', 'usage')", [nobody]
    ).fetchone()
    assert found == (False,)


def executable(connection: psycopg.Connection, role: str) -> set[str]:
    return {
        name
        for (name,) in connection.execute(
            "select proname::text from pg_proc where pronamespace = 'monitoring'::regnamespace"
            " and has_function_privilege(%s, oid, 'execute')",
            [role],
        )
    }


@pytest.mark.every_postgres
def test_a_role_may_call_what_it_needs(connection: psycopg.Connection) -> None:
    """The auditor all but the two that bypass a rule or grant rights, the others a few."""
    for role, functions in FUNCTIONS.items():
        assert executable(connection, role) == functions
    every = {
        name
        for (name,) in connection.execute(
            "select proname::text from pg_proc where pronamespace = 'monitoring'::regnamespace"
        )
    }
    assert executable(connection, AUDITOR) == every - NOBODYS


@pytest.mark.every_postgres
def test_the_roles_are_no_logins_and_nothing_more(connection: psycopg.Connection) -> None:
    """A login is granted one of them."""
    found = connection.execute(
        "select rolname::text from pg_roles where rolname = any(%s) and not (rolcanlogin"
        " or rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication)",
        [list(ROLES)],
    ).fetchall()
    assert sorted(name for (name,) in found) == sorted(ROLES)


@pytest.mark.every_postgres
def test_functions_look_for_nothing_where_a_caller_could_put_it(
    connection: psycopg.Connection,
) -> None:
    """Every function with its owner's rights, and every trigger, pins its search_path."""
    loose = connection.execute(
        "select proname::text from pg_proc where pronamespace = 'monitoring'::regnamespace"
        " and (prosecdef or prorettype = 'trigger'::regtype)"
        " and not coalesce('search_path=pg_catalog, pg_temp' = any(proconfig), false)"
    ).fetchall()
    assert loose == []
    definers = connection.execute(
        "select count(*) from pg_proc where pronamespace = 'monitoring'::regnamespace and prosecdef"
    ).fetchone()
    assert definers is not None
    assert definers[0] >= 8


@pytest.mark.every_postgres
def test_fault_10_what_is_shown_is_protected_row_by_row(connection: psycopg.Connection) -> None:
    """A grant too many to anon or authenticated still shows them no row."""
    found = connection.execute(
        "select relname::text from pg_class where relnamespace = 'monitoring'::regnamespace"
        " and relrowsecurity and not relispartition"
    ).fetchall()
    assert {name for (name,) in found} == SHOWN
    open_to_all = connection.execute(
        "select policyname::text from pg_policies"
        " where schemaname = 'monitoring' and 'public' = any(roles)"
    ).fetchall()
    assert open_to_all == []


# What the roles can do with it -------------------------------------------------------------------


def refused(connection: psycopg.Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement)


def delivered(database: Database, login: str, minutes_ago: int = 5) -> datetime:
    """The minute of one batch: a hit, a weight of a hit, a gauge, a heartbeat with a server."""
    minute = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=minutes_ago)
    when, me = int(minute.timestamp() * 1e9), str(uuid.uuid4())
    hit = Row(when, "hit", "c", "new", "k", 0.5, None, None, None, None, None, False)
    aggregator = Aggregator()
    aggregator.add(hit)
    sink = PostgresSink(make_conninfo(database.dsn, user=login))
    try:
        gauge = Gauge("c", "new", "", when // 10**9, 1000, 5, 6, None, 7)
        server = ServerState("c", "new", login, "redis", "cache-1:6379", when, None, "")
        beat = Beat(me, watermark_ns=when, servers=(server,))
        batch = Batch(me, 1, (hit,), aggregator.take(), beat=beat, gauges=(gauge,))
        assert not sink.deliver(batch).duplicate
        assert sink.deliver(batch).duplicate
        assert sink.stored(me, 1)
        assert len(sink.key_secret()) == 32
    finally:
        sink.close()
    return minute


def test_a_login_changes_no_server_of_another(make_login: MakeLogin, database: Database) -> None:
    """As with collectors: who said it first goes on saying it."""
    first, second = make_login(WRITER), make_login(WRITER)
    for login, because in ((first, "mine"), (second, "not mine")):
        server = ServerState("c", "new", "n", "redis", "cache-1:6379", None, 10**9, because)
        sink = PostgresSink(make_conninfo(database.dsn, user=login))
        sink.beat(Beat(str(uuid.uuid4()), servers=(server,)))
        sink.close()
    found = database.connect().execute("select owner::text, because from monitoring.cache_servers")
    assert found.fetchall() == [(first, "mine")]


@pytest.mark.every_postgres
def test_a_writer_delivers_and_sees_nothing(make_login: MakeLogin, database: Database) -> None:
    """Not what others or it itself delivered, not the observations, not the secrets' table."""
    login = make_login(WRITER)
    delivered(database, login)
    me = database.connect(user=login)
    refused(
        me,
        [f"select * from monitoring.{table}" for table, (mine, *_) in TABLES.items()
         if "r" not in mine or table == "cache_metric_batches"],
    )  # fmt: skip
    refused(
        me,
        [
            "update monitoring.cache_collectors set watermark = now()",
            "update monitoring.cache_metric_batches set minutes = '{}'",
            "insert into monitoring.cache_metric_batches (collector_id, sequence, rolled_at)"
            " values (gen_random_uuid(), 1, now())",
            "delete from monitoring.cache_metrics",
            "select monitoring.create_metric_partition('2020-01-01')",
            "select monitoring.drop_metric_partition('2020-01-01')",
            "create table monitoring.mine (id int)",
        ],
    )


@pytest.mark.every_postgres
def test_an_auditor_rolls_up_and_retains(make_login: MakeLogin, database: Database) -> None:
    """Windows, hours and retention with its own rights; the secret only through its function."""
    minute = delivered(database, make_login(WRITER))
    me = database.connect(user=make_login(AUDITOR))
    now = datetime.now(UTC)
    assert roll_up(me, now, Grace()).windows == 1
    assert roll_hours(me, now + timedelta(hours=2)) == 1
    hits = me.execute("select minute_window, hits from monitoring.cache_metrics_1min").fetchall()
    assert (minute, 2) in hits
    later = now + timedelta(days=400)
    done = retain(me, later, Keep(raw=timedelta(days=500)))
    assert done is not None
    assert done.removed["trim_windows_1min"] >= 1
    assert done.removed["trim_windows_1hour"] >= 1
    refused(
        me,
        [
            "select * from monitoring.cache_auditor_secrets",
            "update monitoring.cache_auditor_migrations set name = 'x'",
            "update monitoring.cache_observation_changes set kind = 'opened'",
            "insert into monitoring.cache_observation_changes (observation_id, kind, observation)"
            " values (gen_random_uuid(), 'opened', '{}')",
            "select monitoring.make_metric_partition('2020-01-01')",
            "select monitoring.apply_grants()",
        ],
    )


def test_an_auditor_trims_whole_days(make_login: MakeLogin, database: Database) -> None:
    """Dropping a partition belongs to its owner; the auditor asks the function."""
    owner = database.connect()
    owner.execute("select monitoring.create_metric_partition('2020-01-01')")
    me = database.connect(user=make_login(AUDITOR))
    done = retain(me, datetime.now(UTC), Keep())
    assert done is not None
    assert done.removed["days"] == 1


@pytest.mark.every_postgres
def test_a_reader_reads_what_is_shown_and_nothing_else(
    make_login: MakeLogin, database: Database
) -> None:
    """No raw event, no key's secret; nothing can be written."""
    delivered(database, make_login(WRITER))
    roll_up(database.connect(), datetime.now(UTC), Grace())
    me = database.connect(user=make_login(READER))
    windows = me.execute("select hits from monitoring.cache_metrics_1min where hits > 0").fetchall()
    assert windows == [(2,)]
    assert me.execute("select * from monitoring.get_cache_performance_summary()").rowcount == 1
    for table, (_, _, mine, _) in TABLES.items():
        if mine:
            me.execute(f"select * from monitoring.{table}")
        else:
            refused(me, [f"select * from monitoring.{table}"])
        refused(me, [f"delete from monitoring.{table}"])
    refused(me, ["select monitoring.collector_key_secret()"])


@pytest.mark.every_postgres
def test_an_acknowledger_signs_through_the_function_alone(
    make_login: MakeLogin, database: Database
) -> None:
    """It sees the observations, and may change of them only that."""
    owner = database.connect()
    opened = owner.execute(
        "insert into monitoring.cache_auditor_observations"
        " (severity, category, title, description) values ('info', 'anomaly', 't', 'd')"
        " returning id"
    ).fetchone()
    assert opened is not None
    me = database.connect(user=make_login(ACKNOWLEDGER))
    refused(
        me,
        [
            "update monitoring.cache_auditor_observations set acknowledged = true",
            "insert into monitoring.cache_acknowledgements"
            " (observation_id, acknowledged_by, reason) select id, 'x', 'fixed'"
            " from monitoring.cache_auditor_observations",
            "select * from monitoring.cache_metrics_1min",
        ],
    )
    said = "select monitoring.acknowledge_observation(%s, 'ann', 'fixed')"
    assert me.execute(said, opened).fetchone() == ("acknowledged",)
    seen = me.execute(
        "select acknowledged_by from monitoring.cache_auditor_observations"
    ).fetchall()
    assert seen == [("ann",)]


def test_a_login_without_a_role_can_do_nothing(make_login: MakeLogin, database: Database) -> None:
    """It is stopped at the schema's door."""
    me = database.connect(user=make_login())
    refused(me, [f"select * from monitoring.{table}" for table in TABLES])
    refused(me, ["select monitoring.calculate_hit_rate(1, 1)",
                 "select monitoring.collector_key_secret()"])  # fmt: skip
