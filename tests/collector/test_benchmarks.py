"""The benchmarks run, and measure what they say; how fast anything is, no test asserts."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import imports, ingest, overhead, record
from benchmarks.interleaved import medians, medians_of
from tests.postgres_clusters import Database

BATCHES = "select sum(events)::int from monitoring.cache_metric_batches"


def test_two_things_are_measured_in_turn_and_the_first_round_is_left_out() -> None:
    """Five rounds of each, the order changing; the medians of those after the first."""
    order: list[str] = []
    firsts, seconds = iter((99.0, 1.0, 5.0, 2.0)), iter((99.0, 30.0, 10.0, 20.0))

    def first() -> float:
        order.append("a")
        return next(firsts)

    def second() -> float:
        order.append("b")
        return next(seconds)

    assert medians(first, second, 3) == (2.0, 20.0)
    assert "".join(order) == "abbaabba"


def test_any_number_of_things_take_turns() -> None:
    """Each round begins one earlier; the first of each is left out."""
    order: list[str] = []

    def measure(name: str) -> Callable[[], float]:
        values = iter((99.0, 3.0, 1.0, 2.0))
        return lambda: order.append(name) or next(values)

    assert medians_of([measure(name) for name in "abc"], 3) == [2.0, 2.0, 2.0]
    assert "".join(order) == "abc" + "cab" + "bca" + "abc"


def test_the_import_benchmark_says_both_figures_their_ratio_and_the_goal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its exit code is its verdict on the goal."""
    assert imports.main(["--rounds", "1"]) in (0, 1)
    said = capsys.readouterr().out
    assert re.search(r"goal: .*\d", said)
    ratio = float(re.findall(r"^ratio +([\d.]+)", said, re.MULTILINE)[0])
    assert ratio > 0


def test_the_overhead_is_told_beside_its_goal(
    redis_server: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seven figures with the adapter and without; its exit code is the first one's verdict."""
    assert overhead.main(["--rounds", "1"]) in (0, 1)
    said = capsys.readouterr().out
    assert (
        len(re.findall(r" +[\d.]+ (?:us|ns)   without +[\d.]+ (?:us|ns) +[+-][\d.]+ %", said)) == 7
    )
    assert re.search(r"two readings of the clock are \d+ ns: \d+ %", said)
    assert "goal: GET, delivering meanwhile, at most +2.0 %" in said


def test_the_record_benchmark_says_each_side_and_its_ratio(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In one thread and in several; its exit code is its verdict on the goals."""
    assert record.main(["--rounds", "1", "--threads", "2"]) in (0, 1)
    said = capsys.readouterr().out
    for side in record.SIDES:
        costs = re.findall(rf"^  {side} +(\d+) ns +([\d.]+) of prom", said, re.MULTILINE)
        assert len(costs) == 2, side
        assert all(int(cost) > 0 and float(ratio) > 0 for cost, ratio in costs)
    assert "goal: each record at most 0.4 of prometheus_client and 0.05 of OpenTelemetry" in said


def test_the_ingest_benchmark_says_both_speeds_their_ratio_and_the_goal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every event that is recorded is stored, or it raises; its exit code is its verdict."""
    code = ingest.main(["--events", "250", "--rounds", "1"])
    said = capsys.readouterr().out
    ours, bare = (float(speed.replace(",", "")) for speed in re.findall(r"([\d,]+) events/s", said))
    ratio = float(re.findall(r"^ratio +([\d.]+)", said, re.MULTILINE)[0])
    assert ratio == pytest.approx(ours / bare, abs=0.02)
    assert code == int(ours < 0.6 * bare)
    assert "goal: at least 0.6" in said


def test_the_bare_copy_stores_the_rows_that_were_recorded(
    database: Database, tmp_path: Path
) -> None:
    """What is recorded in five rounds is in the ledger; what is copied in four is beside it."""
    seconds = ingest.compare(database.dsn, tmp_path, events=30, rounds=3)
    assert min(seconds) > 0
    with database.connect() as connection:
        stored = Counter(row[:-1] for row in connection.execute(ingest.STORED))
        batches = connection.execute(BATCHES).fetchone()
    copied = [n for n in stored.values() if n > 1]
    assert copied == [5] * 30  # recorded once, copied in four rounds: the one before counts, too
    assert stored.total() == 30 * 5 + 30 * 4
    assert batches == (30 * 5,)
