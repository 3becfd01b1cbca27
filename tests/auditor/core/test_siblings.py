"""A series beside the other implementations of its cache."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.statistics.siblings import Siblings
from baselines.series import SeriesKey, places

KEYS = [
    SeriesKey("alone", "new"),
    SeriesKey("pair", "legacy"),
    SeriesKey("pair", "new"),
    SeriesKey("three", "a"),
    SeriesKey("three", "b"),
    SeriesKey("three", "c"),
]


def test_the_mean_is_that_of_the_others_of_the_same_cache() -> None:
    values = np.array([[9.0, 1.0, 2.0, 10.0, 20.0, 40.0], [9.0, np.nan, 2.0, 10.0, np.nan, 40.0]])
    expected = [
        [np.nan, 2.0, 1.0, 30.0, 25.0, 15.0],
        [np.nan, 2.0, np.nan, np.nan, 25.0, np.nan],
    ]
    np.testing.assert_array_equal(Siblings.of(KEYS).mean(values), expected)


def test_the_spread_is_that_of_a_difference_from_a_mean() -> None:
    """Of two others, the mean of their squared errors counts by half."""
    error = np.array([[9.0, 1.0, 3.0, 4.0, 2.0, 6.0]])
    expected = np.sqrt([[np.nan, 1 + 3, 3 + 1, 4 + (2 + 6) / 4, 2 + 10 / 4, 6 + 6 / 4]])
    np.testing.assert_array_equal(Siblings.of(KEYS).spread(error), expected)


def test_places_are_those_of_the_wanted_in_their_order() -> None:
    assert places(KEYS, [KEYS[4], KEYS[0]]) == [4, 0]
    with pytest.raises(ValueError, match="gone"):
        places(KEYS, [SeriesKey("gone", "new")])
