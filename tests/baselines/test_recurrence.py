"""What comes back at the same time every day is expected; what came once is not."""

from __future__ import annotations

import numpy as np
import pytest
from ordinary import DAY, MONDAY, ordinary

from baselines.calendar import Calendar
from baselines.expectation import expect
from baselines.fit import fit
from baselines.metrics import BY_NAME
from baselines.recurrence import recurrence
from baselines.series import FloatArray
from baselines.slots import STEP, STEPS, WEEK
from baselines.terms import Terms

KEY = ordinary(0.1).keys[0]
JOB = slice(150, 170)
"""A nightly job from 02:30 to 02:50."""


def job_rate(days: int, on: set[int]) -> FloatArray:
    rate = np.full(days * DAY, 200.0)
    for day in on:
        rate[day * DAY + JOB.start : day * DAY + JOB.stop] = 800.0
    return rate


def expected_in_job(days: int, on: set[int]) -> float:
    history = ordinary(days, rate=job_rate(days, on), rho=0.001)
    seasonal = expect(BY_NAME["traffic"], history, {KEY: fit(history, KEY)}).seasonal
    return float(np.median(seasonal[JOB, 0]))


def test_a_nightly_job_is_expected() -> None:
    assert 700 < expected_in_job(7, set(range(7))) < 850


def test_what_came_once_is_not_expected() -> None:
    assert expected_in_job(7, {3}) < 240


def test_two_days_are_not_a_habit() -> None:
    assert expected_in_job(2, {0, 1}) < 300


def test_a_time_of_day_that_differs_from_day_to_day_is_less_sure() -> None:
    """On every other day there is a job: half the days are no habit, but no surprise either."""
    rate = job_rate(8, {0, 2, 4, 6})
    history = ordinary(8, rate=rate, rho=0.001)
    profile = fit(history, KEY).profiles["traffic"]
    step = JOB.start // STEP + 1
    assert profile.daily_widening[step] > 2.0
    assert profile.daily_widening[100] < 1.6


def test_the_shift_by_hand() -> None:
    """Four days of exactly twice the expected in one step, the expected elsewhere: log 2 there."""
    m = 4 * DAY
    step = np.arange(m) % DAY // STEP
    above = np.where(step == 40, 20_000.0, 10_000.0)
    found, widening = recurrence(
        BY_NAME["traffic"],
        Terms(above, np.ones(m), above, np.log(above)),
        np.full(WEEK, np.log(10_000.0)),
        Calendar.of(np.arange(MONDAY, MONDAY + m), "UTC"),
    )
    assert found.shape == widening.shape == (STEPS,)
    assert abs(found[40] - np.log(2)) < 1e-3
    assert np.abs(np.delete(found, 40)).max() < 1e-9
    assert widening.max() == 1.0


def shifted(away: list[float], strays: float = 0.0) -> float:
    """The shift of one step, given each day's departure there on the link scale; NaN = not seen.

    strays: how far every other step departs, up on half of the days and down on the others.
    """
    days = len(away)
    day, step = np.arange(days * DAY) // DAY, np.arange(days * DAY) % DAY // STEP
    departs = np.where(step == 40, np.array(away)[day], np.where(day % 2, -strays, strays))
    above = 1e8 * np.exp(departs)
    known = np.flatnonzero(np.isfinite(above))
    found, _ = recurrence(
        BY_NAME["traffic"],
        Terms(above, np.ones(above.size), above, np.log(above)).take(known),
        np.full(WEEK, np.log(1e8)),
        Calendar.of(np.arange(MONDAY, MONDAY + above.size), "UTC").take(known),
    )
    return float(found[40])


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        ([0.5, 0.5, 0.5], 0.5),
        ([0.5, 0.5, np.nan, 0.5], 0.5),
        ([0.5, np.nan, np.nan, 0.5], 0.0),  # the other steps were seen on four days
        ([0.5, 0.5, 0.5, 0.0, 0.5], 0.5),  # the median of the days
    ],
)
def test_three_days_make_a_habit(away: list[float], expected: float) -> None:
    assert shifted(away) == pytest.approx(expected, abs=1e-6)


def test_a_shift_is_shrunk_by_what_chance_would_make_of_the_days() -> None:
    """Four days that stray by 0.1: a spread of 1.4826 x 0.1, so that their median has a standard
    error of 1.2533 x 0.14826 / 2 = 0.0929. Two of them are taken off; what is less is nothing."""
    error = 1.2533 * 1.4826 * 0.1 / 2
    assert shifted([0.6, 0.4, 0.6, 0.4], strays=0.1) == pytest.approx(0.5 - 2 * error, abs=1e-6)
    assert shifted([-0.4, -0.6, -0.4, -0.6], 0.1) == pytest.approx(2 * error - 0.5, abs=1e-6)
    assert shifted([0.25, 0.05, 0.25, 0.05], strays=0.1) == 0.0


def test_it_is_told_on_the_caches_own_clock() -> None:
    """In winter 02:30 UTC is 03:30 in Berlin: the step of the day is that one."""
    history = ordinary(7, rate=job_rate(7, set(range(7))), rho=0.001)
    profile = fit(history, KEY, time_zone="Europe/Berlin").profiles["traffic"]
    assert profile.daily_shift[(JOB.start + 60) // STEP + 1] > 0.5
    assert abs(profile.daily_shift[JOB.start // STEP - 6]) < 0.3
