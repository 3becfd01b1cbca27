"""A process of the soak that records: numbered keys, a real collector, one thread.

Its own count of what it recorded lies in a mapped file, where it outlives a kill.
"""

from __future__ import annotations

import argparse
import mmap
import os
import signal
import sys
import threading
from pathlib import Path
from random import Random

from collector import Collector, Settings

OPERATIONS = ("hit", "hit", "hit", "miss", "set", "delete", "evict", "error")
LONGEST_PAUSE_S = 0.05
LARGEST_BURST = 20
DRAIN_S = 60.0


def settings_of(dsn: str, spool: Path, number: int) -> Settings:
    """Flushes often, so that much is under way whenever something is killed."""
    return Settings(
        dsn=dsn,
        node=f"recorder-{number}",
        spool_dir=str(spool),
        plain_keys=True,
        batch_size=50,
        flush_every_s=1.0,
        spread_s=0.2,
        connect_timeout_s=2,
    )


def record(collector: Collector, number: int, seed: int, truth: Path, end: threading.Event) -> None:
    """Until the end: bursts of operations, each counted in the file once it is recorded."""
    draw = Random(seed)
    implementation = ("legacy", "new")[number % 2]
    with mapped(truth) as cells:
        recorded = 0
        while not end.wait(draw.random() * LONGEST_PAUSE_S):
            for _ in range(draw.randint(1, LARGEST_BURST)):
                operation = draw.choice(OPERATIONS)
                key, elapsed_ms = f"{number}:{recorded}", draw.expovariate(0.5)
                collector.record(operation, key, elapsed_ms, "soak", implementation)
                recorded += 1
                cells[0] = recorded


def mapped(truth: Path) -> memoryview:
    """One 64-bit number in a file of its own, zero at first."""
    descriptor = os.open(truth, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(descriptor, bytes(8))
    cells = memoryview(mmap.mmap(descriptor, 8)).cast("Q")
    os.close(descriptor)
    return cells


def look_after_the_dead(collector: Collector, spool: Path, end: threading.Event) -> None:
    """Start without recording, and wait until no other process's folder is left."""
    collector.start()
    collector.flush()
    while len(list(spool.glob("*/*/lock"))) > 1 and not end.wait(0.05):
        pass


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--spool", type=Path, required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--truth", type=Path, help="where to count; none: look after the dead")
    asked = parser.parse_args()
    end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    collector = Collector(settings_of(asked.dsn, asked.spool, asked.number))
    if asked.truth is None:
        look_after_the_dead(collector, asked.spool, end)
    else:
        record(collector, asked.number, asked.seed, asked.truth, end)
    return 0 if collector.stop(DRAIN_S) else 1


if __name__ == "__main__":
    sys.exit(main())
