"""Recorded events: columns by many names, clear refusals, ids that follow from the content."""

import gzip
import io
from pathlib import Path
from typing import Any

import pytest

from collector.batch import LARGEST_BATCH
from collector.events import Refused
from collector.keys import KeyHasher
from collector.recorded import HashedKey, UnusableColumns, check_mapping, read_events
from collector.recorded_batches import as_text, batches, measure, open_recorded

NOW_NS = 1_800_000_000 * 10**9
FIELDS = [
    "timestamp", "operation", "cache", "implementation", "key", "elapsed", "cache_size",
    "value_bytes", "error_type", "error_message", "metadata", "is_sample",
]  # fmt: skip


def read(text: str, form: str = "csv", **mapping: str) -> list[tuple[int, Any]]:
    return list(read_events(io.StringIO(text), form, mapping))


def only(text: str, form: str = "csv", **mapping: str) -> dict[str, Any]:
    ((_, event),) = read(text, form, **mapping)
    assert not isinstance(event, Refused), event
    return dict(zip(FIELDS, event, strict=True))


@pytest.mark.parametrize(
    ("column", "value", "nanoseconds"),
    [
        ("timestamp", "2025-09-16T00:00:00.068", 1757980800068000000),
        ("ts", "2025-09-16 00:00:00.068Z", 1757980800068000000),
        ("time", "2025-09-16T02:00:00.068+02:00", 1757980800068000000),
        ("timestamp", "1757980800.068", 1757980800068000000),
        ("ts_ms", "1757980800068", 1757980800068000000),
        ("ts_ms", "1757980800068.5", 1757980800068500000),
        ("ts_us", "1757980800068001", 1757980800068001000),
        ("ts_ns", "1757980800068000123", 1757980800068000123),
    ],
)
def test_instants(column: str, value: str, nanoseconds: int) -> None:
    """ISO 8601 (no zone: UTC) or epoch in four units, exact to the last digit."""
    assert only(f"{column},operation_type\n{value},hit\n")["timestamp"] == nanoseconds


@pytest.mark.parametrize(
    ("operation", "outcome", "expected"),
    [
        ("get", "hit", ("hit", None)),
        ("get", "miss", ("miss", None)),
        ("get", "miss_error", ("miss", "load_error")),
        ("get", "error", ("error", "get_error")),
        ("set", "ok", ("set", None)),
        ("set", "error", ("set", "set_error")),
        ("delete", "ok", ("delete", None)),
        ("evict", "", ("evict", None)),
        ("eviction", "", ("evict", None)),
        ("expiration", "ok", ("expire", None)),
        ("HIT", "", ("hit", None)),
    ],
)
def test_operations(operation: str, outcome: str, expected: tuple[str, str | None]) -> None:
    """A recorded get is a hit, a miss or an error by its outcome."""
    event = only(f"ts_ms,op,outcome\n1,{operation},{outcome}\n")
    assert (event["operation"], event["error_type"]) == expected


def test_all_columns_of_a_csv() -> None:
    """By alias or by our name; empty cells are nothing."""
    event = only(
        "ts_ms,cache,implementation_type,operation_type,outcome,key,latency_us,size,metadata,x\n"
        '1000,pages,new,get,hit,k,1500,95,"{""similarity"": 0.9}",unused\n'
    )
    assert event == {
        "timestamp": 10**9, "operation": "hit", "cache": "pages", "implementation": "new",
        "key": "k", "elapsed": 1.5, "cache_size": None, "value_bytes": 95, "error_type": None,
        "error_message": None, "metadata": {"similarity": 0.9}, "is_sample": False,
    }  # fmt: skip


def test_json_lines() -> None:
    """The same names; numbers as numbers, objects as objects."""
    event = only(
        '{"timestamp": "2025-09-16T00:00:00", "operation_type": "miss", "cache_key": "k", '
        '"response_time_ms": 2.5, "metadata": {"a": 1}, "error_type": null}\n',
        "jsonl",
    )
    assert (event["operation"], event["elapsed"], event["metadata"]) == ("miss", 2.5, {"a": 1})


def test_a_mapping_comes_before_the_aliases() -> None:
    """What the user says a column is, it is; a column of that name then is not used."""
    text = "when,what,time,size,bytes\n5,hit,9,1,2\n"
    mapping = {"when": "timestamp", "what": "operation_type", "bytes": "value_bytes"}
    event = only(text, **mapping)
    assert (event["timestamp"], event["value_bytes"]) == (5 * 10**9, 2)


@pytest.mark.parametrize(
    ("header", "mapping", "reason"),
    [
        ("a,b", {}, "no column for the timestamp in a, b"),
        ("ts,b", {}, "no column for operation_type in ts, b"),
        ("ts,time,op", {}, "two columns for timestamp"),
        ("ts,op", {"nix": "cache_name"}, "no column nix; there are ts, op"),
    ],
)
def test_unusable_columns_are_named(header: str, mapping: dict[str, str], reason: str) -> None:
    """Before a line is read, with the names in it."""
    with pytest.raises(UnusableColumns, match=reason):
        read(f"{header}\n1,2,3\n", **mapping)


def test_a_mapping_to_nothing_we_know() -> None:
    """The message lists what there is."""
    with pytest.raises(UnusableColumns, match="value_bytes"):
        check_mapping({"a": "valuebytes"})


def test_refusals_have_line_and_reason_and_the_rest_is_kept() -> None:
    """Line numbers are those of the file, across lines inside quotes and empty lines."""
    text = (
        "ts_ms,op,outcome,latency_ms,size,key\n"
        "1,get,hit,1,2,k\n"
        "x,get,hit,1,2,k\n"
        "\n"
        '1,set,ok,1,2,"two\nlines"\n'
        "1,get,perhaps,1,2,k\n"
        "1,get,hit,fast,2,k\n"
        "1,get,hit,1,2.5,k\n"
        "1,get\n"
        ",get,hit,1,2,k\n"
        "1,get,miss,1,2,k\n"
    )
    found = {line: e.reason if isinstance(e, Refused) else e[1] for line, e in read(text)}
    assert found == {
        2: "hit",
        3: "timestamp_ms 'x' is not a number",
        5: "set",
        7: "operation_type 'get' with outcome 'perhaps' is not known",
        8: "response_time_ms 'fast' is not a number",
        9: "value_bytes '2.5' is not a whole number",
        10: "2 columns where the header has 6",
        11: "no timestamp",
        12: "miss",
    }


def test_json_lines_that_are_none() -> None:
    """Said with their line."""
    found = read('{"ts": 1, "op": "hit"}\nnot json\n[1]\n', "jsonl")
    assert [line for line, event in found if isinstance(event, Refused)] == [2, 3]


def write_day(path: Path, lines: int) -> Path:
    text = "ts_ms,op,key_hash\n" + "".join(f"{n},hit,{n:08x}\n" for n in range(lines - 1))
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def test_ids_follow_from_the_content(tmp_path: Path) -> None:
    """Zipped or not, the same ids; 5,000 lines a batch; the sequence is the range's first line."""
    ids = []
    for name in ("a.csv", "b.csv.gz"):
        path = write_day(tmp_path / name, 12_000)
        with open_recorded(path) as stream:
            content = measure(stream)
        assert content.lines == 12_000
        with open_recorded(path) as stream, as_text(stream) as text:
            cuts = list(batches(content, read_events(text, "csv"), KeyHasher(b"s"), NOW_NS))
        ids.append([(cut.batch.collector_id, cut.batch.sequence) for cut in cuts])
        assert [len(cut.batch.rows) for cut in cuts] == [LARGEST_BATCH - 1, LARGEST_BATCH, 2000]
        assert cuts[1].row_lines[0] == 5001
    assert ids[0] == ids[1]
    assert [sequence for _, sequence in ids[0]] == [1, 5001, 10001]


def test_hashed_keys_are_kept_and_others_hashed() -> None:
    """A column key_hash is a hash already; a key is hashed as a live one."""
    assert only("ts,op,key_hash\n1,hit,04a6c271\n")["key"] == HashedKey("04a6c271")
    content = measure(io.BytesIO(b"x"))
    hasher = KeyHasher(b"s")
    events = iter(read("ts,op,key\n1,hit,user:7\n") + read("ts,op,key_hash\n1,hit,04a6\n"))
    (cut,) = batches(content, events, hasher, NOW_NS)
    assert [row.cache_key for row in cut.batch.rows] == [hasher("user:7", ""), "04a6"]


def test_events_from_the_future_are_refused() -> None:
    """History of any age is taken, a day after tomorrow is not."""
    content = measure(io.BytesIO(b"x"))
    text = f"ts_ns,op\n0,hit\n{NOW_NS + 2 * 86_400 * 10**9},hit\n"
    (cut,) = batches(content, iter(read(text)), KeyHasher(b"s"), NOW_NS)
    assert [line for line, _ in cut.refused] == [3]
    assert len(cut.batch.rows) == 1
