"""What a departure costs, by hand, and sums over the last minutes."""

from __future__ import annotations

import numpy as np
import pytest
from by_hand import scene_by_hand
from planted import DAY, LEGACY, MONDAY, NEW

from auditor.judging.cost import LOADS_AN_ERROR, cost
from auditor.observing.severity import Damage, add_damage
from auditor.statistics.pooling import lasting, pooled
from auditor.statistics.scene import Scene
from baselines.expectation import Expectation
from baselines.metrics import METRICS
from baselines.series import Windows

ORDINARY = {
    "hit_rate": 90.0,
    "error_rate": 0.0,
    "traffic": 100.0,
    "hit_latency_ms": 1.0,
    "miss_latency_ms": 11.0,
}
"""An ordinary minute: 90 hits of 1 ms and 10 loads of 11 ms, 200 ms of waiting."""


def minute(**columns: float) -> Scene:
    """One window of two series: the first ordinary, the second with some columns changed."""
    plain = {
        "gets": 100.0, "hits": 90.0, "misses": 10.0, "errors": 0.0, "total_operations": 110.0,
        "hit_latency_sum_ms": 90.0, "miss_latency_sum_ms": 110.0,
    }  # fmt: skip
    both = {name: np.array([[value, columns.get(name, value)]]) for name, value in plain.items()}
    expected = {}
    for metric in METRICS:
        centre = np.full((1, 2), ORDINARY.get(metric.name, np.nan))
        expected[metric.name] = Expectation(metric, *[centre] * 6)
    return Scene(Windows(MONDAY + DAY, (LEGACY, NEW), both), {}, expected)


def test_an_ordinary_minute_costs_nothing() -> None:
    found = cost(minute())
    assert found.ordinary[0].tolist() == pytest.approx([200.0, 200.0])
    assert found.total()[0].tolist() == pytest.approx([0.0, 0.0], abs=1e-9)


def test_lost_hits_cost_what_a_load_takes_longer_than_a_hit() -> None:
    """20 hits became loads: 20 x (11 - 1) ms."""
    found = cost(minute(hits=70.0, misses=30.0, hit_latency_sum_ms=70.0, miss_latency_sum_ms=330.0))
    assert found.extra_loads[0, 1] == pytest.approx(20)
    assert found.total()[0].tolist() == pytest.approx([0.0, 200.0])


def test_slow_loads_cost_their_excess() -> None:
    """10 loads of 44 ms: 10 x 33 ms."""
    found = cost(minute(miss_latency_sum_ms=440.0))
    assert found.loads[0, 1] == pytest.approx(330)
    assert found.total()[0, 1] == pytest.approx(330)


def test_errors_cost_three_loads_each() -> None:
    found = cost(minute(errors=5.0))
    assert found.errors[0, 1] == pytest.approx(5 * LOADS_AN_ERROR * 11)


def test_requests_that_do_not_come_cost_an_ordinary_get_each() -> None:
    found = cost(
        minute(gets=0.0, hits=0.0, misses=0.0, total_operations=0.0,
               hit_latency_sum_ms=0.0, miss_latency_sum_ms=0.0)
    )  # fmt: skip
    assert found.lost_requests[0, 1] == 100
    assert found.total()[0, 1] == pytest.approx(100 * 2.0)


def asked(gets: float, week: float, hour: float) -> float:
    """Requests lost in a minute, given what the week and the last hour promise."""
    one = np.ones(1)
    columns = {
        "gets": gets * one, "hits": 0.9 * gets * one, "misses": 0.1 * gets * one,
        "errors": 0 * one, "total_operations": gets * one, "hit_latency_sum_ms": gets * one,
        "miss_latency_sum_ms": gets * one,
    }  # fmt: skip
    scene = scene_by_hand(columns, ORDINARY | {"traffic": hour}, {"traffic": week})
    return float(cost(scene).lost_requests[0, 0])


def test_requests_are_lost_where_fewer_than_half_come() -> None:
    assert asked(gets=51.0, week=100.0, hour=100.0) == 0
    assert asked(gets=49.0, week=100.0, hour=100.0) == 51


@pytest.mark.parametrize(("week", "hour"), [(100.0, 40.0), (40.0, 100.0)])
def test_the_lesser_promise_counts(week: float, hour: float) -> None:
    """30 of 40 are not few, whatever the other promises; of 10 the other 30 are lost."""
    assert asked(gets=30.0, week=week, hour=hour) == 0
    assert asked(gets=10.0, week=week, hour=hour) == 30


def test_a_missing_window_costs_nothing_that_is_known() -> None:
    """Nothing was heard; whether requests were lost is not known, and not made up."""
    nothing = dict.fromkeys(minute().windows.columns, float("nan"))
    assert cost(minute(**nothing)).total()[0].tolist() == pytest.approx([0.0, 0.0])


def test_damage_adds_up_in_ordinary_minutes() -> None:
    costs = cost(minute(miss_latency_sum_ms=440.0))
    found = add_damage(Damage(extra_ms=70.0, normal_minutes=0.35), costs, 0, (1,))
    assert found.extra_ms == pytest.approx(400)
    assert found.normal_minutes == pytest.approx(0.35 + 330 / 200)
    assert found.intensity == pytest.approx(330 / 200)


def test_pooling_by_hand() -> None:
    values = np.array([[1.0], [2.0], [np.nan], [4.0]])
    assert pooled(values, 3)[:, 0].tolist() == [1.0, 3.0, 3.0, 6.0]
    assert pooled(values, 1)[:, 0].tolist() == [1.0, 2.0, 0.0, 4.0]
    assert np.isnan(values[2, 0])


def test_lasting_needs_every_minute() -> None:
    flags = np.array([[True], [True], [True], [False], [True]])
    assert lasting(flags, 3)[:, 0].tolist() == [False, False, True, False, False]
