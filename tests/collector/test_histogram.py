"""Quantiles from log bins against exact ones."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.histogram import EDGES_MS, OVERFLOW, Histogram, bin_of, value_of

ELAPSED = st.floats(0.001, 999_999.0)


def test_edges_are_as_specified() -> None:
    """1 µs to 1,000 s, each 2 % above the one before by repeated multiplication."""
    assert EDGES_MS[0] == 0.001
    assert EDGES_MS[-2] < 1e6 <= EDGES_MS[-1]
    assert all(high == low * 1.02 for low, high in pairwise(EDGES_MS))


@pytest.mark.parametrize(
    ("elapsed_ms", "number"),
    [(0.0, 0), (0.0009, 0), (0.001, 1), (0.00102, 2), (1e9, OVERFLOW), (EDGES_MS[-1], OVERFLOW)],
)
def test_bins_are_half_open(elapsed_ms: float, number: int) -> None:
    """An edge belongs to the bin above it."""
    assert bin_of(elapsed_ms) == number


@pytest.mark.parametrize("number", [-1, OVERFLOW + 1])
def test_there_are_no_other_bins(number: int) -> None:
    """A number that is no bin is an error with the numbers in it."""
    with pytest.raises(ValueError, match=str(OVERFLOW)):
        value_of(number)


@given(ELAPSED)
def test_a_bin_is_worth_its_values_within_one_percent(elapsed_ms: float) -> None:
    """The worth of the bin that a value falls into is less than 1 % from it."""
    assert math.isclose(value_of(bin_of(elapsed_ms)), elapsed_ms, rel_tol=0.01)


@given(st.lists(ELAPSED, min_size=1, max_size=300), st.sampled_from([0, 0.05, 0.5, 0.95, 0.99, 1]))
def test_quantiles_are_type_7_within_one_percent(values: list[float], q: float) -> None:
    """Both ranks and linear between, as numpy's default has it."""
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    exact = float(np.quantile(np.array(values), q))
    found = histogram.quantile(q)
    assert found is not None
    assert math.isclose(found, exact, rel_tol=0.01)


@given(st.lists(st.lists(ELAPSED, max_size=50), max_size=6))
def test_merged_is_the_same_as_counted_together(parts: list[list[float]]) -> None:
    """An hour's histogram is the sum of its minutes'."""
    merged, together = Histogram(), Histogram()
    for part in parts:
        one = Histogram()
        for value in part:
            one.add(value)
            together.add(value)
        merged.merge(Histogram.of(*one.columns()))
    assert merged.columns() == together.columns()
    assert merged.n == sum(map(len, parts))


def test_empty_and_extremes() -> None:
    """No value, no quantile; zeros are 0; what lies above is worth the last edge."""
    assert Histogram().quantile(0.5) is None
    histogram = Histogram()
    histogram.add(0.0, 3)
    histogram.add(1e12)
    assert (histogram.quantile(0.5), histogram.quantile(1.0)) == (0.0, EDGES_MS[-1])
    with pytest.raises(ValueError, match=r"1\.5"):
        histogram.quantile(1.5)
