"""`observations list|show|ack|watch` as a person uses them, in processes of their own."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from auditor.listening.changes import Cursor, catch_up, read_floor, read_floor_at
from auditor.schema.migrations import migrate
from tests.auditor.shell.tool import started, tool
from tests.postgres_clusters import Database, PrivateCluster

PATIENCE_S = 60.0


def cli(dsn: str, *words: str) -> subprocess.CompletedProcess[str]:
    return tool(*words, dsn=dsn)


def observe(connection: psycopg.Connection, title: str, severity: str = "warning") -> str:
    row = connection.execute(
        "insert into monitoring.cache_auditor_observations"
        " (cache_name, implementation_type, severity, category, title, description)"
        " values ('pages', 'new', %s, 'performance', %s, 'd') returning id",
        [severity, title],
    ).fetchone()
    assert row is not None
    return str(row[0])


class Watching:
    """A running `observations watch --json`, its lines as they come."""

    def __init__(self, dsn: str, *words: str) -> None:
        self.process = started("--json", "observations", "watch", *words, dsn=dsn)
        self.lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self.notes: queue.Queue[str] = queue.Queue()
        self.readers = [
            threading.Thread(target=self._read, args=pair)
            for pair in ((self.process.stdout, self._line), (self.process.stderr, self._note))
        ]
        for reader in self.readers:
            reader.start()

    def _read(self, stream: Any, into: Any) -> None:
        with stream:
            for line in stream:
                into(line)

    def end(self) -> None:
        """Kills it and waits until all it said has been read."""
        self.process.kill()
        self.process.wait()
        for reader in self.readers:
            reader.join()

    def _line(self, line: str) -> None:
        self.lines.put(json.loads(line))

    def _note(self, line: str) -> None:
        self.notes.put(line)

    def next(self) -> dict[str, Any]:
        return self.lines.get(timeout=PATIENCE_S)

    def titles(self, count: int) -> list[str]:
        return [self.next()["observation"]["title"] for _ in range(count)]


@contextmanager
def watching(dsn: str, *words: str) -> Iterator[Watching]:
    made = Watching(dsn, *words)
    try:
        yield made
    finally:
        made.end()


def test_watch_says_what_is_open_and_then_what_changes(database: Database) -> None:
    """First the open ones, then each change with its kind, as it happens."""
    connection = database.connect()
    observe(connection, "was open")
    with watching(database.dsn) as terminal:
        first = terminal.next()
        assert (first["kind"], first["observation"]["title"]) == ("open", "was open")
        id_ = observe(connection, "came later", "critical")
        opened = terminal.next()
        assert (opened["kind"], opened["observation"]["title"]) == ("opened", "came later")
        acked = cli(
            database.dsn, "observations", "ack", id_[:8], "--reason", "fixed", "--by", "ada"
        )
        assert acked.returncode == 0
        change = terminal.next()
        assert (change["kind"], change["by"], change["reason"]) == ("acknowledged", "ada", "fixed")


def test_watch_loses_nothing_when_the_database_is_killed(private_cluster: PrivateCluster) -> None:
    """What happens while it is away is said after it is back, once, in order."""
    with psycopg.connect(private_cluster.dsn, autocommit=True) as connection:
        migrate(connection)
    with watching(private_cluster.dsn) as terminal:
        with psycopg.connect(private_cluster.dsn, autocommit=True) as connection:
            observe(connection, "before")
        assert terminal.titles(1) == ["before"]
        private_cluster.kill()
        assert "connection lost" in terminal.notes.get(timeout=PATIENCE_S)
        private_cluster.start()
        with psycopg.connect(private_cluster.dsn, autocommit=True) as connection:
            for number in range(5):
                observe(connection, f"away {number}")
        assert terminal.titles(5) == [f"away {number}" for number in range(5)]
        assert terminal.lines.empty()


def test_commits_out_of_order_are_not_missed(database: Database) -> None:
    """A change with a lower id that commits later is still read: no `id > last`."""
    early, late, reader = database.connect(), database.connect(), database.connect()
    cursor = Cursor(read_floor(reader))
    with early.transaction():
        observe(early, "began first")
        observe(late, "committed first")
        heard = [row.observation["title"] for row in catch_up(reader, cursor)]
        assert heard == ["committed first"]
    heard = [row.observation["title"] for row in catch_up(reader, cursor)]
    assert heard == ["began first"]
    assert catch_up(reader, cursor) == []
    assert cursor.seen == {} or min(cursor.seen.values()) >= cursor.floor


def test_a_look_back_waits_for_what_began_earlier(database: Database) -> None:
    """--since begins below a transaction that is still open, and so hears of it too."""
    slow, quick, reader = database.connect(), database.connect(), database.connect()
    with slow.transaction():
        observe(slow, "began first")
        observe(quick, "committed first")
        cursor = Cursor(read_floor_at(reader, datetime.now(UTC) - timedelta(hours=1)))
        assert [r.observation["title"] for r in catch_up(reader, cursor)] == ["committed first"]
    assert [r.observation["title"] for r in catch_up(reader, cursor)] == ["began first"]


def test_a_rolled_back_change_is_never_heard(database: Database) -> None:
    """The log is written in the change's own transaction."""
    connection, reader = database.connect(), database.connect()
    cursor = Cursor(read_floor(reader))
    with connection.transaction(force_rollback=True):
        observe(connection, "never was")
    assert catch_up(reader, cursor) == []


def test_list_says_when_nothing_is_open(database: Database) -> None:
    """The empty state says so, and what else there is to ask."""
    done = cli(database.dsn, "observations", "list")
    assert done.returncode == 0
    assert "no open observations" in done.stdout


def test_list_and_show_take_short_ids(database: Database) -> None:
    """What list shows is what show takes."""
    id_ = observe(database.connect(), "hit rate of pages/new fell")
    listed = cli(database.dsn, "observations", "list")
    assert id_[:8] in listed.stdout
    shown = cli(database.dsn, "observations", "show", id_[:8])
    assert "hit rate of pages/new fell" in shown.stdout
    assert "opened" in shown.stdout
    (row,) = json.loads(cli(database.dsn, "--json", "observations", "list").stdout)
    assert row["id"] == id_


def test_ack_takes_many_and_says_what_became_of_each(database: Database) -> None:
    """Unknown and already signed ones are said, the rest is signed, the exit code is 2."""
    connection = database.connect()
    one, other = observe(connection, "one"), observe(connection, "other")
    words = ("--reason", "false-alarm", "--by", "ada")
    assert cli(database.dsn, "observations", "ack", one, *words).returncode == 0
    done = cli(database.dsn, "observations", "ack", one, other, "0123abcd", *words)
    assert done.returncode == 2
    said = done.stdout.splitlines()[-3:]
    assert "already acknowledged by ada" in said[0]
    assert "acknowledged by ada: other" in said[1]
    assert "no observation's id begins with" in said[2]


def test_ack_refuses_a_reason_it_does_not_know(database: Database) -> None:
    """The four reasons are named."""
    done = cli(database.dsn, "observations", "ack", "0123abcd", "--reason", "boring")
    assert done.returncode == 2
    assert "fixed, expected, false-alarm, new-normal" in done.stderr.replace("\n", " ")


def test_markup_and_control_characters_stay_text(database: Database) -> None:
    """A title cannot colour or rewrite the terminal."""
    observe(database.connect(), "[bold]x[/bold] \x1b[2J evil")
    shown = cli(database.dsn, "observations", "list").stdout
    assert "[bold]" in shown
    assert "\x1b" not in shown


def test_list_and_show_say_how_far_a_problem_reaches(database: Database) -> None:
    connection = database.connect()
    id_ = observe(connection, "it reaches further")
    also = {"also": [{"cache_name": "pages", "implementation_type": "legacy"}]}
    connection.execute(
        "update monitoring.cache_auditor_observations set metadata = %s", [json.dumps(also)]
    )
    assert "and 1 more series" in cli(database.dsn, "observations", "show", id_[:8]).stdout
    shown = json.loads(cli(database.dsn, "--json", "observations", "list").stdout)
    assert shown[0]["also"] == also["also"]
    connection.execute("update monitoring.cache_auditor_observations set metadata = '{}'")
    assert "more series" not in cli(database.dsn, "observations", "show", id_[:8]).stdout
