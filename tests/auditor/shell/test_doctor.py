"""`doctor` finds nothing in a healthy installation, and each fault that is planted in one."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql as compose
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from auditor.daemon.duties import make_days
from auditor.examining.checks import CHECKS, examine
from auditor.examining.doctor import Check, Examination, Finding, fault, looked, ok, warning, worst
from auditor.examining.server import queue_finding
from auditor.postgres.database import opened
from auditor.settings import Settings
from auditor.windows.rollup import roll_up
from auditor.windows.state import write_state
from auditor.windows.watermarks import Grace
from collector.batch import Batch, Beat
from collector.events import Row
from collector.sinks.postgres import PostgresSink
from tests.auditor.shell.tool import tool
from tests.postgres_clusters import Cluster, Database

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Clinic:
    """A database with one live collector, rolled up to now, and the means to look at it."""

    database: Database
    connection: psycopg.Connection
    examination: Examination

    def run(self, statement: str, *parameters: object) -> None:
        self.connection.execute(statement, parameters)

    def find(self, check: str, **changes: Any) -> Finding:
        """What one check finds; changes: parts of the examination that are different."""
        (chosen,) = [known for known in CHECKS if known.name == check]
        return looked(chosen, replace(self.examination, **{"now": datetime.now(UTC)} | changes))


def examination_of(database: Database, connection: psycopg.Connection) -> Examination:
    now = datetime.now(UTC)
    return Examination(
        connection, Settings(), now, now, lambda: opened(database.dsn), listen_within_s=10
    )


def make_well(database: Database, connection: psycopg.Connection) -> Clinic:
    """Delivered, beaten, rolled up and ticked, as it is while everything works."""
    now = datetime.now(UTC)
    me, minute = str(uuid.uuid4()), now.replace(second=0, microsecond=0) - MINUTE
    when = int(minute.timestamp() * 1e9)
    make_days(connection)
    sink = PostgresSink(database.dsn)
    beat = Beat(me, node="host-a", pid=77, started_ns=when - 10**11, watermark_ns=when)
    hit = Row(when, "hit", "shop", "new", "k", 0.5, None, None, None, None, None, False)
    sink.deliver(Batch(me, 1, (hit,), node="host-a", beat=beat))
    sink.close()
    roll_up(connection, now, Grace())
    for name in ("settled_until", "scored_until", "last_tick_at", "last_retention_at"):
        write_state(connection, name, now)
    return Clinic(database, connection, examination_of(database, connection))


@pytest.fixture(autouse=True)
def _own_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not this account's, in which anything may wait; see test_commands_spool.py for that."""
    monkeypatch.setenv("CACHE_AUDITOR_SPOOL_DIR", str(tmp_path))
    monkeypatch.delenv("CACHE_AUDITOR_URL", raising=False)


@pytest.fixture
def clinic(database: Database) -> Clinic:
    """One of the test's own."""
    return make_well(database, database.connect())


@pytest.fixture(scope="module")
def shared_clinic(cluster: Cluster) -> Iterator[Clinic]:
    with cluster.migrated_database() as database:
        yield make_well(database, database.connect())


@pytest.fixture
def patient(shared_clinic: Clinic) -> Iterator[Clinic]:
    """One that many tests share; what is planted in it is rolled back."""
    with shared_clinic.connection.transaction(force_rollback=True):
        yield shared_clinic


def test_a_healthy_installation_is_well_in_every_check(clinic: Clinic) -> None:
    """After migrate, a delivery, a beat, a rollup and a tick: nothing to do anywhere."""
    findings = examine(clinic.examination)
    assert [one for one in findings if one.status != "ok" or one.advice] == []
    assert [one.check for one in findings] == [check.name for check in CHECKS]


def test_a_fault_outweighs_warnings_and_they_outweigh_what_is_well() -> None:
    bad, poor, well = fault("a", "f", "d"), warning("b", "f", "d"), ok("c", "f")
    assert worst([well, bad, poor]) == "fault"
    assert worst([well, poor, well]) == "warning"
    assert worst([well]) == worst([]) == "ok"


# Planted faults: the statement that plants it, the check, what it says and advises -------------

PLANTED = [
    ("migrations", "fault", "delete from monitoring.cache_auditor_migrations where version = 6",
     "0006", "cache-auditor migrate"),
    ("migrations", "fault", "insert into monitoring.cache_auditor_migrations"
     " (version, name, sha256, app_version) values (999, 'future', 'x', '9.9')",
     "999", ""),
    ("migrations", "fault", "update monitoring.cache_auditor_migrations set sha256 = 'edited'"
     " where version = 2", "migration 2", ""),
    ("roles", "fault", "revoke select on monitoring.cache_metrics_1min from cache_auditor_reader",
     "cache_auditor_reader", "cache-auditor migrate"),
    ("exposure", "fault", "grant select on monitoring.cache_metrics to public",
     "public may read cache_metrics", "revoke select on monitoring.cache_metrics from public"),
    ("key secret", "fault", "delete from monitoring.cache_auditor_secrets",
     "no secret", "cache_auditor_secrets"),
    ("key secret", "fault", "update monitoring.cache_auditor_secrets set secret = 'short'",
     "5 bytes", "cache_auditor_secrets"),
    ("publication", "fault", "create publication supabase_realtime",
     "lacks monitoring.cache_auditor_observations, monitoring.cache_metrics_1min", "migrate"),
    ("publication", "warning", "create publication supabase_realtime for table"
     " monitoring.cache_metrics_1min, monitoring.cache_auditor_observations,"
     " monitoring.cache_observation_progress",
     "cache_observation_progress", "drop table monitoring.cache_observation_progress"),
    ("partitions", "warning", "drop every partition",
     "none yet for", "cache-auditor run"),
    ("collectors", "warning", "delete from monitoring.cache_collectors",
     "none has been heard of", "start_collector"),
    ("collectors", "fault", "update monitoring.cache_collectors"
     " set last_seen_at = now() - interval '30 minutes'", "host-a (process 77) for 30 min",
     "lives"),
    ("losses", "warning", "update monitoring.cache_collectors set dropped = 3, lost = 5",
     "3 dropped, 5 lost; most at host-a", "killed"),
    ("losses", "warning", "update monitoring.cache_collectors set refused = 2",
     "2 refused", "rule"),
    ("losses", "warning", "update monitoring.cache_collectors set spooled = 9",
     "9 spooled", "disk"),
    ("keys", "warning", "update monitoring.cache_collectors set keys_local = true",
     "host-a", "CACHE_AUDITOR_KEY_SECRET"),
    ("polled servers", "warning", "insert into monitoring.cache_servers (cache_name,"
     " implementation_type, kind, place, collector_id, away_since, because) select 'pages', 'new',"
     " 'redis', 'cache-1:6379', collector_id, now() - interval '5 minutes', 'no route'"
     " from monitoring.cache_collectors",
     "pages/new (redis cache-1:6379) is away since 5 min: no route", "--once"),
    ("late rows", "warning", "update monitoring.cache_metric_batches set too_late = 4",
     "4 rows", "retention_events_days"),
    ("ticks", "warning", "delete from monitoring.cache_auditor_state where name = 'last_tick_at'",
     "never run", "cache-auditor tick"),
    ("ticks", "fault", "update monitoring.cache_auditor_state set value = now() - interval '1 hour'"
     " where name = 'last_tick_at'", "1 h ago", "cache-auditor run"),
    ("rollup", "warning", "update monitoring.cache_metric_batches"
     " set rolled_at = null, received_at = now() - interval '5 minutes'",
     "1 deliveries wait", "cache-auditor run"),
    ("rollup", "fault", "update monitoring.cache_metric_batches"
     " set rolled_at = null, received_at = now() - interval '2 hours'", "for 2 h", ""),
    ("lag of windows", "warning", "update monitoring.cache_auditor_state"
     " set value = now() - interval '7 minutes' where name = 'settled_until'", "7 min ago", "tick"),
    ("lag of windows", "warning", "delete from monitoring.cache_auditor_state",
     "no window has come so far", "ticks"),
    ("lag of scores", "fault", "update monitoring.cache_auditor_state"
     " set value = now() - interval '3 hours' where name = 'scored_until'", "3 h ago", "tick"),
    ("hours", "warning", "insert into monitoring.cache_hours_to_roll"
     " values (date_trunc('hour', now() - interval '5 hours'))", "1 hours wait", "tick"),
    ("baselines", "warning", "update monitoring.cache_series"
     " set first_minute = now() - interval '3 days'", "none for shop/new", "baselines compute"),
    ("baselines", "warning", "insert into monitoring.cache_baseline_metrics (cache_name,"
     " implementation_type, baseline_period_start, baseline_period_end) values"
     " ('shop', 'new', now() - interval '20 days', now() - interval '6 days')",
     "old for shop/new (6 d)", "baselines compute"),
    ("retention", "warning", "select monitoring.create_metric_partition(current_date - 30)",
     "1 days of raw rows", "cache-auditor retention"),
    ("false alarms", "warning", "with one as (insert into monitoring.cache_window_scores"
     " (cache_name, implementation_type, minute_window, surprise, run_id) values"
     " ('shop', 'new', now() - interval '2 hours', 1, 0)) insert into"
     " monitoring.cache_auditor_observations (cache_name, severity, category, title, description,"
     " acknowledged, metadata) values ('shop', 'info', 'anomaly', 't', 'd', true,"
     " '{\"acknowledgement\": {\"reason\": \"false-alarm\"}}')",
     "shop (10080.00 a series and week, asked 0.25)", "observations budget"),
    ("tokens", "warning", "insert into monitoring.cache_tokens (name, digest, scopes)"
     " values ('shop', sha256('a'), '{ingest}')", "no token may acknowledge", "--scope ack"),
    ("listeners", "warning", "insert into monitoring.cache_listeners (name, floor, missed)"
     " values ('ann', pg_current_xact_id(), 3)", "missed 3 that were trimmed", "forget ann"),
    ("notifications", "warning", "insert into monitoring.cache_notifications"
     " (route, target, observation_id, dead_at) values ('chat', 'x', gen_random_uuid(), now())",
     "given up: chat 1", "notify list"),
    ("notifications", "warning", "insert into monitoring.cache_notifications"
     " (route, target, observation_id, due_at)"
     " values ('chat', 'x', gen_random_uuid(), now() - interval '20 minutes')",
     "not sent: chat for 20 min", "notify send"),
    ("names", "warning", "insert into monitoring.cache_maintenance (cache_name, since, until,"
     " entered_by) values ('shopp', now(), now() + interval '1 day', 'me')",
     "names the cache 'shopp'; nearest is shop", "maintenance remove"),
    ("names", "warning", "insert into monitoring.cache_maintenance (cache_name,"
     " implementation_type, since, every, starts_at, lasts, entered_by)"
     " values ('shop', 'old', now() - interval '1 year', 'daily', '02:00', '1 hour', 'me')",
     "names the implementation 'old' of shop; there is new", "a cache to come"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "status", "plant", "found", "advice"),
    PLANTED,
    ids=[f"{row[0]}: {row[3]}".replace(" ", "-") for row in PLANTED],
)
def test_a_planted_fault_is_found_and_its_remedy_named(
    patient: Clinic, check: str, status: str, plant: str, found: str, advice: str
) -> None:
    """Only the words tell the reader what to do, so they are compared as well."""
    if plant == "drop every partition":
        names = patient.connection.execute(
            "select inhrelid::regclass::text from pg_inherits"
            " where inhparent = 'monitoring.cache_metrics'::regclass"
        ).fetchall()
        plant = f"drop table {', '.join(name for (name,) in names)}"
    assert patient.find(check).status == "ok"
    patient.run(plant)
    finding = patient.find(check)
    assert finding.status == status
    assert found in finding.found
    assert advice in finding.advice
    assert finding.advice


def test_every_check_that_reads_the_schema_has_a_planted_fault() -> None:
    """A new check needs a test that it can find something."""
    elsewhere = {"server", "clock", "listening", "notice queue", "spool", "ingest"}
    assert {row[0] for row in PLANTED} == {check.name for check in CHECKS} - elsewhere


def test_a_route_that_nobody_can_or_does_send_to_is_found(patient: Clinic) -> None:
    """A variable that is not set here, and addresses that nobody has ever sent to."""
    unset = Settings(notify=[{"name": "chat", "url_variable": "NOT_SET_ANYWHERE"}])
    found = patient.find("notifications", settings=unset)
    assert (found.status, "NOT_SET_ANYWHERE is not set" in found.found) == ("warning", True)
    set_ = Settings(notify=[{"name": "chat", "url": "json://127.0.0.1"}])
    found = patient.find("notifications", settings=set_)
    assert (found.status, found.found) == ("warning", "routes are set, and nobody has sent yet")
    patient.run("insert into monitoring.cache_listeners (name, floor)"
                " values ('notifications', pg_current_xact_id())")  # fmt: skip
    assert patient.find("notifications", settings=set_).found == "1 route; none fails"


def test_rules_and_budgets_for_what_was_never_heard_of_are_found(patient: Clinic) -> None:
    """Each by its name; what holds for something, or for everything, is not told."""
    rules = [
        {"name": "slow", "metric": "hit_latency_ms", "above": 5, "cache": "shap"},
        {"name": "all", "metric": "error_rate", "above": 5},
        {"name": "here", "metric": "error_rate", "above": 5, "implementation": "new"},
    ]
    settings = Settings(rules=rules, alert_budget_by_cache={"shop": 1, "basket": 1})
    found = patient.find("names", settings=settings)
    assert found.status == "warning"
    assert found.found == (
        "rule 'slow' names the cache 'shap'; nearest is shop; "
        "alert_budget_by_cache names the cache 'basket'; there is shop"
    )
    assert patient.find("names", settings=Settings(rules=rules[1:])).status == "ok"


def test_maintenance_that_is_over_may_name_what_it_likes(patient: Clinic) -> None:
    patient.run(
        "insert into monitoring.cache_maintenance (cache_name, since, until, entered_by)"
        " values ('shopp', now() - interval '2 days', now() - interval '1 day', 'me')"
    )
    assert patient.find("names").status == "ok"


def test_before_the_first_delivery_no_name_is_wrong(patient: Clinic) -> None:
    patient.run("delete from monitoring.cache_series")
    settings = Settings(alert_budget_by_cache={"basket": 1})
    assert patient.find("names", settings=settings).status == "ok"


def test_a_clock_that_is_wrong_is_found_in_both_directions(patient: Clinic) -> None:
    now = patient.examination.now
    for shift, status in ((0.5, "ok"), (5, "warning"), (-5, "warning"), (-300, "fault")):
        found = patient.find("clock", now=now, here=now + timedelta(seconds=shift))
        assert found.status == status
    assert "300.0 s behind" in found.found


def test_an_old_server_is_refused(patient: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """cache-auditor needs functions that PostgreSQL has since 15."""
    old = {"version": 140_011, "said": "14.11", "standby": False, "login": "me"}
    monkeypatch.setattr(Examination, "row", lambda self, statement: old)
    found = patient.find("server")
    assert (found.status, "14.11" in found.found) == ("fault", True)
    monkeypatch.setattr(
        Examination, "row", lambda self, statement: old | {"version": 180_000, "standby": True}
    )
    assert "standby" in patient.find("server").found


def test_a_queue_that_fills_is_found_before_it_is_full() -> None:
    """The statement that finds the culprit is in the advice."""
    assert queue_finding(0.01).status == "ok"
    assert queue_finding(0.2).status == "warning"
    full = queue_finding(0.6)
    assert full.status == "fault"
    assert "pg_stat_activity" in full.advice


def test_a_listener_on_another_database_hears_nothing_and_it_is_said(
    clinic: Clinic, empty_database: Database
) -> None:
    """As through a pooler in transaction mode, LISTEN is accepted and nothing ever comes."""
    elsewhere = Settings(listen_dsn=SecretStr(empty_database.dsn))
    found = clinic.find(
        "listening",
        settings=elsewhere,
        listen=lambda: opened(empty_database.dsn),
        listen_within_s=0.2,
    )
    assert found.status == "fault"
    assert "LISTEN_DATABASE_URL" in found.found
    assert "pooler" in found.found
    assert "5432" in found.advice


def test_a_listen_address_that_nobody_answers_is_a_fault(clinic: Clinic) -> None:
    """The other checks go on."""
    nowhere = "postgresql://127.0.0.1:1/nothing"
    broken = replace(
        clinic.examination,
        settings=Settings(listen_dsn=SecretStr(nowhere)),
        listen=lambda: opened(nowhere),
    )
    findings = {one.check: one for one in examine(broken)}
    assert findings["listening"].status == "fault"
    assert "LISTEN_DATABASE_URL" in findings["listening"].found
    assert findings["notice queue"].status == "ok"


def test_a_killed_collector_that_was_replaced_is_not_missed(patient: Clinic) -> None:
    """Nor one that said goodbye; one that just fell silent beside a living one is a warning."""
    beat = (
        "insert into monitoring.cache_collectors"
        " (collector_id, node, started_at, last_seen_at, goodbye_at)"
        " values (gen_random_uuid(), %s, now() - interval '9 hours', now() - interval '1 hour', %s)"
    )
    patient.run(beat, "host-a", None)
    patient.run(beat, "host-b", datetime.now(UTC))
    assert patient.find("collectors").status == "ok"
    patient.run(beat, "host-c", None)
    found = patient.find("collectors")
    assert (found.status, "host-c for 1 h" in found.found) == ("warning", True)


def test_a_pinned_day_is_not_overdue(patient: Clinic) -> None:
    """`load --keep` keeps it on purpose."""
    patient.run("select monitoring.create_metric_partition(current_date - 30)")
    patient.run(
        "insert into monitoring.cache_retention_pins (since, until)"
        " values (now() - interval '40 days', now() - interval '20 days')"
    )
    assert patient.find("retention").status == "ok"


def test_a_login_that_may_not_look_is_told_so(clinic: Clinic) -> None:
    """With no right at all every look is a warning with advice, and none a traceback."""
    login = f"visitor_{os.getpid()}"
    name = compose.Identifier(login)
    clinic.connection.execute(compose.SQL("create role {} login").format(name))
    try:
        visitor = clinic.database.connect(user=login)
        findings = examine(replace(clinic.examination, connection=visitor))
        assert {one.status for one in findings} <= {"ok", "warning"}
        (found,) = [one for one in findings if one.check == "migrations"]
        assert "may not look" in found.found
        assert "cache_auditor_auditor" in found.advice
        visitor.close()
    finally:
        clinic.connection.execute(compose.SQL("drop role {}").format(name))


def test_what_the_server_refuses_to_say_is_a_finding(clinic: Clinic) -> None:
    """A table that is gone, and a statement that fails for any other reason."""

    def gone(examination: Examination) -> Finding:
        examination.connection.execute("select * from monitoring.never_made")
        raise AssertionError("the statement must fail")

    def broken(examination: Examination) -> Finding:
        examination.connection.execute("select 1 / 0")
        raise AssertionError("the statement must fail")

    found = looked(Check("x", gone), clinic.examination)
    assert (found.status, found.advice) == ("fault", "run: cache-auditor migrate")
    assert "division by zero" in looked(Check("x", broken), clinic.examination).found


# The command -------------------------------------------------------------------------------------

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Runs `cache-auditor doctor` as a user does, in an empty folder."""

    def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return tool("doctor", *arguments, folder=tmp_path, **({"COLUMNS": "200"} | variables))

    return run


def test_the_command_shows_every_check_and_exits_0_when_well(clinic: Clinic, cli: Cli) -> None:
    done = cli("--dsn", clinic.database.dsn)
    assert done.returncode == 0, done.stdout + done.stderr
    for check in CHECKS:
        assert check.name in done.stdout
    assert "0 faults and 0 warnings" in done.stdout


def test_the_command_exits_1_with_a_fault_and_says_it_in_json(clinic: Clinic, cli: Cli) -> None:
    clinic.run("grant select on monitoring.cache_metrics to public")
    done = cli("--json", DATABASE_URL=clinic.database.dsn)
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["status"] == "fault"
    by_name = {one["check"]: one for one in answer["findings"]}
    assert by_name["exposure"]["status"] == "fault"
    assert by_name["connection"]["status"] == "ok"


def test_a_database_that_was_never_migrated_is_told_to(empty_database: Database, cli: Cli) -> None:
    """The checks of the server still look; nothing is made."""
    done = cli("--json", "--dsn", empty_database.dsn)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    findings = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    assert findings["migrations"]["status"] == "fault"
    assert "cache-auditor migrate" in findings["migrations"]["advice"]
    assert findings["listening"]["status"] == "ok"
    assert "partitions" not in findings
    made = empty_database.connect().execute("select to_regnamespace('monitoring')").fetchone()
    assert made == (None,)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"dbname": "nowhere"}, "no such database"), ({"port": "1"}, "no server listens there")],
)
def test_a_database_that_cannot_be_reached_is_one_fault(
    database: Database, cli: Cli, change: dict[str, str], words: str
) -> None:
    """In words, with exit code 1, and without a traceback."""
    done = cli("--json", "--dsn", make_conninfo(database.dsn, **change))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (finding,) = json.loads(done.stdout)["findings"]
    assert (finding["check"], finding["status"]) == ("connection", "fault")
    assert words in finding["found"]


def test_without_a_dsn_it_says_which_server_it_looks_at(server_folder: Path, cli: Cli) -> None:
    """The embedded one: where it is, and that nobody else was at work on it."""
    done = cli("--json", CACHE_AUDITOR_DATA_FOLDER=str(server_folder))
    findings = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    assert str(server_folder) in findings["database"]["found"]
    assert "it was not running" in findings["database"]["found"]
    assert findings["server"]["status"] == "ok"
    assert findings["migrations"]["status"] == "fault"


def test_it_imports_no_statistics() -> None:
    """It answers at once; scikit-learn alone would take longer than all its looks."""
    script = (
        "import sys, auditor.commands.doctor, auditor.examining.checks\n"
        "print([m for m in ('sklearn', 'scipy', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
