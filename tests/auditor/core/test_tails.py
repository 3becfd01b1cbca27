"""Tails against scipy's slow twins and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from auditor.statistics.tails import (
    negative_binomial_lower,
    negative_binomial_tails,
    negative_binomial_upper,
    overdispersed_upper,
)


def arrays(*numbers: float) -> list[np.ndarray]:
    return [np.array([each], dtype=np.float64) for each in numbers]


def test_one_of_two_by_hand() -> None:
    """A fair coin thrown twice shows heads at least once in three cases of four."""
    assert overdispersed_upper(*arrays(1, 2, 0.5, 0.0))[0] == pytest.approx(-np.log10(0.75))


def test_counts_that_go_in_pairs_are_half_as_many_by_hand() -> None:
    """With rho 1 two trials are one: D = 2, and one coin shows heads in one case of two."""
    assert overdispersed_upper(*arrays(2, 2, 0.5, 1.0))[0] == pytest.approx(-np.log10(0.5))


SHARES = st.floats(0.001, 0.999)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(trials=st.integers(1, 3000), part=st.floats(0, 1), share=SHARES)
def test_without_overdispersion_it_is_the_binomial(trials: int, part: float, share: float) -> None:
    found = round(part * trials)
    terms = stats.binom(trials, share).logpmf(np.arange(found, trials + 1))
    slow = -np.logaddexp.reduce(terms) / np.log(10)
    fast = overdispersed_upper(*arrays(found, trials, share, 0.0))[0]
    assert fast == pytest.approx(max(slow, 0.0), rel=1e-5, abs=1e-6)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(part=st.floats(0, 1), share=st.floats(0.1, 0.5), rho=st.floats(1e-3, 0.01))
def test_it_is_near_the_beta_binomial_of_the_same_variance(
    part: float, share: float, rho: float
) -> None:
    """In the body, within four standard deviations, to a third of its own."""
    trials = 1000
    spread = np.sqrt(trials * share * (1 - share) * (1 + (trials - 1) * rho))
    found = round(trials * share + 4 * part * spread)
    precision = (1 - rho) / rho
    twin = stats.betabinom(trials, share * precision, (1 - share) * precision)
    slow = -np.log10(twin.sf(found - 1)) if found <= trials else 0.0
    if found <= trials:
        fast = overdispersed_upper(*arrays(found, trials, share, rho))[0]
        assert fast == pytest.approx(slow, rel=0.35, abs=0.2)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(found=st.integers(0, 5000), mean=st.floats(0.1, 3000), phi=st.floats(1e-3, 2))
def test_negative_binomial_equals_scipy(found: int, mean: float, phi: float) -> None:
    size = 1 / phi
    twin = stats.nbinom(size, size / (size + mean))
    lower = negative_binomial_lower(*arrays(found, mean, phi))[0]
    upper = negative_binomial_upper(*arrays(found, mean, phi))[0]
    if twin.cdf(found) > 1e-200:
        assert lower == pytest.approx(-np.log10(twin.cdf(found)), rel=1e-6, abs=1e-9)
    if twin.sf(found - 1) > 1e-200:
        assert upper == pytest.approx(-np.log10(twin.sf(found - 1)), rel=1e-6, abs=1e-9)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(found=st.integers(0, 5000), mean=st.floats(0.1, 3000), phi=st.floats(1e-4, 2))
def test_two_tails_at_once_are_the_tails(found: int, mean: float, phi: float) -> None:
    """The one that is not asked for is the rest: the same as asking for it."""
    size = 1 / phi
    twin = stats.nbinom(size, size / (size + mean))
    lower, upper = (float(each[0]) for each in negative_binomial_tails(*arrays(found, mean, phi)))
    for tail, chance in ((lower, twin.cdf(found)), (upper, twin.sf(found - 1))):
        if chance > 1e-200:
            assert tail == pytest.approx(-np.log10(chance), rel=1e-6, abs=1e-9)
    alone = negative_binomial_upper(*arrays(found, mean, phi))[0]
    assert upper == pytest.approx(alone, rel=1e-9, abs=1e-11)


def test_tails_keep_the_shape_and_what_is_missing() -> None:
    found = np.array([[3.0, np.nan], [0.0, 1e6]])
    lower, upper = negative_binomial_tails(found, np.full((2, 2), 5.0), np.full((2, 2), 0.1))
    assert lower.shape == upper.shape == (2, 2)
    assert np.isnan([lower[0, 1], upper[0, 1]]).all()
    assert upper[1, 0] == 0.0
    assert 300 < upper[1, 1] < np.inf


def test_tails_do_not_saturate() -> None:
    """Far beyond the smallest double the tail still grows."""
    k = np.array([3000.0, 3500.0, 4000.0])
    n, share, rho = np.full(3, 4000.0), np.full(3, 0.1), np.full(3, 1e-4)
    ratio = overdispersed_upper(k, n, share, rho)
    count = negative_binomial_upper(k * 100, np.full(3, 100.0), np.full(3, 1e-3))
    for tail in (ratio, count):
        assert np.isfinite(tail).all()
        assert tail[0] > 300
        assert (np.diff(tail) > 0).all()


def test_silence_of_a_busy_cache_by_hand() -> None:
    """P(0) of a negative binomial is (1 + phi mu)^(-1 / phi): 1001^-10 for mu 10,000, phi 0.1."""
    found = negative_binomial_lower(*arrays(0, 10_000, 0.1))[0]
    assert found == pytest.approx(10 * np.log10(1001))


def test_missing_goes_through_and_nothing_is_strange_about_none() -> None:
    nan = overdispersed_upper(*arrays(np.nan, 10, 0.1, 0.01))[0]
    assert np.isnan(nan)
    assert overdispersed_upper(*arrays(0, 10, 0.1, 0.01))[0] == 0.0
    assert negative_binomial_upper(*arrays(0, 10, 0.1))[0] == 0.0


def test_bits_do_not_depend_on_the_neighbours() -> None:
    random = np.random.default_rng(9)
    n = random.integers(20, 2000, 200).astype(float)
    k = np.floor(n * random.uniform(0.1, 0.9, 200))
    share, rho = random.uniform(0.05, 0.3, 200), random.uniform(1e-4, 0.05, 200)
    together = overdispersed_upper(k, n, share, rho)
    alone = [overdispersed_upper(*arrays(*each))[0] for each in zip(k, n, share, rho, strict=True)]
    assert together.tolist() == alone
