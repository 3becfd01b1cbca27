"""`spool status` and `spool replay`: what is said of the dead and the living, what is delivered."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from collector import trouble
from collector.batch import Batch
from collector.errors import SchemaMismatch, TokenRefused
from collector.losses import Counts, write
from collector.sinks.postgres import PostgresSink
from collector.spool import spool_maker
from collector.spool_folder import claim, destination_folder, name_destination
from tests.auditor.shell.served import TOKEN, serving
from tests.auditor.shell.tool import tool
from tests.collector.made import batch
from tests.postgres_clusters import Database

DEAD, ALIVE, OTHER = (str(UUID(int=number)) for number in (1, 2, 3))


def leave(root: Path, destination: str, batches: list[Batch], **bounds: Any) -> Path:
    """A folder as its process leaves it behind: spooled, counted, with the reason."""
    folder = destination_folder(str(root), destination)
    name_destination(folder, destination)
    own = folder / batches[0].collector_id
    own.mkdir()
    (own / "lock").touch()
    spool = spool_maker(2**30, 6 * 86_400.0, bounds.get("clock_ns", time.time_ns))(own, int)
    for one in batches:
        spool.append(one)
    events = sum(len(one.rows) for one in batches)
    write(own / "counts", Counts(events + 3, events, events, batches[-1].sequence))
    trouble.note(own, bounds.get("error", SchemaMismatch("no such table")), time.time())
    return own


def spool(
    *words: str, root: Path, dsn: str = "", code: int = 0, **variables: str
) -> dict[str, Any]:
    """What it says as JSON."""
    done = tool("spool", *words, "--folder", str(root), "--json", dsn=dsn, **variables)
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def left(database: Database, tmp_path: Path) -> Iterator[Path]:
    """A spool's root: one dead and one living process of this database, a dead one of another."""
    here = PostgresSink(database.dsn).destination
    leave(tmp_path, here, [batch(number, collector=1) for number in (1, 2, 3)])
    alive = leave(tmp_path, here, [batch(1, 4, collector=2)])
    leave(tmp_path, "host=elsewhere dbname=shop", [batch(1, 5, collector=3)])
    held = claim(alive)
    assert held is not None
    yield tmp_path
    held.release()


def count(database: Database) -> int:
    row = database.connect().execute("select count(*) from monitoring.cache_metrics").fetchone()
    assert row is not None
    return int(row[0])


def test_status_says_what_waits_where_and_why(left: Path, database: Database) -> None:
    """Batches, events, bytes, age, alive or dead; nothing is changed by looking; exit code 1."""
    before = {path: path.read_bytes() for path in left.rglob("*") if path.is_file()}
    found = spool("status", root=left, code=1)
    assert {path: path.read_bytes() for path in left.rglob("*") if path.is_file()} == before
    told = {
        each["collector_id"]: each for one in found["destinations"] for each in one["collectors"]
    }
    assert [(told[who]["alive"], told[who]["batches"], told[who]["events"], told[who]["lost"])
            for who in (DEAD, ALIVE, OTHER)] == [(False, 3, 30, 3), (True, 1, 4, 0),
                                                 (False, 1, 5, 3)]  # fmt: skip
    segments = sum(path.stat().st_size for path in left.glob(f"*/{DEAD}/*.seg"))
    assert told[DEAD]["bytes"] == segments > 0
    assert told[DEAD]["trouble"] == "no such table"
    assert told[DEAD]["oldest_at"].startswith("20")
    names = {one["destination"] for one in found["destinations"]}
    assert "host=elsewhere dbname=shop" in names


def test_status_as_a_table(left: Path) -> None:
    done = tool("spool", "status", "--folder", str(left))
    assert done.returncode == 1
    assert "host=elsewhere" in done.stdout
    assert done.stdout.count(" dead ") == 2
    assert done.stdout.count(" alive ") == 1
    assert "no such table" in done.stdout


def test_status_where_nothing_waits(tmp_path: Path) -> None:
    """Not even a folder."""
    done = tool("spool", "status", "--folder", str(tmp_path / "none"))
    assert (done.returncode, done.stdout) == (0, "nothing waits\n")


def test_replay_delivers_the_dead_and_leaves_the_living(left: Path, database: Database) -> None:
    """Once, with their goodbye and their loss; another destination's waits on, and is named."""
    done = tool("spool", "replay", "--folder", str(left), dsn=database.dsn)
    assert done.returncode == 0, done.stderr
    assert "30 events in 3 batches of 1 collectors delivered; 0 refused, 3 were lost" in done.stdout
    assert "5 events wait for host=elsewhere dbname=shop, which is not this one" in done.stderr
    assert count(database) == 30
    said = (
        "select collector_id::text, lost, goodbye_at is not null from monitoring.cache_collectors"
    )
    assert database.connect().execute(said).fetchall() == [(DEAD, 3, True)]
    assert not list(left.glob(f"*/{DEAD}"))
    assert len(list(left.glob(f"*/{ALIVE}/*.seg"))) == 1
    again = spool("replay", root=left, dsn=database.dsn)
    assert (again["collectors"], again["events"]) == (0, 0)


def test_replay_of_what_was_delivered_already_stores_nothing_twice(
    database: Database, tmp_path: Path
) -> None:
    """Killed between the commit and the forgetting."""
    sink = PostgresSink(database.dsn)
    leave(tmp_path, sink.destination, [batch(1), batch(2)])
    sink.deliver(batch(1))
    sink.close()
    found = spool("replay", root=tmp_path, dsn=database.dsn)
    assert (found["batches"], found["duplicates"]) == (2, 1)
    assert count(database) == 20


def test_replay_sets_aside_what_is_refused(database: Database, tmp_path: Path) -> None:
    """The rest is delivered; exit code 7 and the file's name; status shows it from then on."""
    rows = list(batch(1).rows)
    rows[4] = rows[4]._replace(operation_type="peek")
    leave(
        tmp_path, PostgresSink(database.dsn).destination,
        [Batch(batch(1).collector_id, 1, tuple(rows)), batch(2)],
    )  # fmt: skip
    done = tool("spool", "replay", "--folder", str(tmp_path), dsn=database.dsn)
    assert done.returncode == 7
    assert "1 rows refused; see" in done.stderr
    assert count(database) == 19
    (one,) = spool("status", root=tmp_path)["destinations"]
    assert (one["dead_letters"], one["collectors"]) == (1, [])


def test_replay_to_a_server_that_is_away_leaves_all_where_it_was(
    tmp_path: Path, database: Database, empty_database: Database
) -> None:
    """Exit code 4; of a schema that does not fit, 5; both may be tried again."""
    away = f"host={tmp_path} dbname=gone"
    leave(tmp_path, PostgresSink(away).destination, [batch(1)])
    leave(tmp_path, PostgresSink(empty_database.dsn).destination, [batch(1)])
    for dsn, code, words in (
        (away, 4, "waits where it was"),
        (empty_database.dsn, 5, "cache-auditor migrate"),
    ):
        done = tool("spool", "replay", "--folder", str(tmp_path), dsn=dsn)
        assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert len(list(tmp_path.glob(f"*/{DEAD}/*.seg"))) == 2


def test_replay_needs_a_destination(tmp_path: Path) -> None:
    done = tool("spool", "replay", "--folder", str(tmp_path), folder=tmp_path,
                PYTHONPATH=str(Path(__file__).resolve().parents[3]))  # fmt: skip
    assert (done.returncode, "CACHE_AUDITOR_URL" in done.stderr) == (3, True)


def test_replay_over_http(database: Database, tmp_path: Path) -> None:
    """To the ingest that the environment names."""
    with serving(database.dsn) as served:
        leave(tmp_path, served.url, [batch(1)])
        ingest = {"CACHE_AUDITOR_URL": served.url, "CACHE_AUDITOR_INGEST_TOKEN": TOKEN}
        found = spool("replay", root=tmp_path, **ingest)
    assert (found["collectors"], found["events"]) == (1, 10)
    assert count(database) == 10


def test_doctor_names_what_waits_and_the_command(database: Database, tmp_path: Path) -> None:
    """By what the last attempt said: an older or newer schema, a wrong token."""
    for error, advice in (
        (SchemaMismatch("relation does not exist"), "run: cache-auditor migrate"),
        (TokenRefused("answers 401"), "CACHE_AUDITOR_INGEST_TOKEN"),
        (ValueError("odd"), "can be reached"),
    ):
        root = tmp_path / type(error).__name__
        leave(root, "host=elsewhere dbname=shop", [batch(1)], error=error)
        done = tool(
            "doctor", "--json", dsn=database.dsn, CACHE_AUDITOR_SPOOL_DIR=str(root),
            CACHE_AUDITOR_URL="",
        )  # fmt: skip
        (found,) = [e for e in json.loads(done.stdout)["findings"] if e["check"] == "spool"]
        assert found["status"] == "warning"
        assert "10 events wait" in found["found"]
        assert str(error) in found["found"]
        assert advice in found["advice"]
        assert "cache-auditor spool replay" in found["advice"]


def test_doctor_looks_at_the_ingest(database: Database, tmp_path: Path) -> None:
    """Well, a wrong token, nobody there, a URL that is none."""
    with serving(database.dsn) as served:
        cases = [
            (served.url, TOKEN, "ok", "knows the token", ""),
            (served.url, "x" * 20, "fault", "401", "CACHE_AUDITOR_INGEST_TOKEN"),
            ("http://127.0.0.1:1", TOKEN, "fault", "refused", "cache-auditor serve"),
            ("http://ingest.example", TOKEN, "fault", "use https", "variable"),
        ]
        for url, token, status, words, advice in cases:
            done = tool(
                "doctor", "--json", dsn=database.dsn, CACHE_AUDITOR_SPOOL_DIR=str(tmp_path),
                CACHE_AUDITOR_URL=url, CACHE_AUDITOR_INGEST_TOKEN=token,
            )  # fmt: skip
            (found,) = [e for e in json.loads(done.stdout)["findings"] if e["check"] == "ingest"]
            assert (found["status"], words in found["found"]) == (status, True), found
            assert advice in found["advice"]
