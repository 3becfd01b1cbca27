"""A fit that sorts all groups at once finds what plain loops find."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from ordinary import DAY, KEY, MONDAY, ordinary
from slow_week import slow_profile, slow_sum

from baselines.fit import fit
from baselines.series import BoolArray, FloatArray, Windows
from baselines.trailing import _sum

METRICS = ("hit_rate", "error_rate", "traffic", "hit_latency_ms", "evictions", "fill_share")
BACK_TO_WINTER = int(datetime(2025, 10, 21, 7, 13, tzinfo=UTC).timestamp()) // 60


def odd_history(days: float, start: int, seed: int) -> tuple[Windows, BoolArray]:
    """Gaps, minutes without traffic, a job each day, an absurd hour; and what is left out of it."""
    random = np.random.default_rng(seed)
    m = int(days * DAY)
    rate = 60.0 + 50.0 * np.sin(2 * np.pi * np.arange(m) / DAY)
    rate[np.arange(m) % DAY // 20 == 9] = 400.0
    rate[random.random(m) < 0.05] = 0.3
    history = ordinary(days, seed, start=start, rate=rate, rho=0.004)
    columns = {name: each.copy() for name, each in history.columns.items()}
    columns["evictions"] = random.poisson(4.0 * columns["misses"]).astype(np.float64)
    columns["sets"] = random.binomial(columns["misses"].astype(int), 0.8).astype(np.float64)
    columns["hit_latency_sum_ms"][m // 2 : m // 2 + 60] *= 500.0
    for each in columns.values():
        each[m // 3 : m // 3 + 77] = np.nan
    left_out = np.zeros((m, 1), dtype=np.bool_)
    left_out[m // 4 : m // 4 + 131] = True
    return Windows(start, history.keys, columns), left_out


@pytest.mark.parametrize(
    ("days", "start", "zone"),
    [(0.4, MONDAY + 555, "UTC"), (5, MONDAY + 77, "UTC"), (9, BACK_TO_WINTER, "Europe/Berlin")],
    ids=["ten hours", "five days", "a doubled hour"],
)
@pytest.mark.parametrize("name", METRICS)
def test_the_week_is_that_of_plain_loops(name: str, days: float, start: int, zone: str) -> None:
    history, left_out = odd_history(days, start, 5)
    fast = fit(history, KEY, time_zone=zone, exclude=left_out).profiles[name]
    usable = history.present()[:, 0] & ~left_out[:, 0]
    for what, slow in slow_profile(name, history, usable, zone).items():
        np.testing.assert_allclose(getattr(fast, what), slow, rtol=1e-9, atol=1e-9, err_msg=what)


def test_medians_are_exact() -> None:
    """What is not a sum has the bits of numpy's median."""
    history, left_out = odd_history(5, MONDAY, 8)
    usable = history.present()[:, 0] & ~left_out[:, 0]
    fast = fit(history, KEY, exclude=left_out).profiles["hit_latency_ms"]
    slow = slow_profile("hit_latency_ms", history, usable, "UTC")
    for what in ("centre", "spread", "overall_centre", "overall_spread", "trials", "windows"):
        np.testing.assert_array_equal(getattr(fast, what), slow[what], err_msg=what)


@pytest.mark.parametrize("rows", [1, 11, 12, 45, 71, 300])
def test_the_sum_of_the_last_hour_is_that_of_its_rows(rows: int) -> None:
    """Small whole numbers: sums in any order are equal to the bit."""
    values = np.random.default_rng(rows).integers(0, 1000, (rows, 2)).astype(np.float64)
    np.testing.assert_array_equal(_sum(values), slow_sum(values))


def test_the_sum_of_the_last_hour_has_the_same_bits_in_any_block() -> None:
    values: FloatArray = np.random.default_rng(3).lognormal(0, 3, (400, 1))
    whole = _sum(values)
    for first in (0, 1, 37, 255):
        np.testing.assert_array_equal(_sum(values[first:])[70:], whole[first + 70 :])
