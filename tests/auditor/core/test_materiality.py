"""How much a departure must be before it is a person's business, on scenes made by hand."""

from __future__ import annotations

import numpy as np
from by_hand import scene_by_hand

from auditor.judging.cost import cost
from auditor.judging.materiality import LONG_MINUTES, MINUTES, material
from baselines.series import BoolArray

ROWS, FIRST, GETS = 80, 40, 1000.0
USUAL = {
    "hit_rate": 90.0, "error_rate": 0.0, "traffic": GETS, "hit_latency_ms": 1.0,
    "miss_latency_ms": 11.0,
}  # fmt: skip
"""An ordinary minute: 900 hits of 1 ms and 100 loads of 11 ms, 2,000 ms of waiting."""


def found(factor: float, minutes: int, load_ms: float = 11.0) -> BoolArray:
    """Where a factor of the ordinary misses in rows FIRST..FIRST + minutes is material."""
    misses = np.full(ROWS, 100.0)
    misses[FIRST : FIRST + minutes] *= factor
    hits, zero = GETS - misses, np.zeros(ROWS)
    columns = {
        "gets": np.full(ROWS, GETS), "hits": hits, "misses": misses, "errors": zero,
        "total_operations": GETS + misses, "hit_latency_sum_ms": hits,
        "miss_latency_sum_ms": misses * load_ms,
    }  # fmt: skip
    scene = scene_by_hand(columns, USUAL | {"miss_latency_ms": load_ms})
    return np.flatnonzero(material(scene, cost(scene))["hit_rate"][:, 0])


def test_a_small_loss_that_stays_adds_up() -> None:
    """15 % more misses cost 15 x 10 ms of 2,000 a minute, 7.5 %, and are never 1.25 times the
    ordinary. Over 15 minutes they are 1.12 times from the twelfth on: 12 x 0.15 / 15."""
    assert LONG_MINUTES == 15
    rows = found(1.15, 30)
    assert rows[0] == FIRST + 11
    assert set(range(FIRST + 11, FIRST + 30)) <= set(rows)


def test_what_is_small_and_short_is_nobody_s_business() -> None:
    assert found(1.15, 10).size == 0


def test_what_is_smaller_stays_nobody_s_business_however_long() -> None:
    """11 % more, 5.5 % of the ordinary waiting: dear enough, and too near to the ordinary."""
    assert found(1.11, 40).size == 0


def test_a_loss_that_costs_next_to_nothing_is_nobody_s_business() -> None:
    """Three times the misses, at loads that take hardly longer than hits."""
    assert found(3.0, 30, load_ms=1.1).size == 0


def test_a_large_loss_is_material_at_once_and_not_once_it_is_over() -> None:
    """Three minutes of three times the misses: the sum of 15 minutes is 1.4 times the ordinary for
    long after, and nothing of it goes on."""
    assert MINUTES == 3
    rows = found(3.0, 3)
    assert rows[0] == FIRST
    # the sums of 3 minutes and what of 5 still departs reach so far, and no further
    assert rows[-1] == FIRST + 6


def learned_by_the_hour(misses: float, until: int = ROWS, load_ms: float = 11.0) -> BoolArray:
    """Where so many misses a minute are material once the last hour expects as many itself.

    From row `until` on they are the 100 of the week again.
    """
    found_ = np.where(np.arange(ROWS) < until, misses, 100.0)
    hits, zero = GETS - found_, np.zeros(ROWS)
    columns = {
        "gets": np.full(ROWS, GETS), "hits": hits, "misses": found_, "errors": zero,
        "total_operations": GETS + found_, "hit_latency_sum_ms": hits,
        "miss_latency_sum_ms": found_ * load_ms,
    }  # fmt: skip
    usual = USUAL | {"hit_rate": 100 - misses / 10, "miss_latency_ms": load_ms}
    scene = scene_by_hand(columns, usual, {"hit_rate": 90.0})
    return np.flatnonzero(material(scene, cost(scene))["hit_rate"][:, 0])


def test_a_level_that_the_last_hour_has_learned_is_compared_with_the_week() -> None:
    """15 % more than the week's, and just what the last hour expects."""
    assert learned_by_the_hour(115).size == ROWS
    assert learned_by_the_hour(111).size == 0
    assert learned_by_the_hour(115, load_ms=1.1).size == 0


def test_such_a_level_is_over_when_the_newest_minutes_are_the_week_s() -> None:
    """Of the newest five two are over: 3/5 of it goes on; then 2/5, less than half of 57/60."""
    rows = learned_by_the_hour(115, until=70)
    assert rows[-1] == 71
