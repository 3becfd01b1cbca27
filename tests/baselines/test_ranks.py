"""Order statistics of all groups at once against numpy's, one group after the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from baselines.ranks import (
    deviation,
    deviations,
    median,
    medians,
    ordered,
    places,
    quantile,
    quantiles,
)
from baselines.robust import MAD_TO_SIGMA
from baselines.series import FloatArray

VALUES = arrays.arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e9, 1e9))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(values=VALUES, share=st.sampled_from([0.0, 0.02, 0.5, 0.95, 0.98, 1.0]))
def test_one_group_has_numpys_bits(values: FloatArray, share: float) -> None:
    assert median(values) == np.median(values)
    assert quantile(values, share) == np.quantile(values, share)
    assert deviation(values) == np.median(np.abs(values - np.median(values))) * MAD_TO_SIGMA


def test_nothing_strays_by_nothing() -> None:
    assert deviation(np.empty(0)) == 0.0


def lined(seed: int) -> tuple[list[FloatArray], FloatArray]:
    """Groups of 0 to 40 values with ties, and the same in lines."""
    random = np.random.default_rng(seed)
    group = random.integers(0, 30, 500)
    group[group % 7 == 0] = 29
    values = np.round(random.normal(0, 3, 500), 1)
    place, width = places(group, 30)
    lines = np.full((30, width), np.nan)
    lines.ravel()[place] = values
    return [values[group == each] for each in range(30)], lines


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_many_groups_have_numpys_bits(seed: int) -> None:
    groups, lines = lined(seed)
    up, count = ordered(lines)
    low, high = quantiles(up, count, 0.02), quantiles(up, count, 0.98)
    for at, group in enumerate(groups):
        if group.size == 0:
            assert np.isnan([medians(lines)[at], deviations(lines)[at], low[at]]).all()
            continue
        assert medians(lines)[at] == np.median(group)
        assert deviations(lines)[at] == deviation(group)
        assert [low[at], high[at]] == np.quantile(group, (0.02, 0.98)).tolist()


def test_rows_of_a_group_stand_in_their_order() -> None:
    place, width = places(np.array([2, 0, 2, 2, 0]), 3)
    assert width == 3
    assert place.tolist() == [6, 0, 7, 8, 1]
