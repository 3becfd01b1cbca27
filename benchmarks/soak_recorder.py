"""A process of the soak that records: numbered keys, a real collector, one thread.

Its own count of what it recorded lies in a mapped file, where it outlives a kill. What is done to
it from inside, at a fault point or by a full disk, is in `soak_faults`.
"""

from __future__ import annotations

import argparse
import mmap
import os
import signal
import sys
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.soak_faults import FAULT, arm, fill_disk_while, wrap
from collector import Collector, Settings
from collector.recorder import Bell, Recorder

OPERATIONS = ("hit", "hit", "hit", "miss", "set", "delete", "evict", "error")
# Bursts at full speed; about 500 events a second of each process, which two cores can also commit.
LONGEST_PAUSE_S = 0.08
LARGEST_BURST = 40
DRAIN_S = 60.0
# A flush is due each second; this is what ten seconds give, for one that outages hold up.
MOST_UNFLUSHED = 5_000
RECORDED, HEARD = range(2)


def settings_of(dsn: str, spool: Path, number: int) -> Settings:
    """Flushes often, so that much is under way whenever something is killed."""
    return Settings(
        dsn=dsn,
        node=f"recorder-{number}",
        spool_dir=str(spool),
        plain_keys=True,
        batch_size=200,
        flush_every_s=1.0,
        spread_s=0.2,
        heartbeat_s=5.0,
        aggregate="never",
        connect_timeout_s=2,
    )


def record(collector: Collector, number: int, seed: int, cells: memoryview, end: Bell) -> None:
    """Until the end: bursts of operations, each counted in the cell once it is recorded."""
    draw = Random(seed)
    implementation = ("legacy", "new")[number % 2]
    recorded = 0
    while not end.sleep(draw.random() * LONGEST_PAUSE_S):
        for _ in range(draw.randint(1, LARGEST_BURST)):
            operation = draw.choice(OPERATIONS)
            key, elapsed_ms = f"{number}:{recorded}", draw.expovariate(0.5)
            collector.record(operation, key, elapsed_ms, "soak", implementation)
            recorded += 1
            cells[RECORDED] = recorded


def mapped(truth: Path) -> memoryview:
    """Two 64-bit numbers in a file of their own, zero at first: recorded, and whether it is heard.

    Heard is 1 once the collector counts where the next process finds it.
    """
    descriptor = os.open(truth, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(descriptor, bytes(16))
    cells = memoryview(mmap.mmap(descriptor, 16)).cast("Q")
    os.close(descriptor)
    return cells


def note_when_heard(cells: memoryview) -> None:
    """The second cell is set when the collector's own counting begins."""

    def around(count_in: Any) -> Any:
        def noting(recorder: Recorder, counters: memoryview) -> None:
            count_in(recorder, counters)
            cells[HEARD] = 1

        return noting

    wrap(Recorder, "count_in", around)


def look_after_the_dead(collector: Collector, spool: Path, end: Bell) -> None:
    """Start without recording, and wait until no other process's folder is left."""
    collector.start()
    collector.flush()
    while len(list(spool.glob("*/*/lock"))) > 1 and not end.sleep(0.05):
        pass


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--spool", type=Path, required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--truth", type=Path, help="where to count; none: look after the dead")
    parser.add_argument("--full", type=Path, required=True, help="there while the disk is full")
    asked = parser.parse_args()
    end = Bell()  # an Event's lock may be held by the very thread that a signal interrupts
    signal.signal(signal.SIGTERM, lambda *_: end.ring())
    cells = mapped(asked.truth) if asked.truth is not None else None
    if cells is not None:
        note_when_heard(cells)
    fill_disk_while(asked.full)
    arm(os.environ.get(FAULT))
    collector = Collector(settings_of(asked.dsn, asked.spool, asked.number))
    if cells is None:
        look_after_the_dead(collector, asked.spool, end)
    else:
        record(collector, asked.number, asked.seed, cells, end)
    return 0 if collector.stop(DRAIN_S) else 1


if __name__ == "__main__":
    sys.exit(main())
