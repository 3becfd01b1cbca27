"""Counts and quantiles of trailing rows are those that counting and sorting give."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.statistics.trailing_order import TrailingOrder, trailing, trailing_extremes
from baselines.series import FloatArray


def drawn(kind: str, m: int) -> FloatArray:
    random = np.random.default_rng(3)
    if kind == "few values":
        return random.integers(0, 4, m).astype(float)
    if kind == "one value":
        return np.full(m, 7.5)
    return np.asarray(random.normal(0, 1, m))


@pytest.mark.parametrize("kind", ["many values", "few values", "one value"])
@pytest.mark.parametrize("memory", [1, 5, 64, 1000])
def test_a_count_and_a_quantile_are_those_of_the_slow_twin(kind: str, memory: int) -> None:
    values = drawn(kind, 150)
    order = TrailingOrder(values)
    first, last = trailing(values.size, memory)
    low, high = values - 0.3, values + 0.2
    counts = order.within(first, last, low, high)
    medians = order.quantile(first, last, 0.5)
    least, greatest = trailing_extremes(values, memory)
    for row in range(values.size):
        past = values[max(row - memory, 0) : row]
        assert counts[row] == ((past >= low[row]) & (past <= high[row])).sum()
        if past.size == 0:
            assert np.isnan([medians[row], least[row], greatest[row]]).all()
            continue
        assert medians[row] == np.sort(past)[int(np.floor(0.5 * (past.size - 1) + 0.5))]
        assert (least[row], greatest[row]) == (past.min(), past.max())


def test_any_span_of_rows_can_be_asked_about() -> None:
    """Not only trailing ones; an empty span counts nothing and has no quantile."""
    order = TrailingOrder(np.array([5.0, 1.0, 4.0, 1.0, 3.0]))
    first, last = np.array([0, 1, 2, 3]), np.array([5, 4, 2, 4])
    bounds = np.full(4, 1.0), np.full(4, 4.0)
    assert order.within(first, last, *bounds).tolist() == [4, 3, 0, 1]
    found = order.at(first, last, np.array([4, 2, 0, 0]))
    assert found[[0, 1, 3]].tolist() == [5.0, 4.0, 1.0]
    assert np.isnan(found[2])


def test_later_rows_change_no_answer() -> None:
    values = drawn("many values", 200)
    whole, part = TrailingOrder(values), TrailingOrder(values[:120])
    spans = trailing(120, 50)
    assert np.array_equal(whole.quantile(*spans, 0.9), part.quantile(*spans, 0.9), equal_nan=True)
    bounds = values[:120] - 0.1, values[:120] + 0.1
    assert np.array_equal(whole.within(*spans, *bounds), part.within(*spans, *bounds))
