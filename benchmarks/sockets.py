"""Five hundred sockets, a tenth of which never read: what the others notice, and what it costs.

    python -m benchmarks.sockets [--sockets 500] [--windows 30] [--series 1000] [--dsn DSN]

A real `serve`; each window is one statement that writes a row of every series, so that a broadcast
has the largest size there is. From the statement's commit to each reading socket having the whole
frame; how much memory the gateway takes, sampled while it runs; how many sockets it let go.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import numpy as np
import psutil
import psycopg
from websockets.asyncio.client import connect

from auditor.schema.migrations import migrate
from auditor.windows.minutes import MINUTE, floor_minute
from benchmarks.latency import gateway, server
from benchmarks.latency_listeners import PATIENCE_S, Listeners

GOAL_S = 1.0
JOIN = {
    "topic": "realtime:cache-metrics", "event": "phx_join", "ref": "1", "join_ref": "1",
    "payload": {"config": {"broadcast": {"self": False, "ack": False}, "private": False}},
}  # fmt: skip
HANDSHAKE = (
    "GET /realtime/v1/websocket?apikey=any&vsn=1.0.0 HTTP/1.1\r\nHost: {host}\r\n"
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
WRITE = """
insert into monitoring.cache_metrics_1min (
    cache_name, implementation_type, minute_window, total_operations, hits, misses, hit_rate,
    avg_response_time_ms, p50_response_time_ms, p95_response_time_ms, p99_response_time_ms)
select 'cache' || n, 'new', %(minute)s, 200, 180, 20, 90, 3.9 + random(), 1, 30, 30
from generate_series(1, %(series)s) as n
"""


async def read(url: str, sockets: int) -> None:
    """That many sockets in this process, each of which says when it had a window's whole frame."""
    await asyncio.gather(*(_read_one(url) for _ in range(sockets)))


async def _read_one(url: str) -> None:
    async with connect(url, max_size=None, compression=None, ping_interval=None) as client:
        await client.send(json.dumps(JOIN))
        async for frame in client:
            at = time.time()
            if '"phx_reply"' in frame[:300] or '"phx_reply"' in frame[-300:]:
                print(json.dumps({"ready": True}), flush=True)
            elif "cache_metrics_1min" in frame:
                place = str(frame).index("minute_window")
                minute = str(frame)[place + 16 : place + 50].split('"')[1]
                print(json.dumps({"minute": minute, "at": at}), flush=True)


def never_read(url: str, sockets: int) -> list[socket.socket]:
    """Sockets that join, and then take nothing from the wire."""
    place, made = urlsplit(url), []
    payload = json.dumps(JOIN).encode()
    assert place.hostname
    for _ in range(sockets):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect((place.hostname, place.port))
        one.sendall(HANDSHAKE.format(host=place.netloc).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += one.recv(1)
        length = len(payload).to_bytes(2, "big")
        # masked by zeros, which leaves the bytes as they are
        one.sendall(b"\x81" + bytes([0x80 | 126]) + length + bytes(4) + payload)
        made.append(one)
    return made


class Memory:
    """The most that a process takes, sampled twenty times a second. most_mib: resident, MiB."""

    def __init__(self, pid: int) -> None:
        self._process, self._ended = psutil.Process(pid), threading.Event()
        self.first_mib = self.most_mib = self._now()
        threading.Thread(target=self._watch, daemon=True).start()

    def _now(self) -> float:
        return float(self._process.memory_info().rss / 2**20)

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            self.most_mib = max(self.most_mib, self._now())

    def close(self) -> None:
        """No more samples."""
        self._ended.set()


def measure(dsn: str, chosen: argparse.Namespace) -> tuple[list[float], Memory, int]:
    """Seconds for each window and reading socket; the memory; how many were let go."""
    with psycopg.connect(dsn, autocommit=True) as writing:
        migrate(writing)
        with gateway(dsn, "serve") as (url, process):
            silent = chosen.sockets // 10
            words = ["-m", "benchmarks.sockets", "--read", f"{chosen.sockets - silent}", "--url"]
            socket_url = url.replace("http", "ws", 1) + "/realtime/v1/websocket?apikey=any"
            readers = Listeners(
                [sys.executable, *words, f"{socket_url}&vsn=1.0.0"], chosen.sockets - silent
            )
            try:
                readers.until_ready()
                kept = never_read(url, silent)
                memory = Memory(process.pid)
                found = [
                    at for n in range(chosen.windows) for at in _window(writing, readers, chosen, n)
                ]
                memory.close()
                return found, memory, sum(_is_over(each) for each in kept)
            finally:
                readers.close()


def _window(
    writing: psycopg.Connection, readers: Listeners, chosen: argparse.Namespace, number: int
) -> list[float]:
    began = time.monotonic()
    minute = floor_minute(datetime.now(UTC)) - timedelta(hours=2) + number * MINUTE
    writing.execute(WRITE, {"minute": minute, "series": chosen.series})
    committed = time.time()
    heard = readers.heard[f"{minute:%Y-%m-%dT%H:%M:%S+00:00}"]
    while len(heard) < readers.clients:
        if time.monotonic() > began + PATIENCE_S:
            raise SystemExit(f"{len(heard)} of {readers.clients} heard window {number + 1}")
        time.sleep(0.01)
    time.sleep(max(began + chosen.pace - time.monotonic(), 0))
    return [at - committed for at in heard]


def _is_over(one: socket.socket) -> bool:
    """Whether the gateway has ended it: what it had sent is read until then."""
    one.settimeout(2.0)
    try:
        while one.recv(2**20):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def main() -> None:
    """Measures, prints, and exits 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sockets", type=int, default=500)
    parser.add_argument("--windows", type=int, default=60)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--pace", type=float, default=1.5, help="seconds from window to window")
    parser.add_argument("--dsn")
    parser.add_argument("--read", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.read:
        asyncio.run(read(chosen.url, chosen.read))
        return
    with server(chosen.dsn) as dsn:
        found, memory, over = measure(dsn, chosen)
    middle, late = np.quantile(found, [0.5, 0.99])
    silent = chosen.sockets // 10
    print(
        f"{chosen.sockets} sockets, {silent} of which never read, {chosen.windows} windows:\n"
        f"  committed to received by the others: median {middle:.2f} s, p99 {late:.2f} s\n"
        f"  let go: {over} of the {silent}\n"
        f"  memory of the gateway: {memory.first_mib:.0f} MiB with all there,"
        f" at most {memory.most_mib:.0f} MiB\n"
        f"goal: p99 under {GOAL_S:g} s: {'met' if late < GOAL_S else 'missed'}"
    )
    sys.exit(0 if late < GOAL_S else 1)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
