"""How fast a backtest is beside a bare isolation forest on the same rows, and what memory it takes.

    python -m benchmarks.backtest_speed [--days 21] [--series 4] [--rounds 3] [--memory]

All sides in one process, in turn: the whole replay (learning each day, judging, folding) of healthy
made-up weeks, the same without the daily learning, and one IsolationForest that is fitted on the
deviations of the same windows and scores them. --memory replays a file of N and of 4 N days in
processes of their own and compares their peaks; the learning span is N / 2, so that it is full in
both.
"""

from __future__ import annotations

import argparse
import csv
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from sklearn.ensemble import IsolationForest

from auditor.backtesting.replay import Replay, ReplaySettings
from auditor.refreshing.due import Rhythm
from auditor.statistics.forest import ROWS_A_TREE, TREES
from auditor.statistics.residuals import deviations
from auditor.tables.table import Table
from baselines.expectation import expect_all
from baselines.fit import fit
from baselines.series import FloatArray, SeriesKey, Windows
from baselines.store import instant

DAY = 1440
START = 29_449_440
GOAL = 5.0
MOST_GROWTH = 1.25
HIT_MS, LOAD_MS = 0.5, 20.0


def healthy(days: int, series: int, seed: int = 1) -> Windows:
    """Pairs of implementations on daily waves of traffic, each pair another size; nothing wrong."""
    random = np.random.default_rng(seed)
    m = days * DAY
    wave = 1.0 + 0.8 * np.sin(2 * np.pi * np.arange(m) / DAY)[:, None]
    size = np.repeat(10.0 ** random.uniform(1, 3, (series + 1) // 2), 2)[:series]
    drift = np.exp(np.cumsum(random.normal(0, 0.002, (m, series)), axis=0) * 0.2)
    gets = random.poisson(np.maximum(wave * size * np.clip(drift, 0.5, 2.0), 0.1)).astype(float)
    hits = random.binomial(gets.astype(np.int64), 0.85).astype(float)
    misses = gets - hits
    hit_ms = hits * HIT_MS * random.lognormal(0, 0.05, (m, series))
    miss_ms = misses * LOAD_MS * random.lognormal(0, 0.1, (m, series))
    keys = tuple(
        SeriesKey(f"cache{place // 2:03d}", "new" if place % 2 else "legacy")
        for place in range(series)
    )
    zero = np.zeros((m, series))
    columns: dict[str, FloatArray] = {
        "total_operations": gets + misses, "hits": hits, "misses": misses, "gets": gets,
        "sets": misses, "deletes": zero, "evictions": random.poisson(0.3 * misses).astype(float),
        "expirations": random.poisson(0.2 * misses).astype(float), "errors": zero,
        "get_errors": zero, "load_errors": zero, "set_errors": zero,
        "latency_sum_ms": hit_ms + miss_ms, "hit_latency_sum_ms": hit_ms,
        "miss_latency_sum_ms": miss_ms,
    }  # fmt: skip
    return Windows(START, keys, columns)


def features(windows: Windows) -> FloatArray:
    """The rows that the detectors' own forest sees, shape (windows, metrics), no NaN."""
    past = windows.rows(0, min(windows.shape[0], 7 * DAY))
    baselines = {key: fit(past, key) for key in windows.keys}
    away = deviations(windows, expect_all(windows, baselines))
    return np.nan_to_num(away.reshape(-1, away.shape[2]))


def replay_s(windows: Windows, every: int) -> float:
    """Seconds of this process for a replay that learns so often."""
    started = time.process_time()
    engine = Replay(ReplaySettings(rhythm=Rhythm(every=every)))
    for first in range(0, windows.shape[0], DAY):
        for _ in engine.feed(windows.rows(first, first + DAY)):
            pass
    return time.process_time() - started


def forest_s(rows: FloatArray) -> float:
    """Seconds of this process for one forest that is fitted on all rows and scores them."""
    started = time.process_time()
    grown = IsolationForest(n_estimators=TREES, max_samples=ROWS_A_TREE, random_state=0)
    grown.fit(rows).score_samples(rows)
    return time.process_time() - started


def speed(days: int, series: int, rounds: int) -> float:
    """Prints all sides; returns the ratio of the replay to the forest."""
    windows = healthy(days, series)
    rows = features(windows)
    count = int(windows.present().sum())
    sides = {
        "replay, learning each day": lambda: replay_s(windows, DAY),
        "replay, learning on the first days only": lambda: replay_s(windows, 10**6),
        "forest, fit and score": lambda: forest_s(rows),
    }
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, measure in sides.items():
            found[name].append(measure())
    took = {name: median(seconds) for name, seconds in found.items()}
    bare = took["forest, fit and score"]
    print(
        f"{count:,} windows of {series} series, {days} days; medians of {rounds} rounds, CPU time"
    )
    for name, seconds in took.items():
        ratio = f"{seconds / bare:6.1f} times the forest"
        print(f"{name:40} {seconds:7.2f} s {count / seconds:9,.0f} windows/s {ratio}")
    ratio = took["replay, learning each day"] / bare
    print(f"goal: within {GOAL:g} times the forest; found {ratio:.1f}")
    return ratio


def write(path: Path, windows: Windows) -> None:
    """The windows as a CSV file in order of time."""
    names = [name for name in windows.columns if name != "gets"]
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["minute_window", "cache_name", "implementation_type", *names])
        for row in range(windows.shape[0]):
            at = instant(windows.start + row).isoformat()
            for column, key in enumerate(windows.keys):
                numbers = [f"{windows.columns[name][row, column]:.6g}" for name in names]
                out.writerow([at, key.cache_name, key.implementation_type, *numbers])


def replay_file(path: Path, span_days: int) -> None:
    """Replays a file and prints the peak of this process, in kilobytes."""
    engine = Replay(ReplaySettings(rhythm=Rhythm(every=DAY, span=span_days * DAY)))
    for block in Table(path).blocks():
        for _ in engine.feed(block):
            pass
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def memory(days: int, series: int) -> float:
    """Prints the peaks of a file and of one four times as long; returns their ratio."""
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        for length in (days, 4 * days):
            path = Path(folder) / f"{length}.csv"
            write(path, healthy(length, series))
            command = [sys.executable, "-m", "benchmarks.backtest_speed", "--file", str(path),
                       "--span", str(max(days // 2, 2))]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            peaks.append(int(done.stdout) / 1024)
            print(f"peak for {length:4d} days of a file {peaks[-1]:8.0f} MB")
    return peaks[1] / peaks[0]


def main() -> None:
    """Measures, prints, and exits 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--days", type=int, default=21)
    parser.add_argument("--series", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help="measure memory instead of time")
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--span", type=int, default=28, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.file is not None:
        replay_file(chosen.file, chosen.span)
    elif chosen.memory:
        sys.exit(0 if memory(chosen.days, chosen.series) < MOST_GROWTH else 1)
    else:
        sys.exit(0 if speed(chosen.days, chosen.series, chosen.rounds) <= GOAL else 1)


if __name__ == "__main__":
    main()
