"""Every setting arrives where it is used: thresholds, patience of windows, where to listen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from auditor.daemon.keeping import keep
from auditor.daemon.settings import judging, thresholds
from auditor.daemon.tick import Memory, tick
from auditor.errors import SettingsInvalid
from auditor.postgres.database import listen_dsn
from auditor.settings import Settings, variable
from auditor.settings_sources import Reading, read_settings
from auditor.statistics.thresholds import Threshold, Thresholds
from auditor.windows.retention import Keep
from auditor.windows.rollup import next_scorable
from auditor.windows.state import write_state
from auditor.windows.watermarks import Grace
from tests.auditor.shell.past import NEW, Application, start_of_story
from tests.auditor.shell.tool import document, tool
from tests.postgres_clusters import Database

FLAG, ENVIRONMENT, FILE = (f"postgresql://{name}/shop" for name in ("flag", "variable", "file"))
LISTEN_ENVIRONMENT, LISTEN_FILE = (f"postgresql://{name}-direct/shop" for name in ("env", "file"))


# Static thresholds -------------------------------------------------------------------------------


def test_the_defaults_are_the_references() -> None:
    assert thresholds(Settings()) == Thresholds()
    assert Thresholds() == Thresholds(
        hit_rate=Threshold(0.10, 0.20),
        response_time=Threshold(0.25, 0.50),
        error_rate=Threshold(0.01, 0.05),
    )


def test_each_percentage_arrives_as_a_share() -> None:
    settings = Settings(
        hit_rate_warning_percent=2, hit_rate_critical_percent=4,
        response_time_warning_percent=100, response_time_critical_percent=300,
        error_rate_warning_percent=0.5, error_rate_critical_percent=2.5,
    )  # fmt: skip
    expected = Thresholds(Threshold(0.02, 0.04), Threshold(1.0, 3.0), Threshold(0.005, 0.025))
    assert judging(settings).thresholds == thresholds(settings) == expected


@pytest.mark.parametrize(("warning", "critical"), [(0.0, 0.1), (0.2, 0.2), (0.3, 0.2)])
def test_a_threshold_that_cannot_be_is_refused(warning: float, critical: float) -> None:
    with pytest.raises(ValueError, match=f"warns at {warning:g} and is critical at {critical:g}"):
        Threshold(warning, critical)


def test_a_percentage_of_nothing_is_refused_with_what_is_allowed() -> None:
    """At 0 % every minute would warn."""
    with pytest.raises(SettingsInvalid, match=r"must be a number from 0\.01 to 10000 \(percent\)"):
        read_settings({"hit_rate_warning_percent": 0})


@pytest.fixture
def learned(learned_database: Database) -> Iterator[tuple[psycopg.Connection, Application]]:
    connection = learned_database.connect()
    application = Application(learned_database.dsn)
    yield connection, application
    application.sink.close()


def static_statistic(connection: psycopg.Connection, minute: datetime) -> float:
    """What the static rule of the hit rate said of `new`, as it is kept with the score."""
    row = connection.execute(
        "select part ->> 'statistic' from monitoring.cache_window_scores,"
        " jsonb_array_elements(parts) as part"
        " where minute_window = %s and implementation_type = %s"
        " and part ->> 'channel' = 'static_thresholds.hit_rate.5'",
        [minute, NEW],
    ).fetchone()
    assert row is not None
    return float(row[0])


def test_thresholds_decide_what_the_tick_says(
    learned: tuple[psycopg.Connection, Application],
) -> None:
    """The same bad minutes are critical at 10/20 %, and below the warning at 80/90 %.

    Statistic 1 is the warning threshold, 2 the critical one; five minutes are pooled.
    """
    connection, application = learned
    lax = Settings(hit_rate_warning_percent=80, hit_rate_critical_percent=90)
    start = start_of_story()
    for number, settings in enumerate((*[Settings()] * 5, lax)):
        minute = start + timedelta(minutes=number)
        application.minute(minute, hit_rate={NEW: 0.45})
        tick(connection, minute + timedelta(seconds=61), judging(settings), Memory())
    assert static_statistic(connection, start + timedelta(minutes=4)) > 4
    assert 0.4 < static_statistic(connection, start + timedelta(minutes=5)) < 0.8


# Windows -----------------------------------------------------------------------------------------


def test_a_collector_is_expected_for_as_long_as_the_setting_says(database: Database) -> None:
    """Last heard of four minutes before a window's end: with 3 minutes nobody is waited for."""
    connection = database.connect()
    minute = datetime(2024, 3, 3, 12, 0, tzinfo=UTC)
    end = minute + timedelta(minutes=1)
    connection.execute(
        "insert into monitoring.cache_collectors"
        " (collector_id, started_at, last_seen_at, watermark)"
        " values (gen_random_uuid(), %(t)s - interval '1 hour', %(t)s - interval '4 minutes',"
        " %(t)s - interval '4 minutes')",
        {"t": end},
    )
    write_state(connection, "settled_until", minute)
    now = end + timedelta(seconds=20)  # between the grace with watermarks and that without
    usual, long = judging(Settings()).grace, judging(Settings(collector_expected_s=600)).grace
    assert (usual.expected_for, long.expected_for) == (timedelta(minutes=3), timedelta(minutes=10))
    assert next_scorable(connection, now, usual) == minute
    assert next_scorable(connection, now, long) == end


def test_patience_and_retention_arrive() -> None:
    settings = Settings(
        grace_s=1, grace_without_watermarks_s=2, collector_expected_s=3,
        alert_budget_per_week=0.5, resolve_after_minutes=7, reopen_within_minutes=9,
        retention_events_days=1, retention_minutes_days=2, retention_hours_days=3,
        retention_changes_days=4, retention_ledger_days=5,
    )  # fmt: skip
    how = judging(settings)
    assert how.grace == Grace(*(timedelta(seconds=n) for n in (1, 2, 3)))
    patience = (how.fold.false_per_series_week, how.fold.quiet_minutes, how.fold.reopen_minutes)
    assert patience == (0.5, 7, 9)
    assert keep(settings) == Keep(*(timedelta(days=n) for n in range(1, 6)))
    assert keep(Settings()) == Keep()


# Where to listen ---------------------------------------------------------------------------------


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[Given]:
    for name in ("dsn", "listen_dsn"):
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.delenv("CACHE_AUDITOR_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    Given.environment = monkeypatch
    return Given


class Given:
    """Settings from a flag, the environment and a file; '' = not given there."""

    environment: pytest.MonkeyPatch

    def __init__(self, *, flag: str = "", variables: tuple[str, str] = ("", ""),
                 file: tuple[str, str] = ("", "")) -> None:  # fmt: skip
        for name, value in zip(("dsn", "listen_dsn"), variables, strict=True):
            self.environment.setenv(variable(name), value)
        lines = [
            f'{name} = "{value}"'
            for name, value in zip(("dsn", "listen_dsn"), file, strict=True)
            if value
        ]
        Path("cache-auditor.toml").write_text("\n".join(lines))
        self.reading: Reading = read_settings({"dsn": flag})

    @property
    def listens(self) -> str:
        """Where LISTEN is done."""
        dsn = self.reading.settings.dsn
        assert dsn is not None
        return listen_dsn(dsn.get_secret_value(), self.reading.settings)


def test_the_environments_pair_is_used_as_it_is(read: type[Given]) -> None:
    given = read(variables=(ENVIRONMENT, LISTEN_ENVIRONMENT))
    assert given.listens == LISTEN_ENVIRONMENT
    assert given.reading.sources["listen_dsn"] == "environment LISTEN_DATABASE_URL"


@pytest.mark.parametrize("beside", [ENVIRONMENT, ""])
def test_a_flag_is_listened_to_and_not_the_environments_other_database(
    read: type[Given], beside: str
) -> None:
    """`watch --dsn X` where the environment is set up for Y; `config show` says what became."""
    given = read(flag=FLAG, variables=(beside, LISTEN_ENVIRONMENT))
    assert given.listens == FLAG
    assert given.reading.shown("listen_dsn") == ""
    assert given.reading.sources["listen_dsn"] == (
        "left out: environment LISTEN_DATABASE_URL is not flag --dsn's"
    )


def test_a_flag_that_repeats_the_environment_keeps_its_listener(read: type[Given]) -> None:
    """As in `watch --dsn "$DATABASE_URL"`."""
    given = read(flag=ENVIRONMENT, variables=(ENVIRONMENT, LISTEN_ENVIRONMENT))
    assert given.listens == LISTEN_ENVIRONMENT


def test_a_files_listener_without_a_database_beside_it_goes_with_any(read: type[Given]) -> None:
    assert read(flag=FLAG, file=("", LISTEN_FILE)).listens == LISTEN_FILE
    assert read(variables=(ENVIRONMENT, ""), file=("", LISTEN_FILE)).listens == LISTEN_FILE


def test_a_files_pair_is_not_torn_apart(read: type[Given]) -> None:
    """Whoever names another database gets that one, and not the file's listener."""
    assert read(file=(FILE, LISTEN_FILE)).listens == LISTEN_FILE
    assert read(flag=FLAG, file=(FILE, LISTEN_FILE)).listens == FLAG
    assert read(variables=(ENVIRONMENT, ""), file=(FILE, LISTEN_FILE)).listens == ENVIRONMENT


def test_the_environments_listener_goes_with_the_files_database(read: type[Given]) -> None:
    """The stronger place adds to the weaker one."""
    assert read(variables=("", LISTEN_ENVIRONMENT), file=(FILE, "")).listens == LISTEN_ENVIRONMENT


def test_a_listener_that_is_left_out_is_checked_all_the_same(read: type[Given]) -> None:
    with pytest.raises(SettingsInvalid, match="LISTEN_DATABASE_URL"):
        read(flag=FLAG, variables=("", "no connection string"))


def test_watch_listens_where_the_flag_says(database: Database) -> None:
    """With a LISTEN_DATABASE_URL that leads nowhere, `watch --dsn` works as if it were not set."""
    nowhere = make_conninfo(database.dsn, dbname="nowhere")
    words = ("observations", "watch", "--once")
    done = tool(*words, dsn=database.dsn, LISTEN_DATABASE_URL=nowhere)
    assert (done.returncode, done.stdout) == (0, "nothing is open; listening\n"), done.stderr
    pair = {"DATABASE_URL": database.dsn, "LISTEN_DATABASE_URL": nowhere}
    assert tool(*words, **pair).returncode == 4


# load --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "said"), [(None, "(7 days)"), ("1", "(1 day)"), ("3650", "")])
def test_load_knows_how_long_events_are_kept(
    database: Database, tmp_path: Path, days: str | None, said: str
) -> None:
    """Events of 30 days ago: the note names the setting's days, and is not made without need."""
    path = tmp_path / "events.csv"
    old = datetime.now(UTC) - timedelta(days=30)
    path.write_text(f"timestamp,operation_type\n{old:%Y-%m-%dT%H:%M:%SZ},hit\n")
    variables = {} if days is None else {"CACHE_AUDITOR_RETENTION_EVENTS_DAYS": days}
    if days is not None:
        variables["CACHE_AUDITOR_RETENTION_LEDGER_DAYS"] = "3650"
    done = tool("load", str(path), "--dry-run", dsn=database.dsn, **variables)
    assert done.returncode == 0, done.stderr
    assert ("older than retention keeps" in done.stderr) is bool(said)
    assert said in done.stderr


def test_config_show_names_the_thresholds_with_their_source(database: Database) -> None:
    rows = document("config", "show", dsn=database.dsn)
    (row,) = (row for row in rows if row["name"] == "error_rate_critical_percent")
    assert (row["value"], row["source"]) == ("5", "default")
