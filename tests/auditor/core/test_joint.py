"""The joint cloud of deviations: distances known by hand, and by a planted correlation."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.statistics.joint import RIDGE, Cloud


@pytest.fixture(scope="module")
def together() -> Cloud:
    """Two metrics that move together (correlation .9), a third that goes its own way."""
    random = np.random.default_rng(7)
    draws = random.normal(size=(4096, 3))
    draws[:, 1] = 0.9 * draws[:, 0] + np.sqrt(1 - 0.81) * draws[:, 1]
    return Cloud.of(draws)


def test_the_middle_has_no_distance() -> None:
    rows = np.array([[-1.0, 2.0], [0.0, 4.0], [1.0, 6.0]] * 100)
    assert Cloud.of(rows).distance(np.array([[0.0, 4.0]]))[0] == 0.0


def test_along_the_common_way_is_near_and_across_it_is_far(together: Cloud) -> None:
    """By hand: d^2 = 2 a^2 / (1 + r) along, 2 a^2 / (1 - r) across, r shrunk by the ridge."""
    along, across = together.distance(np.array([[3.0, 3.0, 0.0], [3.0, -3.0, 0.0]]))
    r = 0.9 * (1 - RIDGE)
    assert along == pytest.approx(3 * np.sqrt(2 / (1 + r)), rel=0.05)
    assert across == pytest.approx(3 * np.sqrt(2 / (1 - r)), rel=0.1)


def test_it_grows_where_a_forest_saturates(together: Cloud) -> None:
    near, far = together.distance(np.array([[0.0, 0.0, 5.0], [0.0, 0.0, 20.0]]))
    assert far == pytest.approx(4 * near, rel=0.01)


def test_a_tenth_of_wild_rows_moves_it_little(together: Cloud) -> None:
    random = np.random.default_rng(7)
    draws = random.normal(size=(4096, 3))
    draws[:, 1] = 0.9 * draws[:, 0] + np.sqrt(1 - 0.81) * draws[:, 1]
    draws[:400, 2] = 20.0
    point = np.array([[0.0, 0.0, 6.0]])
    assert Cloud.of(draws).distance(point)[0] > 0.6 * together.distance(point)[0]


def test_metrics_that_are_the_same_or_constant_are_no_trouble() -> None:
    random = np.random.default_rng(3)
    one = random.normal(size=500)
    cloud = Cloud.of(np.column_stack([one, one, np.zeros(500)]))
    found = cloud.distance(np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    assert np.isfinite(found).all()
    assert (found > 0).all()


def test_a_row_has_the_same_bits_in_any_block(together: Cloud) -> None:
    rows = np.random.default_rng(1).normal(size=(257, 3))
    whole = together.distance(rows)
    for first, last in ((0, 1), (3, 20), (100, 257)):
        np.testing.assert_array_equal(together.distance(rows[first:last]), whole[first:last])
