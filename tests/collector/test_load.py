"""`cache-auditor load` from file to database."""

import gzip
import json
from pathlib import Path
from random import Random

import pytest

from tests.auditor.shell.tool import tool
from tests.postgres_clusters import Database


def load(database: Database, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of the command."""
    done = tool("load", *arguments, dsn=database.dsn, typed=stdin)
    return done.returncode, done.stdout, done.stderr


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.connect() as conn:
        return conn.execute(query).fetchall()  # type: ignore[arg-type]  # a test's own text


EVENTS = (
    "ts_ms,cache,implementation_type,operation_type,outcome,key_hash,latency_ms,size\n"
    "1757980800068,pages,new,get,miss,04a6c271,50.25,\n"
    "1757980800069,pages,new,set,ok,04a6c271,1.32,95\n"
    "not a time,pages,new,get,hit,04a6c271,1.32,95\n"
    "1757980860089,pages,legacy,get,hit,d391e0ec,1.08,148\n"
)


def test_good_lines_are_kept_bad_ones_named_and_twice_is_once(
    database: Database, tmp_path: Path
) -> None:
    """Three of four lines stored; the fourth with its number and reason; again: nothing new."""
    path = tmp_path / "events.csv.gz"
    path.write_bytes(gzip.compress(EVENTS.encode()))
    for time, stored in ((1, 3), (2, 0)):
        code, out, err = load(database, str(path), "--json")
        assert (code, json.loads(out)["files"][0]["stored"]) == (7, stored), (time, err)
    code, _, err = load(database, str(path))
    assert ":4: timestamp_ms 'not a time' is not a number" in err
    assert rows(
        database,
        "select operation_type, implementation_type, cache_key, response_time_ms, value_bytes "
        "from monitoring.cache_metrics order by timestamp",
    ) == [
        ("miss", "new", "04a6c271", 50.25, None),
        ("set", "new", "04a6c271", 1.32, 95),
        ("hit", "legacy", "d391e0ec", 1.08, 148),
    ]


def test_a_dry_run_stores_nothing(database: Database) -> None:
    """From standard input, as JSON lines recognised by their first character."""
    line = b'{"ts": "2025-09-16T00:00:00", "op": "hit", "key": "k"}\n'
    code, out, err = load(database, "-", "--dry-run", "--json", stdin=line * 3)
    assert code == 0, err
    assert json.loads(out)["files"][0]["lines"] == 3
    assert rows(database, "select 1 from monitoring.cache_metric_batches") == []


def test_mapping_keep_and_the_refusals_file(database: Database, tmp_path: Path) -> None:
    """Other column names; the span is pinned once; refused lines go to a file."""
    path, refused = tmp_path / "odd.csv", tmp_path / "refused.txt"
    path.write_text("when,what\n2024-01-01T00:00:00Z,hit\n2024-01-02T00:00:00Z,miss\n,hit\n")
    flags = ["--map", "when=timestamp", "--map", "what=operation_type", "--keep"]
    for _ in range(2):
        code, _, err = load(database, str(path), *flags, "--refused", str(refused))
        assert code == 7, err
    assert refused.read_text() == f"{path}:4: no timestamp\n"
    assert rows(
        database,
        "select since at time zone 'UTC' = '2024-01-01', until > '2024-01-02Z' "
        "from monitoring.cache_retention_pins",
    ) == [(True, True)]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["/nonexistent.csv"], 2, "there is no file"),
        (["x.csv", "--map", "a=b"], 2, "b is none of our names"),
        (["x.csv", "--map", "ab"], 2, "is not COLUMN=NAME"),
        (["x.csv", "--format", "xml"], 2, "csv or jsonl"),
    ],
)
def test_mistakes_on_the_command_line(
    database: Database, arguments: list[str], code: int, words: str
) -> None:
    """Said in words, with the code for a wrong command line."""
    found, _, err = load(database, *arguments)
    assert (found, words in err) == (code, True), err


def test_every_wrong_file_name_is_said_at_once(database: Database, tmp_path: Path) -> None:
    """Before anything is loaded, the good ones among them too."""
    good = tmp_path / "good.csv"
    good.write_text(EVENTS)
    absent = [str(tmp_path / "one.csv"), str(tmp_path / "two.csv")]
    code, _, err = load(database, str(good), absent[0], str(tmp_path), absent[1])
    assert code == 2
    assert all(f"there is no file {name};" in err for name in absent)
    assert f"{tmp_path} is a folder" in err
    assert rows(database, "select 1 from monitoring.cache_metric_batches") == []


@pytest.mark.parametrize("name", ["rubbish.csv", "rubbish.jsonl"])
def test_binary_rubbish_does_not_reach_the_terminal(
    database: Database, tmp_path: Path, name: str
) -> None:
    """No control character is printed, and not a screenful of what is no column either."""
    path = tmp_path / name
    path.write_bytes(Random(7).randbytes(50_000) + b"\x1b]0;title\x07\n\x1b[31mred")
    code, out, err = load(database, str(path))
    assert code == 7, err
    assert not {*map(chr, range(32)), *map(chr, range(127, 160))} - {"\n", "\t"} & {*out, *err}
    assert len(err) < 20_000


def test_a_header_cannot_rewrite_the_terminal(database: Database, tmp_path: Path) -> None:
    """It is named in the error, with its control characters as numbers."""
    path = tmp_path / "odd.csv"
    path.write_bytes(b"\x1b[31mred,\x07bell," + b"x" * 5_000 + b"\n1,2,3\n")
    code, _, err = load(database, str(path))
    assert code == 7
    assert "\\x1b[31mred, \\x07bell" in err
    assert "\x1b" not in err
    assert len(err) < 500


def test_a_damaged_file_is_said(database: Database, tmp_path: Path) -> None:
    """A gzip file cut short: refused, and nothing of it stored."""
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress(EVENTS.encode() * 1000)[:-20])
    code, _, err = load(database, str(path))
    assert (code, "cannot be read" in err) == (7, True)
    assert rows(database, "select 1 from monitoring.cache_metric_batches") == []
