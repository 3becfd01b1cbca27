"""What the README and the pages show runs, as it is written there, on real PostgreSQL."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import cast

import psycopg
import pytest
from psycopg.abc import QueryNoTemplate
from psycopg.conninfo import make_conninfo

from auditor.settings import Settings
from collector.events import Refused
from collector.recorded import read_events
from tests.postgres_clusters import Cluster, Database

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PATIENCE_S = 60.0


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    found = re.findall(
        rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found, f"{page.name} has no block of {language}"
    return cast(list[str], found)


def spoken(page: Path) -> list[list[str]]:
    """The words of each `cache-auditor` line of the page's shell blocks, in order."""
    lines = [
        shlex.split(line, comments=True)
        for block in blocks(page, "sh")
        for line in block.splitlines()
    ]
    return [words for words in lines if words[:1] == ["cache-auditor"]]


class Reader:
    """Somebody who does what a page says, in an empty folder."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self.folder = folder
        names = ("CACHE_", "DATABASE_URL", "LISTEN_DATABASE_URL")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(names)} | {
            "DATABASE_URL": dsn,
            "CACHE_AUDITOR_SPOOL_DIR": str(folder / "spool"),
            "PYTHONPATH": str(ROOT),
        }

    def says(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Runs a command to its end."""
        return subprocess.run(
            self._command(words), env=self.environment, cwd=self.folder, capture_output=True,
            text=True, timeout=120, check=False,
        )  # fmt: skip

    def pastes(self, *pieces: str) -> "subprocess.CompletedProcess[str]":
        """Runs pieces of Python, one after the other, in one process, with warnings as errors."""
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", "\n".join(pieces)], env=self.environment,
            cwd=self.folder, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    @contextmanager
    def leaves_running(self, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """A command that runs meanwhile; what has not ended by itself afterwards is killed."""
        with subprocess.Popen(
            self._command(words), env=self.environment, cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def _command(self, words: tuple[str, ...]) -> list[str]:
        assert words[0] == "cache-auditor"
        return [sys.executable, "-m", "auditor", *words[1:]]


def waits_for(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Until it holds, while the process lives."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def counted(connection: psycopg.Connection) -> dict[tuple[str, str], int]:
    """Operations by cache and kind."""
    found = connection.execute(
        "select cache_name, operation_type, count(*) from monitoring.cache_metrics group by 1, 2"
    )
    return {(cache, operation): count for cache, operation, count in found}


def test_the_readme_leads_to_windows_and_to_a_listener(
    empty_database: Database, tmp_path: Path
) -> None:
    """Each step as a newcomer takes it: migrate, three ways to record, run, watch."""
    reader = Reader(tmp_path, empty_database.dsn)
    migrate, run, watch = spoken(README)
    assert migrate == ["cache-auditor", "migrate"]
    done = reader.says(*migrate)
    assert done.returncode == 0, done.stderr

    pasted = reader.pastes(*blocks(README, "python"))
    assert (pasted.returncode, pasted.stderr) == (0, "")
    connection = empty_database.connect()
    assert counted(connection) == {
        ("sessions", "set"): 1, ("sessions", "hit"): 1, ("sessions", "miss"): 1,
        ("pages", "hit"): 1, ("pages", "miss"): 1, ("answers", "hit"): 1,
    }  # fmt: skip

    (select,) = blocks(README, "sql")

    def windows() -> list[tuple[object, ...]]:
        return connection.execute(cast(QueryNoTemplate, select)).fetchall()

    with reader.leaves_running(*run) as daemon:
        waits_for(lambda: {row[0] for row in windows()} == {"sessions", "pages", "answers"}, daemon)
        daemon.send_signal(signal.SIGTERM)
        daemon.communicate(timeout=PATIENCE_S)
        assert daemon.returncode == 0
    hits = {str(row[0]): row[2:4] for row in windows()}
    assert hits == {"sessions": (1, 1), "pages": (1, 1), "answers": (1, 0)}

    heard = reader.says(*watch, "--once")
    assert (heard.returncode, heard.stdout.strip()) == (0, "nothing is open; listening")


def test_the_collectors_page_runs_from_top_to_bottom(database: Database, tmp_path: Path) -> None:
    """Its blocks in one process; what they record is in the database when it has ended."""
    reader = Reader(tmp_path, database.dsn)
    pasted = reader.pastes(*blocks(ROOT / "docs/collector.md", "python"))
    assert (pasted.returncode, pasted.stderr) == (0, "")
    assert counted(database.connect()) == {
        ("sessions", "hit"): 2, ("sessions", "miss"): 1, ("sessions", "set"): 1,
        ("pages", "hit"): 2, ("pages", "miss"): 1, ("pages", "set"): 1, ("pages", "evict"): 1,
        ("default", "hit"): 1, ("default", "miss"): 1, ("default", "set"): 1,
        ("default", "error"): 1,
    }  # fmt: skip


def test_the_example_of_load_is_read_as_it_says() -> None:
    """The file needs no mapping, and no line of it is refused."""
    (example,) = blocks(ROOT / "docs/load.md", "text")
    events = [event for _, event in read_events(StringIO(example), "csv")]
    assert not [event for event in events if isinstance(event, Refused)]
    kinds = [(event[1], event[2], event[3]) for event in events if not isinstance(event, Refused)]
    assert kinds == [("miss", "pages", "new"), ("set", "pages", "new"), ("hit", "pages", "legacy")]


def test_the_settings_file_of_the_page_is_right(tmp_path: Path) -> None:
    """Its names exist and its values are allowed."""
    (example,) = blocks(ROOT / "docs/operations.md", "toml")
    assert set(tomllib.loads(example)) <= set(Settings.model_fields)
    (tmp_path / "cache-auditor.toml").write_text(example, "utf-8")
    reader = Reader(tmp_path, "")
    checked = reader.says("cache-auditor", "config", "check", "--json")
    assert json.loads(checked.stdout) == {"valid": True, "given": 2}


def test_the_statements_for_roles_and_logins_run(empty_database: Database) -> None:
    """On a server where the roles are not there yet; undone afterwards, since roles are shared."""
    logins, roles = blocks(ROOT / "docs/privileges.md", "sql")
    connection = empty_database.connect()
    with connection.transaction(force_rollback=True):
        there = connection.execute(
            "select rolname from pg_roles where rolname like 'cache\\_auditor\\_%'"
        ).fetchall()
        for (role,) in there:
            connection.execute(cast(QueryNoTemplate, f"alter role {role} rename to was_{role}"))
        connection.execute(cast(QueryNoTemplate, roles))
        connection.execute(cast(QueryNoTemplate, logins))


ARGUMENTS = {
    "run": None,  # a daemon that does what tick does
    "migrate": None,
    "token create": None,  # the owner's, as migrate is
    "token list": None,
    "token revoke": None,
    "load": ["events.csv"],
    "backtest": ["--since", "2d"],
    "compare": ["--baseline", "legacy", "--candidate", "new"],
    "baselines show": ["pages/new"],
    "observations show": ["00000000"],
    "observations ack": ["00000000", "--reason", "fixed"],
    "observations explain": ["00000000"],
    "observations revoke": ["1"],
    "observations watch": ["--once"],
    "maintenance add": ["--all-caches", "--for", "2h"],
    "maintenance end": ["1"],
    "maintenance remove": ["1"],
    "listeners forget": ["nobody"],
}
OBSERVATION = """
insert into monitoring.cache_auditor_observations (id, severity, category, title, description)
values ('00000000-0000-0000-0000-000000000000', 'info', 'anomaly', 'a title', 'a text')
"""


@pytest.fixture
def make_login(cluster: Cluster) -> Iterator[Callable[[set[str]], str]]:
    """A function that makes a login with some roles; dropped after the test's database."""
    made: list[str] = []

    def run(statement: str) -> None:
        with psycopg.connect(cluster.dsn, autocommit=True) as connection:
            connection.execute(cast(QueryNoTemplate, statement))

    def make(roles: set[str]) -> str:
        made.append(f"reader_{os.getpid()}_{len(made)}")
        run(f"create role {made[-1]} login")
        run(f"grant {', '.join(sorted(roles))} to {made[-1]}")
        return made[-1]

    yield make
    for login in made:
        run(f"drop role {login}")


def test_a_login_with_the_role_of_the_page_may_do_what_it_says(
    make_login: Callable[[set[str]], str], database: Database, tmp_path: Path
) -> None:
    """Each command with the role that privileges.md names for it, and no other."""
    (example,) = blocks(ROOT / "docs/load.md", "text")
    (tmp_path / "events.csv").write_text(example, "utf-8")
    database.connect().execute(OBSERVATION)
    page = (ROOT / "docs/privileges.md").read_text("utf-8").partition("## Who needs what")[2]
    lines = [line for line in page.splitlines() if line.startswith("| `cache-auditor ")]
    tried: dict[str, str] = {}
    for line in lines:
        _, commands, needed, _ = line.split("|")
        roles = set(re.findall(r"`(cache_auditor_\w+)`", needed))
        for command in re.findall(r"`cache-auditor ([a-z ]+)`", commands):
            arguments = ARGUMENTS.get(command, [])
            if arguments is None:
                continue
            dsn = make_conninfo(database.dsn, user=make_login(roles))
            done = Reader(tmp_path, dsn).says(
                "cache-auditor", *command.split(), *arguments, "--json"
            )
            tried[command] = f"{done.returncode} {done.stderr}"
            assert "permission denied" not in done.stderr + done.stdout, tried[command]
    outcomes = {command: said.split()[0] for command, said in tried.items()}
    assert outcomes == {
        "tick": "0", "load": "0", "retention": "0", "baselines compute": "0", "doctor": "0",
        "observations list": "0", "observations show": "0", "observations watch": "0",
        "observations ack": "0", "observations revoke": "0", "observations explain": "0",
        "observations feedback": "0", "observations budget": "0",
        "baselines list": "0", "maintenance list": "0",
        "maintenance add": "0", "maintenance end": "0", "maintenance remove": "0",
        "listeners list": "0", "notify list": "0", "notify retry": "0",
        "notify send": "2",  # there is no route
        "listeners forget": "2",  # there is no such listener
        "baselines show": "2",  # nothing is learned of it, which it was allowed to see
        "compare": "2",  # there are no two to compare, which it was allowed to see
        "backtest": "2",  # there is no window yet, which it was allowed to see
    }, tried  # fmt: skip


def test_the_pictures_folders_are_the_packages() -> None:
    """The README's table of folders names each package."""
    told = set(re.findall(r"^\| `(\w+)` \|", README.read_text("utf-8"), re.MULTILINE))
    assert told == {"collector", "sql", "baselines", "auditor"}
