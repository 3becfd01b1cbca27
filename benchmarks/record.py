"""What a `record` costs the host, beside appending the same tuple with its time to a deque.

python -m benchmarks.record [--rounds N]
"""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Sequence
from time import perf_counter_ns, time_ns

from benchmarks.interleaved import medians
from collector.recorder import Recorder

CALLS = 50_000
GOAL_NS = 1_000.0


def record_ns() -> float:
    """Nanoseconds of one `record` that keeps its event."""
    record = Recorder(capacity=CALLS + 1, wake_every=100).record
    began = perf_counter_ns()
    for _ in range(CALLS):
        record("hit", "key", 0.5, "pages", "new")
    return (perf_counter_ns() - began) / CALLS


def append_ns() -> float:
    """Nanoseconds of one bare append of the same tuple, with the time read for it."""
    append = deque[object]().append
    began = perf_counter_ns()
    for _ in range(CALLS):
        append((time_ns(), "hit", "pages", "new", "key", 0.5, None, None, None, None, None, False))
    return (perf_counter_ns() - began) / CALLS


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.record")
    parser.add_argument("--rounds", type=int, default=31)
    rounds = parser.parse_args(words).rounds
    recording, bare = medians(record_ns, append_ns, rounds)
    print(f"record             {recording:7.0f} ns   goal: below {GOAL_NS:.0f} ns")
    print(f"time and append    {bare:7.0f} ns")
    print(f"ratio              {recording / bare:7.2f}")
    print(f"medians of {rounds} interleaved rounds of {CALLS} calls")
    return int(recording > GOAL_NS)


if __name__ == "__main__":
    sys.exit(main())
