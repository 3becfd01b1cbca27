"""`run --serve`: one process that audits and serves, and one signal that ends both."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
from websockets.sync.client import connect

from auditor.stores.tokens import create_token
from collector.sinks.wire import pack_batch
from tests.collector.made import batch
from tests.postgres_clusters import Database

TOKEN = "a-token-that-may-deliver"
PATIENCE_S = 60.0


@contextmanager
def run_and_serve(database: Database, port: int = 0) -> Iterator[subprocess.Popen[str]]:
    environment = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-m", "auditor", "run", "--serve", "--json", "--dsn", database.dsn,
               "--port", f"{port}"]  # fmt: skip
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=PATIENCE_S)


def test_what_it_takes_it_audits_and_one_signal_ends_both(database: Database) -> None:
    """A batch comes by HTTP and a tick follows in the same process; then 1012 and exit code 0."""
    create_token(database.connect(), "shop", TOKEN, ["ingest", "read"])
    with run_and_serve(database) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate(timeout=PATIENCE_S)[1]
        url = json.loads(line)["listening"]
        answer = httpx.post(
            f"{url}/v1/batches", content=pack_batch(batch(1)), trust_env=False, timeout=60,
            headers={"Authorization": f"Bearer {TOKEN}"},
        )  # fmt: skip
        assert answer.json()["events"] == 10
        ticked = json.loads(process.stdout.readline())
        assert datetime.fromisoformat(ticked["settled_until"]) > datetime.now(UTC) - timedelta(
            hours=1
        )
        at = f"ws{url[4:]}/realtime/v1/websocket?apikey={TOKEN}"
        with connect(at, proxy=None, open_timeout=PATIENCE_S) as listener:
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=PATIENCE_S)
            listener.close()
        assert (process.returncode, listener.close_code) == (0, 1012), said


def test_without_its_port_nothing_is_begun(database: Database) -> None:
    """Exit code 6, and no daemon is left behind that nobody sees."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with run_and_serve(database, taken.getsockname()[1]) as process:
            _, said = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, "name another with --port" in said) == (6, True), said
