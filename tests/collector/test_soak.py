"""A short form of the soak, and that its accounts would show what went wrong."""

import re
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from auditor.windows.rollup import roll_up
from auditor.windows.watermarks import Grace
from benchmarks.soak_checks import Truth, check
from benchmarks.soak_recorder import settings_of
from collector import Collector
from tests.collector.test_collector import wait_until
from tests.postgres_clusters import Database

ROOT = Path(__file__).resolve().parents[2]
ONCE = "no event is stored twice"
GAPLESS = "no event is missing before one that is stored"
WHOLE = "a process that ended in order has every event stored"
ROWS = "every batch has the rows that its ledger entry says"
WINDOWS = "every window equals the sums of its rows"
SEQUENCES = "no sequence of a collector is left out"
ACCOUNTED = "what a collector recorded is stored, or counted as lost"
COUNTED = "collectors recorded what the processes counted"
KILLED = "only a killed process loses anything"
GOODBYE = "every collector has said goodbye"
ROLLED = "every batch is rolled up"
REFUSED = "nothing is dropped or refused"
BOUNDED = "no kill loses more than 5000 events"
ENOUGH = "at least 80% of what was recorded is committed"


def test_a_short_campaign_of_kills_breaks_no_promise() -> None:
    """Processes, server, network and disk: each kind of disturbance happens at least once."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", "--minutes", "0.25", "--seed", "20"],
        cwd=ROOT, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^0 promises broken; \d+ s$", done.stdout, re.MULTILINE)
    assert len(re.findall(r"^ok +disturbance: ", done.stdout, re.MULTILINE)) == 11


def recorded(database: Database, spool: Path, events: int = 120) -> dict[int, Truth]:
    """One process's numbered events, delivered in order and rolled up."""
    collector = Collector(settings_of(database.dsn, spool, 0))
    for number in range(events):
        collector.record(("hit", "miss", "set")[number % 3], f"0:{number}", 0.5, "soak", "new")
        if number % 40 == 39:
            assert collector.flush()
    assert collector.stop()
    roll_up(database.connect(), datetime.now(UTC), Grace())
    return {0: Truth(events, killed=False)}


def broken(database: Database, truths: dict[int, Truth]) -> set[str]:
    """The promises that do not hold."""
    return {found.promise for found in check(database.connect(), truths) if not found.holds}


PLANTED = {
    "a row is gone": (
        "delete from monitoring.cache_metrics where cache_key = '0:60'",
        {GAPLESS, WHOLE, ROWS, WINDOWS},
    ),
    "the last row is gone": (
        "delete from monitoring.cache_metrics where cache_key = '0:119'",
        {WHOLE, ROWS, WINDOWS},
    ),
    "a row is there twice": (
        "insert into monitoring.cache_metrics (cache_name, timestamp, implementation_type, node,"
        " cache_key, operation_type, response_time_ms, is_sample, batch_id)"
        " select cache_name, timestamp, implementation_type, node, cache_key, operation_type,"
        " response_time_ms, is_sample, batch_id from monitoring.cache_metrics"
        " where cache_key = '0:60'",
        {ONCE, ROWS, WINDOWS},
    ),
    "a window counts one more": (
        "update monitoring.cache_metrics_1min set hits = hits + 1",
        {WINDOWS},
    ),
    "a window is gone": ("delete from monitoring.cache_metrics_1min", {WINDOWS}),
    "a batch is not in the ledger": (
        "delete from monitoring.cache_metric_batches where sequence = 2",
        {SEQUENCES, ROWS, ACCOUNTED},
    ),
    "a batch waits": (
        "update monitoring.cache_metric_batches set rolled_at = null where sequence = 2",
        {ROLLED},
    ),
    "a loss that was none": (
        "update monitoring.cache_collectors set lost = 1",
        {ACCOUNTED, KILLED},
    ),
    "a collector counted too much": (
        "update monitoring.cache_collectors set recorded = recorded + 1",
        {ACCOUNTED, COUNTED},
    ),
    "a collector fell silent": (
        "update monitoring.cache_collectors set goodbye_at = null",
        {GOODBYE},
    ),
    "a collector dropped": ("update monitoring.cache_collectors set dropped = 3", {REFUSED}),
}


def test_what_went_well_is_not_blamed(database: Database, tmp_path: Path) -> None:
    """All promises hold; and they do not when the process says that it recorded more."""
    truths = recorded(database, tmp_path)
    assert broken(database, truths) == set()
    assert broken(database, {0: Truth(121, killed=False)}) == {WHOLE, COUNTED}
    assert broken(database, {0: Truth(119, killed=True)}) == set()  # killed before it counted it
    unheard = Truth(30, killed=True, heard=False)  # killed before its collector counted at all
    assert broken(database, {**truths, 1: unheard}) == set()
    assert broken(database, {**truths, 1: replace(unheard, recorded=31)}) == {ENOUGH}
    assert broken(database, {**truths, 1: replace(unheard, recorded=5_001)}) == {ENOUGH, BOUNDED}
    long = replace(unheard, recorded=500_000)
    assert broken(database, {**truths, 1: long}) == {ENOUGH.replace("80", "95"), BOUNDED}


@pytest.mark.parametrize("planted", PLANTED)
def test_each_fault_is_found(database: Database, tmp_path: Path, planted: str) -> None:
    """A fault put into a faultless database breaks the promises that it must, and no others."""
    truths = recorded(database, tmp_path)
    statement, promises = PLANTED[planted]
    database.connect().execute(statement.encode())
    assert broken(database, truths) == promises


def test_a_soak_that_is_told_to_end_leaves_nothing(tmp_path: Path) -> None:
    """SIGTERM: its processes, its server and its folder are gone."""
    soak = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.soak", "--minutes", "5"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert soak.stdout is not None
    folder = Path(soak.stdout.readline().rpartition(" in ")[2].strip())
    wait_until(lambda: (folder / "truth-0").exists(), 120)
    soak.send_signal(signal.SIGTERM)
    soak.communicate(timeout=120)
    assert soak.returncode == 128 + signal.SIGTERM
    left = [each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"])]
    assert not [words for words in left if any(str(folder) in word for word in words)]
    assert not folder.exists()
