"""What the soak does to the network and to a process's steps, each by itself."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random

import psycopg
import pytest

from benchmarks.soak_faults import FAULT, STEPS, arm, drawn_fault
from benchmarks.soak_proxy import SoakProxy
from collector.errors import SinkUnavailable
from collector.segment import read_records
from collector.sinks.postgres import PostgresSink
from tests.collector.made import batch
from tests.postgres_clusters import Database

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def proxy(database: Database) -> Iterator[SoakProxy]:
    with SoakProxy(lambda: database.dsn) as running:
        yield running


def test_an_answer_swallowed_after_the_commit_is_a_duplicate_at_the_next_try(
    proxy: SoakProxy, database: Database
) -> None:
    """The client hears nothing, the rows are there; delivered again, they are there once."""
    sink = PostgresSink(proxy.dsn)
    assert not sink.deliver(batch(1)).duplicate  # which makes the day's partition
    proxy.swallow = 1
    with pytest.raises(SinkUnavailable):
        sink.deliver(batch(2))
    assert (proxy.swallow, proxy.swallowed) == (0, 1)
    with database.connect() as connection:
        row = connection.execute("select count(*) from monitoring.cache_metrics").fetchone()
    assert row == (20,)
    assert sink.deliver(batch(2)).duplicate
    sink.close()
    with database.connect() as connection:
        row = connection.execute("select count(*) from monitoring.cache_metrics").fetchone()
    assert row == (20,)


def test_a_network_away_lets_nobody_in(proxy: SoakProxy) -> None:
    """Connections that are open are cut, and others are refused, until it is there again."""
    with psycopg.connect(proxy.dsn) as connection:
        proxy.away = True
        proxy.cut()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(proxy.dsn)
    proxy.away = False
    with psycopg.connect(proxy.dsn) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


SPOOLS_THREE = """
import os, pathlib, sys, time
from benchmarks.soak_faults import FAULT, arm
from collector.spool import spool_maker
from tests.collector.made import batch

arm(os.environ[FAULT])
spool = spool_maker(2**20, 60, time.time_ns)(pathlib.Path(sys.argv[1]), print)
for number in (1, 2, 3):
    spool.append(batch(number))
    print(number, flush=True)
"""


@pytest.mark.parametrize(
    ("fault", "said", "on_disk"),
    [("before-spool-append:2", "1\n", 1), ("after-spool-append:2", "1\n", 2), ("", "1\n2\n3\n", 3)],
)
def test_a_fault_point_kills_there_and_nowhere_else(
    tmp_path: Path, fault: str, said: str, on_disk: int
) -> None:
    """Before the second call nothing of it is on the disk; after it, all of it."""
    done = subprocess.run(
        [sys.executable, "-c", SPOOLS_THREE, str(tmp_path)], cwd=ROOT, capture_output=True,
        text=True, timeout=60, env=os.environ | {FAULT: fault}, check=False,
    )  # fmt: skip
    assert done.stdout == said, done.stderr
    assert done.returncode == (-signal.SIGKILL if fault else 0)
    assert sum(1 for path in tmp_path.glob("*.seg") for _ in read_records(path)) == on_disk


def test_every_fault_point_can_be_drawn_and_is_there() -> None:
    """Each names something that the collector has; an unknown one is refused."""
    draw = Random(0)
    drawn = {drawn_fault(draw).partition(":")[0] for _ in range(2_000)}
    assert drawn == {f"{when}-{step}" for when in ("before", "after") for step in STEPS}
    for module, owner, called, _ in STEPS.values():
        holder = import_module(module)
        assert callable(getattr(getattr(holder, owner) if owner else holder, called))
    with pytest.raises(ValueError, match="no fault point"):
        arm("before-lunch:1")
