"""Who listens in the latency benchmark: processes that say what they hear, each with its time."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PATIENCE_S = 60.0


class Listeners:
    """A process whose lines are JSON; keeps when each window was first heard, by client.

    heard[minute] is a list of seconds since 1970, one a client. ready: how many clients listen.
    """

    def __init__(self, command: Sequence[str], clients: int) -> None:
        self.clients = clients
        self.heard: dict[str, list[float]] = defaultdict(list)
        self.opened: queue.Queue[tuple[float, dict[str, Any]]] = queue.Queue()
        self._ready = threading.Semaphore(0)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            at, said = time.time(), json.loads(line)
            if said.get("ready"):
                self._ready.release()
            elif "minute" in said:
                self.heard[said["minute"]].append(said["at"])
            else:
                self.opened.put((at, said))

    def until_ready(self) -> None:
        """Waits until every client listens."""
        for _ in range(self.clients):
            if not self._ready.acquire(timeout=PATIENCE_S):
                raise SystemExit(f"not every listener of {self.process.args!r} is there")

    def until_opened(self, cache: str) -> float:
        """When the opening of this cache's observation was printed, in seconds since 1970."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            at, change = self.opened.get(timeout=max(deadline - time.monotonic(), 0.01))
            if change["kind"] == "opened" and change["observation"]["cache_name"] == cache:
                return at

    def close(self) -> None:
        """Ends the process."""
        self.process.kill()
        self.process.wait()


def watch(dsn: str) -> Listeners:
    """`observations watch`."""
    words = ["-m", "auditor", "--dsn", dsn, "--json", "observations", "watch"]
    return Listeners([sys.executable, *words], 1)


def supabase_js(url: str, clients: int) -> Listeners:
    """The stock client under Node. Its modules are those of the tests."""
    script = HERE.parent / "tests" / "node" / "latency.mjs"
    return Listeners(["node", str(script), url, f"{clients}"], clients)


def realtime_py(url: str, clients: int) -> Listeners:
    """PyPI's client."""
    return Listeners(
        [sys.executable, "-m", "benchmarks.listen_realtime", url, f"{clients}"], clients
    )


def events(url: str, clients: int) -> Listeners:
    """Server-sent events."""
    return Listeners([sys.executable, "-m", "benchmarks.listen_events", url, f"{clients}"], clients)
