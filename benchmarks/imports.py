"""What importing the collector's public names costs, beside three modules that any host has.

Both from compiled files, as of an installed package, kept in a folder of this run's own.

python -m benchmarks.imports [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from tempfile import TemporaryDirectory

from benchmarks.interleaved import medians

PUBLIC = (
    "from collector import Collector, Settings, record, record_cache_error, record_cache_hit, "
    "record_cache_miss, record_cache_set, start_collector, stop_collector, watch"
)
BESIDE = "import logging, threading, dataclasses"
GOAL_RATIO = 1.5


def import_ms(statement: str, compiled: str) -> Callable[[], float]:
    """Milliseconds of one statement in a new interpreter, its start not counted.

    compiled: the folder of compiled files.
    """
    environment = os.environ | {"PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    code = (
        "from time import perf_counter as now; began = now()\n"
        f"{statement}\n"
        "print((now() - began) * 1000)"
    )

    def measure() -> float:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        return float(done.stdout)

    return measure


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imports")
    parser.add_argument("--rounds", type=int, default=41)
    rounds = parser.parse_args(words).rounds
    with TemporaryDirectory() as compiled:
        measures = import_ms(PUBLIC, compiled), import_ms(BESIDE, compiled)
        ours, beside = medians(*measures, rounds)
    print(f"collector's public names    {ours:6.2f} ms")
    print(f"logging, threading, ...     {beside:6.2f} ms")
    print(f"ratio                       {ours / beside:6.2f}      goal: at most {GOAL_RATIO}")
    print(f"medians of {rounds} interleaved pairs of interpreters")
    return int(ours / beside > GOAL_RATIO)


if __name__ == "__main__":
    sys.exit(main())
