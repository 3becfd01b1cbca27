"""`cache-auditor collect` as a person runs it: asked once, until SIGTERM, and asked wrongly."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.examining.checks import CHECKS
from auditor.examining.doctor import Examination, Finding, looked
from auditor.postgres.database import opened
from auditor.settings import Settings
from collector.batch import Beat
from collector.polled import ServerState
from collector.sinks.postgres import PostgresSink
from tests.auditor.shell.forked import Forked
from tests.auditor.shell.tool import PATIENCE_S, started, tool
from tests.collector.agents.cache_servers import CacheServer, memcached_server, redis_server
from tests.postgres_clusters import Database

NOWHERE = "host=/nonexistent dbname=nowhere connect_timeout=1"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[CacheServer]:
    with redis_server(tmp_path, "--requirepass", "hunter2") as server:
        yield server


def test_asked_once_it_shows_what_they_say_and_stores_nothing(
    redis: CacheServer, tmp_path: Path
) -> None:
    """No database is needed; exit code 1 because one of the two is not there."""
    done = tool(
        "collect", "redis", f"{redis.url}#cache=pages", "127.0.0.1:1#cache=gone",
        "--once", "--json", folder=tmp_path, CACHE_AUDITOR_REDIS_PASSWORD="hunter2",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    pages, gone = json.loads(done.stdout)
    assert (pages["series"], pages["state"], pages["role"]) == (
        "pages/default",
        "answers",
        "master",
    )
    assert (pages["hits"], pages["misses"], pages["entries"]) == (0, 0, 0)
    assert (gone["state"], gone["because"]) == ("away", "Connection refused")


def test_a_table_for_people(tmp_path: Path) -> None:
    with memcached_server(tmp_path) as server:
        done = tool("collect", "memcached", server.url, "--once", folder=tmp_path, COLUMNS="200")
    assert done.returncode == 0, done.stderr
    assert "default/default" in done.stdout
    assert "answers" in done.stdout


def test_the_settings_file_names_the_servers(redis: CacheServer, tmp_path: Path) -> None:
    """Each with its own variable; `redis` takes the Redis ones, `all` both."""
    with memcached_server(tmp_path) as server:
        (tmp_path / "cache-auditor.toml").write_text(
            f'[[collect]]\nurl = "redis://{redis.url}"\ncache_name = "pages"\n'
            f'password_env = "PAGES"\n[[collect]]\nurl = "memcached://{server.url}"\n'
        )
        kinds = {}
        for which in ("redis", "all"):
            done = tool("collect", which, "--once", "--json", folder=tmp_path, PAGES="hunter2")
            assert done.returncode == 0, done.stderr
            kinds[which] = [each["kind"] for each in json.loads(done.stdout)]
    assert kinds == {"redis": ["redis"], "all": ["redis", "memcached"]}
    shown = tool("config", "show", "--json", folder=tmp_path).stdout
    assert f"pages/default (redis {redis.url})" in shown


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("redis",), 2, "no server to poll"),
        (("redis", "redis://:hunter2@cache-1"), 2, "CACHE_AUDITOR_REDIS_PASSWORD"),
        (("redis", "memcached://cache-1"), 2, "URL 1"),
        (("redis", "a#node=x", "b#node=x"), 2, "another node"),
        (("redis", "cache-1", "--interval", "7"), 2, "1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60"),
        (("redis", "rediss://cache-1", "--ca-file", "/nowhere.pem"), 2, "/nowhere.pem"),
        (("redis", "cache-1#password_env=NOT_SET"), 2, "NOT_SET"),
    ],
)
def test_what_cannot_be_meant_is_said(
    words: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    done = tool("collect", *words, folder=tmp_path, COLUMNS="300")
    assert done.returncode == code
    assert said in " ".join(done.stderr.replace("│", " ").split())
    assert "hunter2" not in done.stderr + done.stdout


def test_faults_of_the_settings_file_are_settings_faults(tmp_path: Path) -> None:
    """All at once, exit code 3, and no password is repeated."""
    (tmp_path / "cache-auditor.toml").write_text(
        '[[collect]]\nurl = "redis://:hunter2@a"\n[[collect]]\ncache_name = "b"\n'
    )
    done = tool("collect", "redis", "--once", folder=tmp_path)
    assert done.returncode == 3
    assert "server 1" in done.stderr
    assert "server 2" in done.stderr
    assert "hunter2" not in done.stderr


def collecting(words: tuple[str, ...], folder: Path, **variables: str) -> Forked:
    variables = {"CACHE_AUDITOR_SPOOL_DIR": str(folder)} | variables
    return started("collect", *words, folder=folder, **variables)


def lines_until(process: Forked, enough: str, least: int) -> list[dict[str, Any]]:
    """Status lines, until `least` of them say that something was counted."""
    lines: list[dict[str, Any]] = []
    while sum(line[enough] is not None for line in lines) < least:
        text = process.stdout.readline()
        assert text, process.stderr.read()
        lines.append(json.loads(text))
    return lines


def test_until_sigterm_it_polls_and_what_was_counted_is_delivered(
    redis: CacheServer, database: Database, tmp_path: Path
) -> None:
    """A line a poll with --json; the exit is clean, and the collector has said goodbye."""
    words = (
        "redis",
        f"{redis.url}#cache=pages",
        "--interval",
        "1",
        "--json",
        "--dsn",
        database.dsn,
    )
    with collecting(words, tmp_path, CACHE_AUDITOR_REDIS_PASSWORD="hunter2") as process:
        first = lines_until(process, "counts", 1)
        redis.say(b"auth hunter2\r\nget no\r\n", b"$-1\r\n")
        later = lines_until(process, "counts", 3)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    assert "hunter2" not in said
    assert first[0]["state"] == "answers"
    assert sum(line["counts"]["miss"] for line in first + later if line["counts"]) == 1
    connection = database.connect()
    found = connection.execute(
        "select sum(n)::integer from monitoring.cache_metric_weights"
    ).fetchone()
    assert found == (1,)
    goodbyes = connection.execute(
        "select goodbye_at is not null, recorded, delivered from monitoring.cache_collectors"
    ).fetchall()
    assert goodbyes == [(True, 1, 1)]


def test_without_the_database_it_spools_and_the_next_one_delivers(
    redis: CacheServer, database: Database, tmp_path: Path
) -> None:
    """It starts, counts and ends as always; what waits is said to."""
    words = ("redis", f"{redis.url}#cache=pages", "--interval", "1", "--json")
    password = {"CACHE_AUDITOR_REDIS_PASSWORD": "hunter2"}
    with collecting((*words, "--dsn", NOWHERE), tmp_path, **password) as process:
        lines_until(process, "counts", 2)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    assert "waits in the spool" in " ".join(said.split())
    assert len(list(tmp_path.glob("*/*/*.seg"))) == 1


# Doctor ------------------------------------------------------------------------------------------


def found(database: Database) -> Finding:
    (check,) = [check for check in CHECKS if check.name == "polled servers"]
    with opened(database.dsn) as connection:
        row = connection.execute("select clock_timestamp()").fetchone()
        assert row is not None
        look = Examination(connection, Settings(), row[0], row[0], lambda: opened(database.dsn))
        return looked(check, look)


def test_doctor_says_which_polled_server_is_away(database: Database) -> None:
    """None, one that answers, one that is away, and one whose agent has ended."""
    assert found(database).status == "ok"
    sink, me = PostgresSink(database.dsn), "11111111-0000-4000-8000-000000000000"
    answers = ServerState("pages", "new", "a", "redis", "cache-1:6379", 5, None, "")
    away = ServerState("users", "new", "b", "memcached", "cache-2:11211", 5, 10**9, "no route")
    sink.beat(Beat(me, servers=(answers,)))
    assert "1 are polled" in found(database).found
    sink.beat(Beat(me, servers=(answers, away)))
    told = found(database)
    assert told.status == "warning"
    assert "users/new (memcached cache-2:11211) is away since" in told.found
    assert "no route" in told.found
    sink.beat(Beat(me, goodbye=True))
    assert found(database).status == "ok"
    sink.close()
