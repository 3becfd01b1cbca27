"""How fast events get from `record` into the database, beside one bare COPY of the same rows.

python -m benchmarks.ingest [--events N] [--rounds N]

Ours: one thread records at full speed into a collector with its defaults but for the adding up, of
which there is none; the time runs from the first `record` until the last event is committed: keys
hashed, rules checked, batches counted on the disk, ledger and heartbeat written. Beside it in the
same rounds: psycopg's binary COPY of those rows, prepared beforehand, into the same table in one
transaction. Both sides use one core of this process (where the system lets us choose) and a
PostgreSQL of this run's own that flushes to the disk at each commit.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import psycopg

from auditor.postgres.embedded import EmbeddedPostgres
from auditor.schema.migrations import migrate
from benchmarks.interleaved import medians
from collector import Collector, Settings
from collector.sinks.postgres_types import EVENT_TYPES
from collector.statements import statements

GOAL = 0.6
KEYS = 20_000
SEED = 4
STORED = """
select "timestamp", operation_type, cache_name, implementation_type, cache_key, response_time_ms,
    cache_size, value_bytes, error_type, error_message, metadata, is_sample, node, batch_id
from monitoring.cache_metrics
order by id
"""

Call = tuple[str, str, float, str, str, int, int]


def calls(events: int) -> list[Call]:
    """What is recorded: nine hits of ten, keys of 20,000, in two implementations."""
    random = Random(SEED)
    return [
        (
            "hit" if random.random() < 0.9 else "miss",
            f"session:{random.randrange(KEYS)}",
            random.expovariate(2.0),
            "sessions",
            random.choice(("legacy", "new")),
            KEYS,
            random.randrange(100, 4_000),
        )
        for _ in range(events)
    ]


def recording(collector: Collector, recorded: list[Call]) -> Callable[[], float]:
    """Seconds from the first record to the last commit. Raises RuntimeError when any was lost."""

    def measure() -> float:
        record = collector.record
        began = perf_counter()
        for call in recorded:
            record(*call)
        flushed = collector.flush(600.0)
        took = perf_counter() - began
        tally = collector.tally
        if not flushed or tally is None or tally.delivered != collector.recorded:
            raise RuntimeError(f"of {collector.recorded} events not all are stored: {tally}")
        return took

    return measure


def copying(connection: psycopg.Connection, rows: list[tuple[Any, ...]]) -> Callable[[], float]:
    """Seconds of one transaction with nothing in it but these rows."""

    def measure() -> float:
        began = perf_counter()
        with (
            connection.transaction(),
            connection.cursor() as cursor,
            cursor.copy(statements()["copy_events"]) as copy,
        ):
            copy.set_types(EVENT_TYPES)
            for row in rows:
                copy.write_row(row)
        return perf_counter() - began

    return measure


@contextmanager
def one_core() -> Iterator[None]:
    """This thread, and those that it starts, on one core; where the system cannot, on any."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def compare(dsn: str, folder: Path, events: int, rounds: int) -> tuple[float, float]:
    """Seconds that it takes us, and that the bare COPY takes."""
    settings = Settings(dsn=dsn, spool_dir=str(folder), buffer_events=max(events, 100_000))
    collector = Collector(settings, aggregate="never")
    with psycopg.connect(dsn, autocommit=True) as connection:
        migrate(connection)
        with one_core():
            ours = recording(collector, calls(events))
            try:
                ours()
                rows = connection.execute(STORED).fetchall()
                return medians(ours, copying(connection, rows), rounds)
            finally:
                collector.stop()


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest")
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args(words)
    with TemporaryDirectory(dir="/var/tmp") as name:  # on a disk, which /tmp may not be
        folder = Path(name)
        folder.chmod(0o755)
        with EmbeddedPostgres(folder / "postgres") as dsn:
            seconds = compare(dsn, folder / "spool", options.events, options.rounds)
    ours, bare = (options.events / took for took in seconds)
    print(f"record to committed  {ours:10,.0f} events/s")
    print(f"one bare COPY        {bare:10,.0f} events/s")
    print(f"ratio                {ours / bare:10.2f}")
    print(f"goal: at least {GOAL}")
    print(f"medians of {options.rounds} interleaved rounds of {options.events} events")
    return int(ours < GOAL * bare)


if __name__ == "__main__":
    sys.exit(main())
