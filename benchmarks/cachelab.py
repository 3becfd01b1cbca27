"""Alerts for a windows file with the cachelab's columns, by the defaults, as its scorer reads them.

    python benchmarks/cachelab.py WINDOWS OUT

WINDOWS: CSV, gzip or not, in any order; any caches, implementations and start. OUT: JSON lines, -
for stdout: one when an observation opens, whose window_start is the window whose scoring opened it,
and one for each later minute until it resolves. Severity, score (the rank) and kind (the ranked
causes under the lab's names) are those known at that window's end; nothing is taken back.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

if not __package__:  # called by its path
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from auditor.backtesting.lines import instant
from auditor.backtesting.replay import Replay, ReplaySettings, Told
from auditor.errors import CacheAuditorError
from auditor.tables.columns import ColumnMap, Derived
from auditor.tables.table import Table
from baselines.series import FloatArray
from benchmarks.lab_kinds import ranked_kinds

BLOCK = 1440
"""Minutes that are read at once; changes no line."""


def _hits_part(all_gets: FloatArray, misses: FloatArray) -> FloatArray:
    """What is left for the hits; both are rounded, so it may come out a hair below nothing."""
    return np.asarray(np.maximum(all_gets - np.nan_to_num(misses), 0.0))


COLUMNS = ColumnMap(
    names={
        "window_start": "minute_window",
        "cache": "cache_name",
        "errors_conn": "get_errors",
        "errors_backend": "load_errors",
        "errors_set": "set_errors",
        "resident_items": "avg_cache_size",
        "lat_get_sum": "latency_sum_ms",
        "lat_get_p50": "p50_response_time_ms",
        "lat_get_p95": "p95_response_time_ms",
        "lat_get_p99": "p99_response_time_ms",
        "lat_miss_sum": "miss_latency_sum_ms",
        "lat_miss_p95": "miss_p95_ms",
    },
    derived={
        "hit_latency_sum_ms": Derived(("latency_sum_ms", "miss_latency_sum_ms"), _hits_part),
    },
)
"""The lab's columns as ours; errors, gets and total_operations are sums of these."""


def alert(told: Told) -> dict[str, object]:
    """What is known of an observation at the end of the window that the change is of."""
    now = told.observation
    return {
        "window_start": instant(told.change.minute).isoformat(),
        "cache": now.key.cache_name,
        "implementation_type": now.key.implementation_type,
        "severity": now.severity.word,
        "score": round(now.rank, 3),
        "kind": ranked_kinds([each.name for each in now.causes]),
        "id": str(now.id),
        "change": type(told.change).__name__.lower(),
        "metric": now.metric,
    }


def alerts(
    table: Table,
    settings: ReplaySettings | None = None,
    progress: Callable[[int], None] = lambda _minutes: None,
) -> Iterator[dict[str, object]]:
    """All lines in the order of time. Raises what reading a table raises."""
    engine = Replay(settings or ReplaySettings(), every_minute=True)
    for block in table.blocks(BLOCK):
        for told in engine.feed(block):
            yield alert(told)
        progress(block.shape[0])


def write(table: Table, out: TextIO) -> tuple[int, int]:
    """Writes all lines as they come; returns how many observations and how many lines."""
    seen, lines, done = set(), 0, 0
    survey = table.survey()

    def progress(minutes: int) -> None:
        nonlocal done
        done += minutes
        if sys.stderr.isatty():
            share = done / (survey.until - survey.since)
            print(f"\r{table.path.name} {share:4.0%}", end="", file=sys.stderr, flush=True)

    for each in alerts(table, progress=progress):
        out.write(json.dumps(each) + "\n")
        seen.add(each["id"])
        lines += 1
    return len(seen), lines


def main(words: Sequence[str] | None = None) -> int:
    """Writes the alerts; says how many and how long it took on stderr."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("windows", type=Path)
    parser.add_argument("out")
    chosen = parser.parse_args(words)
    began = time.monotonic()
    try:
        table = Table(chosen.windows, COLUMNS)
        rows = table.survey().rows
        if chosen.out == "-":
            found, lines = write(table, sys.stdout)
        else:
            with Path(chosen.out).open("w", encoding="utf-8") as out:
                found, lines = write(table, out)
    except (CacheAuditorError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    took = time.monotonic() - began
    said = f"{rows} windows, {found} observations, {lines} lines, {took:.0f} s"
    print(f"{said}, {rows / max(took, 1e-9):,.0f} windows/s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
