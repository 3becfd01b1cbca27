"""The memory of a replay gives what a table of all windows would give."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.backtesting.memory import Memory
from baselines.series import SeriesKey, Windows

A, B, C = (SeriesKey("cache", name) for name in "abc")


def block(start: int, rows: int, *keys: SeriesKey, extra: str = "hits") -> Windows:
    """Values that say where they stand: minute + 1000 a series."""
    minutes = np.arange(start, start + rows, dtype=np.float64)[:, None]
    values = minutes + np.array([1000.0 * ord(key.implementation_type) for key in keys])
    return Windows(start, keys, {"total_operations": values, extra: values / 2})


def test_what_was_appended_is_found_again() -> None:
    memory = Memory(50)
    memory.append(block(100, 10, A, B))
    memory.append(block(110, 5, A, B))
    found = memory.between(108, 112)
    assert (found.start, found.keys) == (108, (A, B))
    assert np.array_equal(found.column("hits"), block(108, 4, A, B).column("hits"))
    assert memory.end == 115


def test_only_what_is_older_than_is_kept_is_forgotten() -> None:
    """Block after block, of any length: the last 50 minutes before a block are always there."""
    memory, random = Memory(50), np.random.default_rng(3)
    at, most = 0, 0
    for _ in range(60):
        rows = int(random.integers(1, 30))
        memory.append(block(at, rows, A))
        since = max(at - 50, 0)
        found = memory.between(since, at + rows)
        assert found.start == since
        assert np.array_equal(
            found.column("total_operations"),
            block(since, at + rows - since, A).column("total_operations"),
        )
        at += rows
        most = max(most, at - memory.between(0, at).start)
    assert most < 150


def test_series_come_sorted_and_only_those_with_a_window_in_the_span() -> None:
    memory = Memory(50)
    memory.append(block(0, 10, C))
    memory.append(block(10, 10, A, extra="misses"))
    whole = memory.between(0, 20)
    assert whole.keys == (A, C)
    assert np.isnan(whole.column("total_operations")[:10, 0]).all()
    assert np.isnan(whole.column("hits")[:, 0]).all()
    assert np.array_equal(whole.column("hits")[:10, 1], block(0, 10, C).column("hits")[:, 0])
    assert memory.between(10, 20).keys == (A,)
    assert memory.between(10, 20, also=(C,)).keys == (A, C)


def test_minutes_that_no_block_brings_have_no_windows() -> None:
    memory = Memory(50)
    memory.append(block(0, 3, A))
    memory.append(block(6, 2, A))
    assert memory.between(0, 8).present()[:, 0].tolist() == [True] * 3 + [False] * 3 + [True] * 2


def test_blocks_must_come_in_order() -> None:
    memory = Memory(50)
    memory.append(block(10, 3, A))
    with pytest.raises(ValueError, match="starts at minute 12, the last ended at 13"):
        memory.append(block(12, 3, A))
