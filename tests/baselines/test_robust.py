"""Centre and spread that a few strange windows cannot move."""

from __future__ import annotations

import numpy as np
import pytest

from baselines.errors import TooFewWindows
from baselines.robust import MAD_TO_SIGMA, centre, clipped, floored, spread


def test_known_by_hand() -> None:
    """Median of 1 2 3 4 100 is 3; deviations 2 1 0 1 97 have the median 1."""
    values = np.array([1.0, 2.0, np.nan, 3.0, 4.0, 100.0])
    assert centre(values) == 3.0
    assert spread(values) == MAD_TO_SIGMA


def test_spread_of_normal_values_is_their_standard_deviation() -> None:
    values = np.random.default_rng(3).normal(10, 2, 20_000)
    assert spread(values) == pytest.approx(2, rel=0.03)


def test_a_tenth_of_outliers_moves_the_spread_little() -> None:
    values = np.random.default_rng(4).normal(0, 1, 5000)
    values[:500] += 1000
    assert spread(values) < 1.3


def test_constant_series_have_no_spread_until_it_is_floored() -> None:
    """MAD = 0 would make every deviation infinite."""
    assert spread(np.full(10, 7.0)) == 0.0
    assert floored(np.array([0.0, 5.0]), 2.0, share=0.25, least=0.1).tolist() == [0.5, 5.0]
    assert floored(np.array([0.0]), 0.0, share=0.25, least=0.1).tolist() == [0.1]


def test_too_few_values_say_how_many_are_needed() -> None:
    with pytest.raises(TooFewWindows, match="3 are needed") as caught:
        spread(np.array([1.0, np.nan, 2.0]))
    assert (caught.value.needed, caught.value.found) == (3, 2)


def test_clipping_keeps_missing_missing() -> None:
    found = clipped(np.array([-9.0, 0.5, np.nan, 9.0]), 1.0)
    np.testing.assert_array_equal(found, [-1.0, 0.5, np.nan, 1.0])
