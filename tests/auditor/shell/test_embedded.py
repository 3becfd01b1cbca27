"""The embedded PostgreSQL and its lease, with real processes that come, go and are killed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg
import pytest

from auditor.errors import EmbeddedUnavailable
from auditor.postgres import embedded
from auditor.postgres.account import Account, server_account
from auditor.postgres.embedded import EmbeddedPostgres
from tests.postgres_clusters import is_alive, kill_server

HOLDER = Path(__file__).with_name("holder.py")


class Holders:
    """Processes that hold one folder's server."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a process that takes part in the lease, without waiting for it."""
        command = [sys.executable, str(HOLDER), str(self._folder), *arguments]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._stack.enter_context(process)
        self._stack.callback(process.kill)
        return process

    def begun(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start one, and wait until it has its connection string."""
        process = self.begin(*arguments)
        assert dsn_of(process)
        return process


def dsn_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def leave(process: "subprocess.Popen[str]") -> None:
    """Let a holder come to its ordinary end."""
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=60) == 0


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait(timeout=60)


@pytest.fixture
def holders(server_folder: Path) -> Iterator[Holders]:
    with ExitStack() as stack:
        yield Holders(server_folder, stack)


@pytest.fixture
def server(server_folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(server_folder, durable=False)


def processes_in(folder: Path) -> list[int]:
    """Living processes that work in a cluster's folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if is_alive(process) and process.cwd() == str(folder):
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


def test_a_server_outlives_no_start_and_stop_after_all_its_holders_were_killed(
    server: EmbeddedPostgres, server_folder: Path, holders: Holders
) -> None:
    """kill -9 of every holder leaves the server; the next to come takes it over and stops it."""
    both = [holders.begun(), holders.begun()]
    orphan = server.postmaster.pid()
    for holder in both:
        kill(holder)
    assert orphan is not None
    assert server.postmaster.pid() == orphan
    with server:
        assert server.postmaster.pid() == orphan
    assert server.postmaster.pid() is None
    assert processes_in(server_folder / "cluster") == []
    assert list((server_folder / "holders").iterdir()) == []


def test_an_orphaned_server_can_be_stopped_without_being_used(
    server: EmbeddedPostgres, holders: Holders
) -> None:
    kill(holders.begun())
    assert server.stop_if_unused()
    assert server.postmaster.pid() is None


def test_a_server_in_use_is_not_stopped_by_who_does_not_use_it(
    server: EmbeddedPostgres, holders: Holders
) -> None:
    holder = holders.begun()
    assert not server.stop_if_unused()
    assert server.postmaster.pid() is not None
    leave(holder)
    assert server.postmaster.pid() is None


def test_two_processes_share_one_server_and_the_last_stops_it(
    server: EmbeddedPostgres, holders: Holders
) -> None:
    first, second = holders.begin(), holders.begin()
    assert dsn_of(first) == dsn_of(second)
    shared = server.postmaster.pid()
    assert shared is not None
    leave(first)
    assert server.postmaster.pid() == shared
    leave(second)
    assert server.postmaster.pid() is None


def test_a_killed_holder_does_not_keep_the_server_from_stopping(
    server: EmbeddedPostgres, holders: Holders
) -> None:
    killed, orderly = holders.begun(), holders.begun()
    kill(killed)
    leave(orderly)
    assert server.postmaster.pid() is None


def test_eight_starters_at_once_get_one_server(
    server: EmbeddedPostgres, server_folder: Path, holders: Holders
) -> None:
    eight = [holders.begin() for _ in range(8)]
    dsns = {dsn_of(process) for process in eight}
    assert len(dsns) == 1
    with psycopg.connect(dsns.pop()) as conn:
        assert conn.execute("select current_database()").fetchone() == ("cache_auditor",)
    assert len(list((server_folder / "holders").iterdir())) == 8
    for process in eight:
        leave(process)
    assert processes_in(server_folder / "cluster") == []


def test_a_forked_child_leaves_its_parents_server_running(
    server: EmbeddedPostgres, holders: Holders
) -> None:
    parent = holders.begun("fork")
    assert server.postmaster.pid() is not None
    leave(parent)
    assert server.postmaster.pid() is None


def test_a_killed_server_comes_back_with_all_that_was_committed(server: EmbeddedPostgres) -> None:
    """The server is killed under its holder; the next start recovers it."""
    with server as dsn:
        with psycopg.connect(dsn) as conn:
            conn.execute("create table kept as select 42 as answer")
        kill_server(server.postmaster.pid())
    with server as dsn, psycopg.connect(dsn) as conn:
        assert conn.execute("select answer from kept").fetchone() == (42,)


def test_a_process_id_that_is_somebody_elses_by_now_neither_bars_a_start_nor_is_harmed(
    server: EmbeddedPostgres, server_folder: Path
) -> None:
    """After a reboot postmaster.pid may name any process, even one of the same user."""
    file = server_folder / "cluster" / "postmaster.pid"
    with server:
        left_behind = file.read_text().splitlines()
    with subprocess.Popen(["sleep", "600"], **server_account().process_options()) as stranger:
        try:
            lines = [str(stranger.pid), *left_behind[1:]]
            file.write_text("\n".join(lines) + "\n")
            socket_lock = server_folder / "socket" / ".s.PGSQL.5432.lock"
            socket_lock.write_text("\n".join(lines[:5]) + "\n")
            assert server.postmaster.pid() is None
            assert server.stop_if_unused()
            with server as dsn, psycopg.connect(dsn) as conn:
                assert conn.execute("select 1").fetchone() == (1,)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_half_made_files_of_a_killed_start_are_made_anew(
    server: EmbeddedPostgres, server_folder: Path
) -> None:
    half = server_folder / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with server:
        assert not half.exists()


def test_a_folder_too_deep_for_a_socket_still_serves(server_folder: Path) -> None:
    """A socket's path has about a hundred bytes; a data folder's may have more."""
    deep = server_folder / ("deep" * 12) / ("er" * 20)
    server = EmbeddedPostgres(deep, durable=False)
    with server as dsn, psycopg.connect(dsn) as conn:
        assert conn.execute("select 1").fetchone() == (1,)
        assert str(deep) not in dsn
    assert server.postmaster.pid() is None


def test_a_start_that_fails_says_why_and_leaves_nothing(
    server: EmbeddedPostgres, server_folder: Path
) -> None:
    with server:
        pass
    with (server_folder / "cluster" / "postgresql.conf").open("a") as settings:
        settings.write("shared_buffers = nonsense\n")
    with pytest.raises(EmbeddedUnavailable, match='invalid value for parameter "shared_buffers"'):
        server.__enter__()
    assert server.postmaster.pid() is None
    assert list((server_folder / "holders").iterdir()) == []


def test_a_cluster_of_another_version_is_left_alone(
    server: EmbeddedPostgres, server_folder: Path
) -> None:
    with server:
        pass
    (server_folder / "cluster" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedUnavailable, match="made by PostgreSQL 17, and this one is 18"):
        server.__enter__()


def test_the_cluster_is_open_to_its_account_alone(
    server: EmbeddedPostgres, server_folder: Path
) -> None:
    with server as dsn, psycopg.connect(dsn) as conn:
        assert conn.execute("show listen_addresses").fetchone() == ("",)
        for name in ("cluster", "socket"):
            found = (server_folder / name).stat()
            assert found.st_mode & 0o777 == 0o700
            assert found.st_uid == server_account().uid


def test_a_strict_umask_does_not_shut_the_servers_account_out(server_folder: Path) -> None:
    before = os.umask(0o077)
    try:
        with EmbeddedPostgres(server_folder / "new" / "18", durable=False) as dsn:
            assert dsn
    finally:
        os.umask(before)


def test_no_permission_bit_is_opened_for_the_servers_account(tmp_path: Path) -> None:
    """Where the account may not enter, that is said; the folder stays as closed as it was."""
    closed = tmp_path / "home"
    (closed / "cluster").mkdir(parents=True)
    closed.chmod(0o700)
    stranger = Account(uid=54321, gid=54321, foreign=True)
    first = stranger.first_closed(closed / "cluster")
    assert first is not None
    assert first.stat().st_mode & 0o001 == 0
    assert closed.stat().st_mode & 0o777 == 0o700


def test_roots_server_is_never_in_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert embedded.default_folder().is_relative_to("/var/lib/cache-auditor")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere/share")
    assert "cache-auditor" in embedded.default_folder().parts
    assert not embedded.default_folder().is_relative_to("/var/lib")
