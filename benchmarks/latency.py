"""From scorable to received: how long after a window is scorable those who listen hear of it.

    python -m benchmarks.latency [--windows 40] [--series 1000] [--sockets 50] [--dsn DSN]

A real `run --serve` with a thousand series; fifty sockets, half of them supabase-js under Node and
half PyPI's realtime, five streams of server-sent events and one `observations watch`, all in
processes of their own. With each window another cache breaks, and `watch` is to print the
observation that it opens. A window is scorable when the watermark that passes its end is committed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg

from auditor.postgres.embedded import EmbeddedPostgres
from benchmarks.latency_feed import Feed
from benchmarks.latency_listeners import (
    PATIENCE_S,
    Listeners,
    events,
    realtime_py,
    supabase_js,
    watch,
)

GOAL_S = 1.0
STREAMS = 5
MOST_WINDOWS = 45
WARMING = 2
"""Windows before those that count: a daemon that has just started reads the past first."""


@contextlib.contextmanager
def server(dsn: str | None) -> Iterator[str]:
    """The database to measure on: the given one, or an embedded server of its own."""
    if dsn:
        yield dsn
        return
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder) / "postgres") as embedded:
            yield embedded


@contextlib.contextmanager
def gateway(dsn: str, *command: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`run --serve` or `serve` in a process, and where it listens."""
    words = [sys.executable, "-m", "auditor", "--dsn", dsn, "--json", *command, "--port", "0"]
    # the collector is late on purpose, and its windows are to wait for it all the same
    graces = ("CACHE_AUDITOR_GRACE_S", "CACHE_AUDITOR_GRACE_WITHOUT_WATERMARKS_S")
    variables = os.environ | dict.fromkeys(graces, "3600")
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=variables
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if url := json.loads(line).get("listening"):
                break
        else:
            raise SystemExit(f"{' '.join(command)} does not listen")
        yield url, process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def measure(dsn: str, chosen: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds from scorable to received, by listener, one a window and client."""
    feed = Feed(dsn, chosen.series, WARMING + chosen.windows)
    with psycopg.connect(dsn, autocommit=True) as connection:
        print(f"a past of {chosen.series} series is made and learned", flush=True)
        feed.prepare(connection)
    with gateway(dsn, "run", "--serve") as (url, _):
        half = chosen.sockets // 2
        listeners = {
            "supabase-js": supabase_js(url, chosen.sockets - half),
            "PyPI realtime": realtime_py(url, half),
            "server-sent events": events(url, STREAMS),
        }
        watching = watch(dsn)
        try:
            _until_watching(dsn)
            for each in listeners.values():
                each.until_ready()
            return _windows(feed, chosen, listeners, watching)
        finally:
            for each in (*listeners.values(), watching):
                each.close()
            feed.close()


def _until_watching(dsn: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    asked = "select from pg_stat_activity where application_name = 'cache-auditor watch'"
    with psycopg.connect(dsn, autocommit=True) as connection:
        while connection.execute(asked).fetchone() is None:
            if time.monotonic() > deadline:
                raise SystemExit("observations watch does not listen")
            time.sleep(0.01)


def _windows(
    feed: Feed, chosen: argparse.Namespace, listeners: dict[str, Listeners], watching: Listeners
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in (*listeners, "observations watch")}
    for window in range(WARMING + chosen.windows):
        began = time.monotonic()
        scorable = feed.deliver(window)
        minute = f"{feed.minute(window):%Y-%m-%dT%H:%M:%S+00:00}"
        seen = watching.until_opened(feed.caches[window])
        heard = {"observations watch": [seen]}
        for name, each in listeners.items():
            _until_heard(each, minute, name)
            heard[name] = each.heard[minute]
        if window < WARMING:
            continue
        for name, instants in heard.items():
            found[name].extend(at - scorable for at in instants)
        latest = ", ".join(f"{name} {max(values):.2f}" for name, values in found.items())
        print(f"window {window + 1 - WARMING}: worst so far, in seconds: {latest}", flush=True)
        time.sleep(max(began + chosen.pace - time.monotonic(), 0))
    return found


def _until_heard(each: Listeners, minute: str, name: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while len(each.heard[minute]) < each.clients:
        if time.monotonic() > deadline:
            raise SystemExit(f"{len(each.heard[minute])} of {each.clients} {name} heard {minute}")
        time.sleep(0.01)


def main() -> None:
    """Measures, prints, and exits 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--windows", type=int, default=40)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--sockets", type=int, default=50)
    parser.add_argument("--pace", type=float, default=5.0, help="seconds from window to window")
    parser.add_argument("--dsn")
    chosen = parser.parse_args()
    if not 1 <= chosen.windows <= MOST_WINDOWS:
        parser.error(f"--windows is 1 to {MOST_WINDOWS}: minutes wait an hour for a late collector")
    with server(chosen.dsn) as dsn:
        found = measure(dsn, chosen)
    print(f"scorable to received, {chosen.windows} windows of {chosen.series} series:")
    worst = 0.0
    for name, values in found.items():
        middle, late = np.quantile(values, [0.5, 0.99])
        worst = max(worst, float(late))
        print(f"  {name:<20} median {middle:.2f} s, p99 {late:.2f} s, of {len(values)}")
    print(f"goal: p99 under {GOAL_S:g} s: {'met' if worst < GOAL_S else 'missed'}")
    sys.exit(0 if worst < GOAL_S else 1)


if __name__ == "__main__":
    main()
