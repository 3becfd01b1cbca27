"""Where a metric has been: bits of rarity known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from baselines.metrics import BY_NAME
from baselines.seen import BINS, LEAST_REACH, MEDIAN, SHARES, rarity, seen
from baselines.series import FloatArray

TIME, HITS, TRAFFIC = (BY_NAME[name] for name in ("miss_latency_ms", "hit_rate", "traffic"))


@pytest.fixture
def even() -> FloatArray:
    """Times spread evenly on the logarithm from 1 to e^10 ms, ten thousand of them."""
    return np.exp(np.linspace(0.0, 10.0, 10_001))


def bits(values: list[float], past: FloatArray) -> FloatArray:
    return rarity(TIME, np.array(values), seen(past), float(past.size))


def test_quantiles_are_type_7_and_missing_ones_are_skipped() -> None:
    values = np.array([4.0, np.nan, 1.0, 3.0, 2.0])
    assert seen(values)[0] == 1.0
    assert seen(values)[-1] == 4.0
    assert seen(values)[MEDIAN] == 2.5
    assert np.all(np.diff(SHARES) > 0)


@pytest.mark.parametrize("size", [1, 2, 168, 4001])
def test_quantiles_have_numpys_bits(size: int) -> None:
    values = np.random.default_rng(size).lognormal(0, 2, size)
    np.testing.assert_array_equal(seen(values), np.quantile(values, SHARES))


def test_an_even_past_makes_every_place_equally_rare(even: FloatArray) -> None:
    """A bin of a tenth of the range holds a tenth of the past: log2(10) bits."""
    found = bits([float(np.exp(6.0)), float(np.exp(8.0))], even)
    np.testing.assert_allclose(found, np.log2(BINS), atol=0.02)


def test_the_better_side_is_never_rare(even: FloatArray) -> None:
    assert bits([1e-3, 1.0, float(np.exp(4.9))], even).tolist() == [0.0, 0.0, 0.0]
    falling = rarity(HITS, np.array([99.99, 1.0]), seen(np.linspace(80, 90, 1000)), 1000.0)
    assert falling[0] == 0.0
    assert falling[1] > 8.0


def test_both_sides_of_a_metric_that_may_go_either_way() -> None:
    past = np.exp(np.linspace(2.0, 4.0, 1000))
    low, high = rarity(TRAFFIC, np.exp([1.0, 5.0]), seen(past), 1000.0)
    assert low == pytest.approx(high, abs=0.05)
    assert low > 8.0


def test_never_seen_is_half_a_window_and_each_doubling_of_distance_a_bit(even: FloatArray) -> None:
    near, far = bits([float(np.exp(20.0)), float(np.exp(40.0))], even)
    assert near == pytest.approx(np.log2(10_002 / 0.5) + 1.0, abs=0.05)  # one range beyond
    assert far == pytest.approx(np.log2(10_002 / 0.5) + 2.0, abs=0.05)  # three ranges beyond


def test_a_constant_past_makes_anything_else_rare() -> None:
    past = np.full(500, 20.0)
    same, other = bits([20.0, 20.0 * np.exp(3 * LEAST_REACH)], past)
    assert same == 0.0
    assert other > np.log2(501 / 0.5) - 0.1


def test_what_was_not_measured_has_no_rarity(even: FloatArray) -> None:
    assert np.isnan(bits([float("nan")], even)).all()
