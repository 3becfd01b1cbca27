"""Which database is used, how a connection is set up, and what a failed one says."""

import socket
from pathlib import Path

import pytest
from psycopg import sql as compose
from psycopg.conninfo import make_conninfo

from auditor.dsn import place
from auditor.errors import DatabaseError, DatabaseRefused, DatabaseUnreachable, SettingsInvalid
from auditor.postgres.database import connect, listen_dsn, opened, resolve
from auditor.postgres.embedded import EmbeddedPostgres
from auditor.settings_sources import read_settings
from tests.postgres_clusters import Database, PrivateCluster

SECRET = "hunter2-is-my-password"
FLAG, VARIABLE, FILE = (f"postgresql://{name}@host/db" for name in ("flag", "variable", "file"))


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "LISTEN_DATABASE_URL", "CACHE_AUDITOR_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def with_passwords(private_cluster: PrivateCluster) -> PrivateCluster:
    """A cluster that asks everybody but its superuser for a password."""
    conn = private_cluster.connect()
    conn.execute(compose.SQL("create role alice login password {}").format(SECRET))
    rules = "local all postgres trust\nlocal all all scram-sha-256\n"
    (private_cluster.folder / "cluster" / "pg_hba.conf").write_text(rules)
    conn.close()
    private_cluster.stop()
    private_cluster.start()
    return private_cluster


def test_flag_beats_environment_beats_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("cache-auditor.toml").write_text(f'dsn = "{FILE}"')
    with resolve() as dsn:
        assert dsn == FILE
    monkeypatch.setenv("DATABASE_URL", VARIABLE)
    with resolve() as dsn:
        assert dsn == VARIABLE
    with resolve(FLAG) as dsn:
        assert dsn == FLAG


def test_without_any_dsn_the_embedded_server_runs_while_it_is_used(
    monkeypatch: pytest.MonkeyPatch, server_folder: Path
) -> None:
    with EmbeddedPostgres(server_folder, durable=False):
        pass  # made for tests, so that what follows need not wait for the disk
    monkeypatch.setenv("CACHE_AUDITOR_DATA_FOLDER", str(server_folder))
    monkeypatch.setenv("DATABASE_URL", "")
    with connect() as conn:
        assert conn.execute("select current_database()").fetchone() == ("cache_auditor",)
    assert EmbeddedPostgres(server_folder).postmaster.pid() is None


def test_a_connection_is_in_utc_and_commits_by_itself_and_says_who_it_is(
    empty_database: Database,
) -> None:
    conn = empty_database.connect()
    name = compose.Identifier(empty_database.name)
    conn.execute(compose.SQL("alter database {} set timezone to 'Asia/Tokyo'").format(name))
    with connect(empty_database.dsn) as conn:
        assert conn.autocommit
        assert conn.execute("show timezone").fetchone() == ("UTC",)
        assert conn.execute("show application_name").fetchone() == ("cache-auditor",)
    with pytest.raises(Exception, match="closed"):
        conn.execute("select 1")


def test_what_the_connection_string_says_itself_is_kept(empty_database: Database) -> None:
    dsn = make_conninfo(empty_database.dsn, application_name="mine", connect_timeout=3)
    with opened(dsn) as conn:
        assert conn.info.get_parameters()["connect_timeout"] == "3"
        assert conn.info.get_parameters()["application_name"] == "mine"
        assert conn.info.get_parameters()["keepalives_idle"] == "30"


def refusal(dsn: str) -> DatabaseError:
    with pytest.raises(DatabaseError) as caught:
        opened(dsn)
    assert SECRET not in str(caught.value)
    return caught.value


def test_a_wrong_password_is_named(with_passwords: PrivateCluster) -> None:
    dsn = make_conninfo(with_passwords.dsn, user="alice")
    opened(make_conninfo(dsn, password=SECRET)).close()
    wrong = refusal(make_conninfo(dsn, password=f"{SECRET}!"))
    assert isinstance(wrong, DatabaseRefused)
    assert "the password or the user is wrong" in str(wrong)
    assert "a password is needed" in str(refusal(dsn))


def test_an_unknown_database_or_user_is_named(empty_database: Database) -> None:
    database = refusal(make_conninfo(empty_database.dsn, dbname="nowhere", password=SECRET))
    assert isinstance(database, DatabaseRefused)
    assert "no such database" in str(database)
    user = refusal(make_conninfo(empty_database.dsn, user="nobody", password=SECRET))
    assert isinstance(user, DatabaseRefused)
    assert "no such user" in str(user)


def test_no_server_is_named_with_its_place() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = refusal(f"postgresql://alice:{SECRET}@127.0.0.1:{port}/shop")
    assert isinstance(error, DatabaseUnreachable)
    assert f"alice@127.0.0.1:{port}/shop: no server listens there" in str(error)
    assert "Connection refused" in str(error)


def test_a_missing_socket_is_named(tmp_path: Path) -> None:
    assert "no server listens there" in str(refusal(f"host={tmp_path} dbname=shop"))


@pytest.mark.parametrize(
    "dsn", [f"{SECRET} and more", f"postgresql://a:{SECRET}@[x", f"x={SECRET}"]
)
def test_a_string_that_cannot_be_read_is_not_quoted(dsn: str) -> None:
    assert "cannot be read" in str(refusal(dsn))
    assert SECRET not in place(dsn)


def test_a_wrong_setting_is_reported_before_any_connection(tmp_path: Path) -> None:
    Path("cache-auditor.toml").write_text(f'dsn = "{SECRET} {SECRET}"')
    with pytest.raises(SettingsInvalid) as caught, connect():
        pass
    assert SECRET not in str(caught.value)


def test_listeners_may_have_a_server_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert listen_dsn(FLAG, read_settings().settings) == FLAG
    monkeypatch.setenv("LISTEN_DATABASE_URL", VARIABLE)
    assert listen_dsn(FLAG, read_settings().settings) == VARIABLE
