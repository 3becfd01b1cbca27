"""Quality and speed on the same windows, beside what one would take instead.

    python benchmarks/peers.py [--without-ours]

On the cachelab's development workloads ($CACHELAB, or ../shared/cachelab) by its scorer, where it
is; else on generated ones with planted incidents. Ours replays the windows from the first on with
defaults, learning each day; peers are fitted on the first week. Speed is processor time in one
process, reading the file left out, beside one bare isolation forest that is fitted on all the rows
and scores them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import reduce
from importlib.util import find_spec
from operator import add
from pathlib import Path

import numpy as np

if not __package__:  # called by its path
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from sklearn.ensemble import IsolationForest

from auditor.backtesting.replay import Replay, ReplaySettings
from benchmarks.alert_figures import Alert, Figures, Workload, alert_lines
from benchmarks.cachelab import BLOCK, alert
from benchmarks.peer_detectors import Peer, measures, peers
from benchmarks.peer_workloads import workloads

OURS = "cache-auditor"
Judge = Callable[[Workload], list[Alert]]


def ours(workload: Workload) -> list[Alert]:
    """The lines of benchmarks/cachelab.py."""
    engine = Replay(ReplaySettings(), every_minute=True)
    rows = range(0, workload.windows.shape[0], BLOCK)
    blocks = (workload.windows.rows(first, first + BLOCK) for first in rows)
    return [alert(told) for block in blocks for told in engine.feed(block)]


def _flagging(peer: Peer) -> Judge:
    def judge(workload: Workload) -> list[Alert]:
        flags = peer(workload.windows, workload.first)
        flags[: workload.first] = False
        return alert_lines(workload.windows, flags)

    return judge


def bare_forest_s(given: Sequence[Workload]) -> float:
    """Processor seconds of one forest a workload that is fitted on all rows and scores them."""
    took = 0.0
    for each in given:
        rows = measures(each.windows).reshape(-1, 5)
        began = time.process_time()
        IsolationForest(random_state=0).fit(rows).score_samples(rows)
        took += time.process_time() - began
    return took


def measured(judge: Judge, given: Sequence[Workload]) -> tuple[Figures, float]:
    """Figures over all workloads, and the processor seconds of judging."""
    found, took = [], 0.0
    for each in given:
        began = time.process_time()
        lines = judge(each)
        took += time.process_time() - began
        found.append(each.judge(lines))
    return reduce(add, found), took


def table(given: Sequence[Workload], judges: dict[str, Judge]) -> dict[str, Figures]:
    """Prints a line for each as it is done."""
    rows = sum(int(each.windows.present().sum()) for each in given)
    bare = bare_forest_s(given)
    names = ", ".join(each.name for each in given)
    print(f"{names}: {rows:,} windows; a bare forest fits and scores them in {bare:.1f} s")
    heads = ("F1", "false/wk", "in time", "ever", "delay", "p90", "windows/s", "x forest")
    print(f"{'':22} " + " ".join(f"{each:>9}" for each in heads))
    out = {}
    for name, judge in judges.items():
        found, took = measured(judge, given)
        delays = np.array(found.delays)
        numbers = (
            f"{found.f1:.2f}",
            f"{found.false / found.weeks:.2f}",
            f"{found.within / found.incidents:.2f}",
            f"{found.ever / found.incidents:.2f}",
            f"{np.median(delays):.0f}",
            f"{np.quantile(delays, 0.9):.0f}",
            f"{rows / max(took, 1e-9):,.0f}",
            f"{took / bare:.1f}",
        )
        print(f"{name:22} " + " ".join(f"{each:>9}" for each in numbers), flush=True)
        out[name] = found
    return out


def main(words: Sequence[str] | None = None, given: Sequence[Workload] | None = None) -> int:
    """Prints the table; 1 when ours is not the best by event F1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--without-ours", action="store_true", help="the peers alone, in a minute")
    chosen = parser.parse_args(words)
    judges: dict[str, Judge] = {name: _flagging(peer) for name, peer in peers().items()}
    if not chosen.without_ours:
        judges = {OURS: ours, **judges}
    found = table(workloads() if given is None else given, judges)
    print("delay, p90: minutes, an incident that was not found counted at its length")
    if find_spec("pyod") is None:
        print("PyOD is not installed (pip install pyod): its ECOD is left out")
    if OURS not in found:
        return 0
    return 0 if found[OURS].f1 >= max(each.f1 for each in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
