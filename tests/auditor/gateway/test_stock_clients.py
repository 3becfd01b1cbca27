"""The stock clients, as they come from npm and PyPI, at a real gateway before a real database.

supabase-js, the newest that Node 20 runs and the oldest that is supported, and the Python client,
all at once, through a kill of the database, a kill of the gateway, and one that ends in order.
"""

from __future__ import annotations

import json
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from auditor.schema.migrations import migrate
from tests.auditor.shell.served import Proxy, port_of, serving
from tests.postgres_clusters import PrivateCluster

HERE = Path(__file__).parent
NODE = HERE.parents[1] / "node"
PACKAGES = ("@supabase/supabase-js", "oldest-supabase-js")
PATIENCE_S = 40.0
MINUTE = datetime.now(UTC).replace(second=0, microsecond=0)
ANON = "the-key-that-the-application-has-always-had"

Heard = dict[str, Any]


class Entrance(Proxy):
    """One address for the gateways that follow each other, so that nobody waits for their start."""

    def lead_to(self, port: int) -> None:
        """Whoever connects from now on comes there."""
        self._port = port


class Listener:
    """A client's process; what it printed is kept."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.everything: list[Heard] = []
        self._new: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                self._new.put(json.loads(line))
            except ValueError:
                self._new.put({"kind": "printed", "line": line})
        self._new.put({"kind": "ended"})

    def hear(self, kind: str, fits: Callable[[Heard], bool] = lambda _: True) -> Heard:
        """The next of a kind that fits; what comes before is passed over."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            left = deadline - time.monotonic()
            try:
                found = self._new.get(timeout=max(left, 0.01))
            except queue.Empty:
                raise AssertionError(f"{self.name}: no {kind}; {self.everything[-9:]}") from None
            self.everything.append(found)
            assert found["kind"] != "ended", (self.name, self.everything[-9:])
            if found["kind"] == kind and fits(found):
                return found

    def kinds(self) -> set[str]:
        """Of everything that it has printed and that was looked at."""
        return {each["kind"] for each in self.everything}

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reading.join(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()


def node_packages() -> tuple[str, ...]:
    """Those that can be run here."""
    if shutil.which("node") is None:
        return ()
    return tuple(name for name in PACKAGES if (NODE / "node_modules" / name).is_dir())


@contextmanager
def listeners(url: str) -> Iterator[list[Listener]]:
    """Every client that can be run here, each in all its channels."""
    with ExitStack() as stack:
        started = [Listener("python", [sys.executable, str(HERE / "stock_listener.py"), url, ANON])]
        stack.callback(started[0].stop)
        for name in node_packages():
            started.append(Listener(name, ["node", str(NODE / "listen.mjs"), url, ANON, name]))
            stack.callback(started[-1].stop)
        for each in started:
            each.hear("joined")
        yield started


def write_window(connection: psycopg.Connection, hits: int, cache: str = "shop") -> str:
    """A minute's window, made or made again; gives what must be broadcast of it."""
    connection.execute(
        "insert into monitoring.cache_metrics_1min as w"
        " (cache_name, implementation_type, minute_window, hits, total_operations)"
        " values (%(cache)s, 'new', %(minute)s, %(hits)s, %(hits)s)"
        " on conflict (cache_name, implementation_type, node, minute_window) do update"
        " set hits = excluded.hits, total_operations = excluded.hits, updated_at = now()",
        {"cache": cache, "minute": MINUTE, "hits": hits},
    )
    row = connection.execute("select monitoring.windows_broadcast(%s)::text", [MINUTE]).fetchone()
    assert row is not None
    return str(row[0])


def all_hear_windows(clients: list[Listener], text: str) -> None:
    """The broadcast, as the database writes it."""
    sent = json.loads(text)

    def fits(heard: Heard) -> bool:
        payload = heard["payload"]
        return bool(payload["event"] == "cache_metrics_1min" and payload["payload"] == sent)

    for client in clients:
        client.hear("windows", fits)


def all_hear_change(clients: list[Listener], table: str, *kinds: str, **record: object) -> None:
    """A change of a row, of any kind or of one; JavaScript's client gives it names of its own."""
    for client in clients:

        def fits(heard: Heard) -> bool:
            change = heard["change"]
            new = change.get("new") or change.get("record")
            named = change.get("eventType") or str(change["type"]).rpartition(".")[2].upper()
            return bool(
                change["table"] == table
                and named in (kinds or (named,))
                and all(new[name] == value for name, value in record.items())
            )

        client.hear("change", fits)


def open_observation(connection: psycopg.Connection, cache: str = "shop") -> None:
    connection.execute(
        "insert into monitoring.cache_auditor_observations"
        " (cache_name, severity, category, title, description)"
        " values (%s, 'warning', 'performance', 't', 'd')",
        [cache],
    )


def test_fault_2_the_references_lines_hear_what_is_broadcast_through_every_kill(
    private_cluster: PrivateCluster,
) -> None:
    """The reference's lines unchanged but for the URL: broadcasts, changes of rows, presence, ack.

    The sockets stay while the database is away, and what was written meanwhile is told. After the
    gateway has gone, killed or in order, every client comes back by itself.
    """
    migrate(private_cluster.connect())
    with ExitStack() as stack:
        first = stack.enter_context(serving(private_cluster.dsn))
        entrance = Entrance(port_of(first.url))
        stack.callback(entrance.close)
        clients = stack.enter_context(listeners(entrance.url))
        writing = private_cluster.connect()

        for client in clients:  # each hears that the others are there, and what they say
            client.hear("present", lambda heard: len(heard["keys"]) == len(clients))
        write_window(writing, 1, "other")
        all_hear_windows(clients, write_window(writing, 7))
        all_hear_change(clients, "cache_metrics_1min", "INSERT", cache_name="shop", hits=7)
        write_window(writing, 8)
        all_hear_change(clients, "cache_metrics_1min", "UPDATE", cache_name="shop", hits=8)
        open_observation(writing, "other")
        open_observation(writing)
        all_hear_change(clients, "cache_auditor_observations", "INSERT", cache_name="shop")

        private_cluster.kill()
        private_cluster.start()
        writing = private_cluster.connect()
        all_hear_windows(clients, write_window(writing, 9))
        all_hear_change(clients, "cache_metrics_1min", "UPDATE", cache_name="shop", hits=9)
        assert not any("away" in client.kinds() for client in clients)

        second = stack.enter_context(serving(private_cluster.dsn))
        entrance.lead_to(port_of(second.url))
        first.process.kill()
        for client in clients:
            client.hear("away")
            client.hear("joined")
        all_hear_windows(clients, write_window(writing, 10))
        # a gateway that has just begun cannot know that the young row was there already
        all_hear_change(clients, "cache_metrics_1min", cache_name="shop", hits=10)

        third = stack.enter_context(serving(private_cluster.dsn))
        entrance.lead_to(port_of(third.url))
        assert second.stop(signal.SIGTERM) == 0
        assert "Traceback" not in second.ended["stderr"]
        for client in clients:
            client.hear("away")
            client.hear("joined")
        all_hear_windows(clients, write_window(writing, 11))

        for client in clients:
            assert not client.kinds() & {"wrong", "printed"}, client.everything
            if client.name != "python":
                answers = [each["answer"] for each in client.everything if "answer" in each]
                assert set(answers) == {"ok"}
    if len(clients) <= len(PACKAGES):
        pytest.skip("Node or its packages are missing (`make system-packages`): Python's alone")
