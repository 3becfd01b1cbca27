"""`benchmarks/cachelab.py` reads any file of the lab's columns and tells nothing from later."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from auditor.backtesting.lines import instant
from auditor.causes.registry import signatures
from auditor.tables.table import Table
from baselines.series import Windows
from benchmarks.cachelab import COLUMNS, main
from benchmarks.healthy_traffic import DAY, START, Cache, made, without_hits
from benchmarks.lab_kinds import KINDS, VOCABULARY, ranked_kinds

SINCE = DAY + 500
LAB = {
    "hits": "hits", "misses": "misses", "sets": "sets", "deletes": "deletes",
    "errors_conn": "get_errors", "errors_backend": "load_errors", "errors_set": "set_errors",
    "evictions": "evictions", "expirations": "expirations", "bytes_read": "bytes_read",
    "bytes_written": "bytes_written", "distinct_keys": "distinct_keys",
    "resident_items": "avg_cache_size", "lat_get_sum": "latency_sum_ms",
    "lat_get_p50": "", "lat_get_p95": "", "lat_get_p99": "",
    "lat_miss_sum": "miss_latency_sum_ms", "lat_miss_p95": "", "lat_set_sum": "", "lat_set_p95": "",
}  # fmt: skip
"""The lab's columns and ours; those that are empty here nobody measured."""


@pytest.fixture(scope="module")
def windows() -> Windows:
    """A day and a half of a cache that loses 60 % of its hits for an hour."""
    healthy = made(Cache("basket", "flat", 300.0, 1, (3, 0)), DAY + 620)
    return without_hits(healthy, 0, SINCE, SINCE + 60, 0.6, np.random.default_rng(5))


def lab_rows(windows: Windows) -> list[list[str]]:
    """One row a window, as the lab writes it."""
    out = []
    for row in range(windows.shape[0]):
        at = f"{instant(windows.start + row):%Y-%m-%dT%H:%M:%SZ}"
        for column, key in enumerate(windows.keys):
            numbers = [
                f"{windows.columns[name][row, column]:.6g}" if name else "" for name in LAB.values()
            ]
            out.append([at, key.cache_name, key.implementation_type, *numbers])
    return out


def write(path: Path, rows: list[list[str]]) -> Path:
    text = io.StringIO()
    csv.writer(text).writerows([["window_start", "cache", "implementation_type", *LAB], *rows])
    written = text.getvalue().encode()
    path.write_bytes(gzip.compress(written) if path.suffix == ".gz" else written)
    return path


def alerts(path: Path, out: Path) -> list[dict[str, object]]:
    """What the benchmark writes of a file."""
    assert main([str(path), str(out)]) == 0
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


def test_a_loss_is_told_at_once_each_minute_and_from_what_was_known_then(
    windows: Windows, tmp_path: Path
) -> None:
    """The opening line comes first, a line follows for every later minute, and the input cut one
    minute after the window of the opening gives the very same line."""
    whole = alerts(write(tmp_path / "all.csv", lab_rows(windows)), tmp_path / "all.jsonl")
    minutes = [
        int(datetime.fromisoformat(str(each["window_start"])).timestamp()) // 60 - START
        for each in whole
    ]
    openings = [at for at, each in enumerate(whole) if each["change"] == "opened"]
    assert next(minutes[at] - SINCE for at in openings if minutes[at] >= SINCE) in range(6)
    first = next(at for at in openings if minutes[at] >= SINCE)
    own = [
        minute
        for minute, each in zip(minutes, whole, strict=True)
        if each["id"] == whole[first]["id"]
    ]
    assert own == list(range(own[0], own[0] + len(own)))
    assert len(own) >= 55
    assert set(whole[first]) >= {"severity", "score", "kind", "cache", "implementation_type"}
    assert {kind for each in whole for kind in each["kind"]} <= VOCABULARY  # type: ignore[attr-defined]

    until = minutes[first] + 1
    rows = lab_rows(windows.rows(0, until))
    random.Random(1).shuffle(rows)
    cut = alerts(write(tmp_path / "cut.csv.gz", rows), tmp_path / "cut.jsonl")
    assert cut == whole[: len(cut)]
    assert cut[-1] == whole[first]


def test_the_lab_s_columns_become_ours(windows: Windows, tmp_path: Path) -> None:
    """Errors, gets, operations and the hits' time are what their parts say."""
    table = Table(write(tmp_path / "some.csv", lab_rows(windows.rows(0, 60))), COLUMNS)
    (read,) = table.blocks(60)
    for name in (
        "gets", "total_operations", "errors", "get_errors", "avg_cache_size",
        "hit_latency_sum_ms", "miss_latency_sum_ms", "latency_sum_ms", "distinct_keys",
    ):  # fmt: skip
        written = windows.columns[name][:60]
        np.testing.assert_allclose(read.column(name), written, rtol=1e-4, atol=1e-2, err_msg=name)


def test_every_cause_has_a_kind_of_the_vocabulary() -> None:
    """A new cause without one would be refused in the middle of a run."""
    assert {each.name for each in signatures()} <= set(KINDS)
    assert set(KINDS.values()) <= VOCABULARY


def test_kinds_keep_the_order_of_causes_and_come_once() -> None:
    """Two causes of one kind take one place, so that a third one still counts."""
    found = ranked_kinds(["cold_start", "cache_down", "memory_pressure"])
    assert found == ["cold_restart", "capacity_shrink"]


def test_a_file_that_is_none_is_refused_with_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code says so, and so does stderr."""
    assert main([str(tmp_path / "absent.csv"), str(tmp_path / "out")]) == 1
    assert "absent.csv" in capsys.readouterr().err
