"""From record to the database by way of the ingest, while connections are cut and rows refused."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from collector import Collector
from collector.batch import Batch
from collector.errors import SinkUnavailable
from collector.sinks.http import HttpSink
from tests.auditor.shell.served import CERTIFICATE, KEY, TOKEN, Proxy, Tunnel, port_of, serving
from tests.collector.made import batch, row, settings
from tests.collector.test_collector import wait_until
from tests.postgres_clusters import Database


def one(conn: psycopg.Connection, query: str) -> Any:
    found = conn.execute(query.encode()).fetchone()
    assert found is not None
    return found[0] if len(found) == 1 else found


def test_a_collector_delivers_over_http(database: Database, tmp_path: Path) -> None:
    """Events, heartbeat, goodbye; keys hashed with the installation's secret; nothing left."""
    with serving(database.dsn) as served:
        collector = Collector(settings(tmp_path, url=served.url, ingest_token=TOKEN, node="edge"))
        for number in range(250):
            collector.record("hit", f"key {number}", 0.5, "pages", "new")
        assert collector.stop()
    conn = database.connect()
    counted = "select count(*), count(distinct cache_key), min(node) from monitoring.cache_metrics"
    assert one(conn, counted) == (250, 250, "edge")
    said = "select recorded, delivered, lost, keys_local, goodbye_at is not null"
    assert one(conn, f"{said} from monitoring.cache_collectors") == (250, 250, 0, False, True)
    assert [path for path in tmp_path.glob("*/*") if path.is_dir()] == []


def test_fault_9_a_connection_that_is_cut_after_the_commit_stores_once(
    database: Database,
) -> None:
    """The answer never came; the same batch again is a duplicate."""
    with serving(database.dsn) as served:
        proxy = Proxy(port_of(served.url), lambda number: number != 1)
        sink = HttpSink(proxy.url, TOKEN)
        with pytest.raises(SinkUnavailable):
            sink.deliver(batch(1))
        wait_until(lambda: one(database.connect(), "select count(*) from monitoring.cache_metrics")
                   == 10)  # fmt: skip
        assert sink.deliver(batch(1)).duplicate
        assert sink.deliver(batch(2)).events == 10
        sink.close()
        proxy.close()
    assert one(database.connect(), "select count(*) from monitoring.cache_metrics") == 20


def test_fault_9_while_answers_are_lost_all_is_stored_once(
    database: Database, tmp_path: Path
) -> None:
    """Every third answer is cut off: no event is missing, and none is there twice."""
    with serving(database.dsn) as served:
        proxy = Proxy(port_of(served.url), lambda number: number % 3 != 0)
        collector = Collector(settings(tmp_path, url=proxy.url, ingest_token=TOKEN))
        for number in range(400):
            collector.record("hit", f"{number}")
            if number % 40 == 39:
                assert collector.flush()
        wait_until(lambda: collector.tally is not None and collector.tally.delivered == 400, 90)
        assert collector.stop()
        proxy.close()
    counted = "select count(*), count(distinct cache_key) from monitoring.cache_metrics"
    assert one(database.connect(), counted) == (400, 400)
    assert proxy.connections > 1


def test_fault_8_a_row_that_the_database_refuses_is_set_aside(
    database: Database, tmp_path: Path
) -> None:
    """Bisected behind the ingest; here it is in the dead letters with its reason."""
    database.connect().execute(
        "alter table monitoring.cache_metrics add constraint odd check (cache_name <> 'odd')"
    )
    with serving(database.dsn) as served:
        collector = Collector(settings(tmp_path, url=served.url, ingest_token=TOKEN))
        for number in range(20):
            collector.record("hit", f"{number}", cache_name="odd" if number == 7 else "even")
        assert collector.stop()
    conn = database.connect()
    assert one(conn, "select count(*) from monitoring.cache_metrics") == 19
    assert one(conn, "select delivered, refused from monitoring.cache_collectors") == (19, 1)
    (path,) = tmp_path.glob("*/dead_letters.jsonl")
    (letter,) = [json.loads(line) for line in path.read_text().splitlines()]
    assert "violates check constraint" in letter["reason"]
    assert letter["row"]["cache_name"] == "odd"


def test_a_schema_that_does_not_fit_is_said_once_and_everything_waits(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Over HTTP as beside it: spooled, one warning with the command, delivered when mended."""
    conn = database.connect()
    with serving(database.dsn) as served:
        conn.execute("alter schema monitoring rename to elsewhere")
        collector = Collector(settings(tmp_path, url=served.url, ingest_token=TOKEN))
        for _ in range(3):
            collector.record("hit", "k")
            assert collector.flush()
        conn.execute("alter schema elsewhere rename to monitoring")
        wait_until(lambda: collector.tally is not None and collector.tally.delivered == 3, 60)
        assert collector.stop()
    assert len([r for r in caplog.records if "cache-auditor migrate" in r.getMessage()]) == 1
    assert one(conn, "select count(*) from monitoring.cache_metrics") == 3


def test_a_batch_above_the_servers_limit_arrives_in_parts(database: Database) -> None:
    """3 MB that do not compress under a limit of 1 MiB: every row once, also the second time."""
    draw = Random(3)
    rows = tuple(row(n, error_message=draw.randbytes(500).hex()) for n in range(3000))
    wide = Batch(batch(1).collector_id, 1, rows)
    with serving(database.dsn, CACHE_AUDITOR_INGEST_BODY_MIB="1") as served:
        sink = HttpSink(served.url, TOKEN)
        assert sink.deliver(wide).events == 3000
        assert sink.stored(wide.collector_id, 1)
        assert sink.deliver(wide).duplicate
        sink.close()
    counted = "select count(*), count(distinct cache_key) from monitoring.cache_metrics"
    assert one(database.connect(), counted) == (3000, 3000)


def test_tls_with_an_authority_of_ones_own_and_through_a_proxy(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Verified against the CA file; refused without it; the host is the proxy's to find."""
    files = ["--tls-certificate", str(CERTIFICATE), "--tls-key", str(KEY)]
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    origins = {"CACHE_AUDITOR_SERVE_ORIGINS": "https://ingest.example:8710"}
    with serving(database.dsn, *files, **origins) as served:
        assert served.url.startswith("https://127.0.0.1:")
        direct = HttpSink(served.url, TOKEN, ca_file=str(CERTIFICATE))
        assert direct.deliver(batch(1)).events == 10
        direct.close()
        untrusting = HttpSink(served.url, TOKEN)
        with pytest.raises(SinkUnavailable, match="certificate verify failed"):
            untrusting.deliver(batch(2))
        tunnel = Tunnel(port_of(served.url))
        monkeypatch.setenv("https_proxy", f"http://me:word@127.0.0.1:{tunnel.port}")
        far = HttpSink("https://ingest.example:8710", TOKEN, ca_file=str(CERTIFICATE))
        assert far.deliver(batch(2)).events == 10
        far.close()
        other = HttpSink("https://elsewhere.example", TOKEN, ca_file=str(CERTIFICATE))
        with pytest.raises(SinkUnavailable, match="certificate"):
            other.deliver(batch(3))
        other.close()
        tunnel.close()
    assert tunnel.heads[0].startswith("CONNECT ingest.example:8710 ")
    assert "Proxy-Authorization: Basic bWU6d29yZA==" in tunnel.heads[0]
    assert TOKEN not in "".join(tunnel.heads)
