"""diskcache: what it removes by itself, and what a FanoutCache keeps to itself."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diskcache  # type: ignore[import-untyped]  # it ships neither types nor stubs
import pytest

from collector.adapters.diskcache import MOST_EVENTS, watched
from tests.collector.adapters.tape import Tape, stored, tape_in


@pytest.fixture
def tape(tmp_path: Path) -> Iterator[Tape]:
    with tape_in(tmp_path / "spool") as made:
        yield made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """diskcache's time, which moves when it is told to."""
    now = [1_000_000.0]

    class Time:
        @staticmethod
        def time() -> float:
            return now[0]

    monkeypatch.setattr("diskcache.core.time", Time)
    monkeypatch.setattr("diskcache.fanout.time", Time)
    return now


@pytest.mark.parametrize("policy", ["least-recently-stored", "least-recently-used"])
def test_evictions_are_what_came_less_what_is_there(
    tape: Tape, tmp_path: Path, policy: str
) -> None:
    with diskcache.Cache(tmp_path / "cache", size_limit=2**16, eviction_policy=policy) as plain:
        cache = watched(plain, collector=tape.collector)
        for number in range(60):
            cache.set(number, b"x" * 3000)
        kinds = Counter(tape.kinds())
        assert 0 < len(cache) < 60
        assert kinds == {"set": 60, "evict": 60 - len(cache)}


def test_what_has_reached_its_age_is_expired_when_it_is_removed(
    tape: Tape, tmp_path: Path, clock: list[float]
) -> None:
    """By the next set, by cull or by expire: once each; evictions by cull are told apart."""
    with diskcache.Cache(tmp_path / "cache", size_limit=2**17) as plain:
        cache = watched(plain, collector=tape.collector)
        for number in range(12):
            cache.set(number, number, expire=5)
        clock[0] += 10
        assert cache.get(0) is None
        assert Counter(tape.kinds()) == {"set": 12, "miss": 1}
        cache.set("new", 1)  # removes ten at most
        assert Counter(tape.kinds()) == {"set": 1, "expire": 10}
        assert cache.expire() == 2
        assert tape.kinds() == ["expire"] * 2
        cache.reset("cull_limit", 0)
        for number in range(60):
            cache.set(number, b"x" * 3000, expire=5 if number < 4 else None)
        tape.rows()
        clock[0] += 10
        before = len(cache)
        removed = cache.cull()
        assert Counter(tape.kinds()) == {"expire": 4, "evict": removed - 4}
        assert len(cache) == before - removed > 0


def test_a_great_removal_is_bounded_and_says_so(
    tape: Tape, tmp_path: Path, clock: list[float]
) -> None:
    with diskcache.Cache(tmp_path / "cache", cull_limit=0, sqlite_synchronous=0) as plain:
        cache = watched(plain, collector=tape.collector)
        with cache.transact():
            for number in range(MOST_EVENTS + 5):
                cache.set(number, number, expire=5 + number / 1000)
        tape.rows()
        clock[0] += 10
        assert cache.expire() == MOST_EVENTS + 5
        rows = tape.rows()
        assert [row.operation_type for row in rows] == ["expire"] * MOST_EVENTS
        assert [row.metadata for row in rows if row.metadata] == ['{"untold":5}']


def test_a_timeout_that_a_fanout_cache_keeps_to_itself_is_an_error(
    tape: Tape, tmp_path: Path
) -> None:
    """It gives the default as before: that was no miss."""
    with (
        diskcache.FanoutCache(tmp_path / "cache", 1, timeout=0.01, statistics=1) as plain,
        diskcache.Cache(tmp_path / "cache" / "000") as other,
    ):
        cache = watched(plain, collector=tape.collector)
        with other.transact():
            assert cache.set("a", 1) is False
            assert cache.get("a", "default") == "default"
            assert cache.delete("a") is False
        assert cache.get("a") is None
        assert [(row.operation_type, row.error_type) for row in tape.rows()] == [
            ("set", "Timeout"), ("error", "Timeout"), ("delete", "Timeout"), ("miss", None),
        ]  # fmt: skip


@pytest.mark.parametrize("kind", [diskcache.Cache, diskcache.FanoutCache])
def test_a_memoized_function_that_calls_itself(tape: Tape, tmp_path: Path, kind: Any) -> None:
    """Call by call, each miss with its load; what it does with the cache besides is recorded."""
    with kind(tmp_path / "cache", timeout=60) as plain:
        cache = watched(plain, collector=tape.collector)

        @cache.memoize(tag="numbers")  # type: ignore[untyped-decorator]  # it has no types
        def fibonacci(number: int) -> Any:
            cache.get("besides")
            return number if number < 2 else fibonacci(number - 1) + fibonacci(number - 2)

        assert fibonacci(6) == 8
        rows = [row for row in tape.rows() if row.cache_key != stored("besides")]
        assert Counter(row.operation_type for row in rows) == {"miss": 7, "set": 7, "hit": 4}
        deepest, *_, first = [row for row in rows if row.operation_type == "miss"]
        assert first.response_time_ms is not None
        assert deepest.response_time_ms is not None
        assert first.response_time_ms > deepest.response_time_ms
        assert cache.evict("numbers") == 7
        assert set(tape.kinds()) == {"delete"}


def test_anything_else_is_refused() -> None:
    with pytest.raises(TypeError, match="not a dict"):
        watched({})
