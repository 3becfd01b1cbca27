"""Rarity in bits, with answers by hand: share of the past that is near, and distance beyond it."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.statistics.rarity import log_rarity_bits, rarity_bits


def test_a_value_that_fills_half_the_past_has_one_bit() -> None:
    """Zeros and tens in turn: the 101st row is like 50 of 100, and counts for half a row more."""
    values = np.append(np.tile([0.0, 10.0], 50), 0.0)
    assert rarity_bits(values)[-1] == pytest.approx(np.log2(101 / 50.5))


def test_a_value_never_seen_has_the_bits_of_the_pasts_length() -> None:
    """5 lies between what was seen, and nothing is within half a bin (10 / 20) of it."""
    values = np.append(np.tile([0.0, 10.0], 50), 5.0)
    assert rarity_bits(values)[-1] == pytest.approx(np.log2(101 / 0.5))


def test_distance_beyond_the_past_adds_a_bit_for_each_doubling() -> None:
    """30 is two ranges above 0..10, 70 is six: one plus the distance is 3, and 7."""
    past = np.tile([0.0, 10.0], 50)
    near, far = (rarity_bits(np.append(past, value))[-1] for value in (30.0, 70.0))
    assert far - near == pytest.approx(np.log2(7 / 3))
    assert near == pytest.approx(np.log2(101 / 0.5) + np.log2(3))


def test_what_has_left_the_memory_is_new_again() -> None:
    values = np.concatenate([np.full(50, 9.0), np.tile([0.0, 1.0], 50), [9.0]])
    assert rarity_bits(values)[-1] < rarity_bits(values, memory=100)[-1]


def test_a_constant_past_knows_its_value_and_nothing_else() -> None:
    same, other = (rarity_bits(np.append(np.full(99, 4.0), value))[-1] for value in (4.0, 4.001))
    assert same == pytest.approx(np.log2(100 / 99.5))
    assert other == pytest.approx(np.log2(100 / 0.5))


def test_on_the_logarithm_ten_is_as_far_from_one_as_a_hundred_from_ten() -> None:
    past = np.tile([1.0, 10.0, 100.0], 40)
    bits = [log_rarity_bits(np.append(past, value))[-1] for value in (10.0, 30.0, 1000.0)]
    assert bits[0] == pytest.approx(np.log2(121 / 40.5))
    assert bits[1] == pytest.approx(np.log2(121 / 0.5))
    assert bits[2] == pytest.approx(np.log2(121 / 0.5) + np.log2(1.5))


def test_zeros_have_a_bin_of_their_own_on_the_logarithm() -> None:
    past = np.tile([0.0, 5.0, 6.0, 7.0], 25)
    assert log_rarity_bits(np.append(past, 0.0))[-1] == pytest.approx(np.log2(101 / 25.5))
    first_zero = log_rarity_bits(np.append(np.tile([5.0, 6.0], 50), 0.0))[-1]
    assert first_zero == pytest.approx(np.log2(101 / 0.5))


def test_missing_values_are_passed_over() -> None:
    """They have no bits, and the others have those that they would have without them."""
    values = np.random.default_rng(1).normal(0, 1, 60)
    holed = np.insert(values, [10, 10, 30], np.nan)
    bits = rarity_bits(holed)
    assert np.isnan(bits[np.isnan(holed)]).all()
    assert np.array_equal(bits[np.isfinite(holed)], rarity_bits(values))
