"""The statistic of a lasting shift, by hand and against a slow twin."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from auditor.statistics.shifts import LEAST_BEFORE, LEAST_SPREAD, LENGTHS, unmoved, upward_shift
from auditor.statistics.whole_hours import REACH
from baselines.series import FloatArray


def column(*hours: float) -> FloatArray:
    """REACH hours of one series that end in these; those before are ordinary to the hair."""
    return np.array([0.0] * (REACH - len(hours)) + list(hours))[:, None]


def last(departures: FloatArray) -> tuple[float, float]:
    """Statistic, made an hour's departure again where the spread is the least; and the mean."""
    shift = upward_shift(departures)
    assert shift.statistic.shape == (departures.shape[0] - REACH + 1, departures.shape[1])
    return float(shift.statistic[-1, 0]) * LEAST_SPREAD, float(shift.mean[-1, 0])


def near(statistic: float, mean: float) -> tuple[object, object]:
    return pytest.approx(statistic, abs=1e-12), pytest.approx(mean, abs=1e-12)


def test_a_shift_is_worth_the_root_of_its_hours() -> None:
    """Three hours at 0.4: 0.4 * sqrt(3). Twelve: 0.4 * sqrt(12); for six, 0.4 * sqrt(6) is less."""
    assert last(column(*[0.4] * 3)) == near(0.4 * sqrt(3), 0.4)
    assert last(column(*[0.4] * 12)) == near(0.4 * sqrt(12), 0.4)


def test_a_growing_shift_is_told_over_the_length_that_says_most() -> None:
    """0.1, 0.2 … 0.6: three hours have 0.5 * sqrt(3) = 0.866, six 0.35 * sqrt(6) = 0.857."""
    assert last(column(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)) == near(0.5 * sqrt(3), 0.5)


def test_it_is_measured_in_spreads_of_the_hours_before() -> None:
    """Before, a third of the hours lie at -0.1, 0 and 0.1 each: quartiles 0.2 apart."""
    noisy = np.tile([[-0.1], [0.0], [0.1]], (REACH // 3, 1))
    noisy[-6:] = 0.3
    shift = upward_shift(noisy)
    expected = 0.3 * sqrt(6) / (0.2 / 1.349)
    assert float(shift.statistic[-1, 0]) == pytest.approx(expected)


def test_downwards_is_no_shift() -> None:
    assert last(column(*[-0.4] * 24)) == (0.0, 0.0)


def test_what_is_over_is_no_shift() -> None:
    """A day at 0.4, three hours ago; a day is still there in the sums, but no shorter length is."""
    assert last(column(*[0.4] * 24, 0.0, 0.0, 0.0)) == (0.0, 0.0)


def test_what_has_more_than_halved_is_no_shift_either() -> None:
    """Nine hours at 0.4 and three at 0.05 are twelve at 0.31: three show less than half of it."""
    assert last(column(*[0.4] * 9, *[0.05] * 3)) == near(0.05 * sqrt(3), 0.05)
    twelve = (9 * 0.4 + 3 * 0.2) / 12
    assert last(column(*[0.4] * 9, *[0.2] * 3)) == near(twelve * sqrt(12), twelve)


def test_a_level_that_was_so_before_is_no_shift() -> None:
    """All a tenth above the week, for three days; then a tenth more in the last six hours."""
    always = np.full((REACH, 1), 0.1)
    assert last(always)[0] == pytest.approx(0.0, abs=1e-12)
    always[-6:] = 0.2
    assert last(always) == near(0.1 * sqrt(6), 0.2)


def test_the_return_from_a_dip_is_no_shift() -> None:
    """Below the week before, as the week now."""
    dip = np.full((REACH, 1), -0.5)
    dip[-12:] = 0.0
    assert last(dip) == (0.0, 0.0)


def test_one_bad_hour_among_those_before_hides_nothing() -> None:
    """Level and spread are told by quartiles: an incident of an hour, yesterday, moves neither."""
    with_incident = column(*[0.4] * 12)
    with_incident[20] = 5.0
    assert last(with_incident) == near(0.4 * sqrt(12), 0.4)


def test_an_unknown_hour_adds_nothing() -> None:
    """0.4, unknown, 0.4 is a mean of 0.8 / 3."""
    few = column(0.4, np.nan, 0.4)
    assert last(few) == near(0.8 / 3 * sqrt(3), 0.8 / 3)


@pytest.mark.parametrize("known", [0, LEAST_BEFORE - 1, LEAST_BEFORE])
def test_without_half_a_day_before_it_nothing_is_judged(known: int) -> None:
    few = np.full((REACH, 1), np.nan)
    few[REACH - 3 - known : REACH - 3] = 0.0
    few[-3:] = 0.4
    shift = upward_shift(few)
    assert np.isnan(shift.statistic[0, 0]) == np.isnan(shift.mean[0, 0]) == (known < LEAST_BEFORE)


def slow(departures: FloatArray, row: int, series: int) -> tuple[float, float]:
    """The same of one row, as the docstring says it."""
    span = departures[row - REACH + 1 : row + 1, series]
    best, mean, least, judged = 0.0, 0.0, float("inf"), False
    for length in LENGTHS:
        earlier = sorted(float(each) for each in span[: REACH - length] if np.isfinite(each))
        if len(earlier) < max(length, LEAST_BEFORE):
            continue
        judged, top = True, len(earlier) - 1
        quarter = earlier[top - top // 4] - earlier[top // 4]
        spread = max(quarter / 1.349, LEAST_SPREAD)
        level = max(float(np.median(earlier)), 0.0)
        own = float(np.nansum(span[-length:])) / length
        found = sqrt(length) * (own - level) / spread
        if least >= 0.5 * (own - level) and found > best:
            best, mean = found, own
        least = min(least, own - level)
    return (best, mean) if judged else (float("nan"), float("nan"))


def test_the_slow_twin_agrees() -> None:
    random = np.random.default_rng(5)
    away = random.normal(0.1, 0.2, (REACH + 60, 3)).cumsum(axis=0) / 6
    away[random.random(away.shape) < 0.2] = np.nan
    away[: REACH + 5, 2] = np.nan
    shift = upward_shift(away)
    for at in range(shift.statistic.shape[0]):
        for series in range(3):
            found = (shift.statistic[at, series], shift.mean[at, series])
            expected = slow(away, at + REACH - 1, series)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    assert (shift.statistic[:, :2] > 0).any(axis=0).all()
    assert np.isnan(shift.statistic[:, 2]).any()


def test_no_bit_depends_on_what_comes_before_or_after() -> None:
    away = np.random.default_rng(6).normal(0.05, 0.3, (REACH + 40, 2))
    whole = upward_shift(away)
    for first, rows in ((0, REACH), (7, REACH + 3), (40, REACH)):
        part = upward_shift(away[first : first + rows])
        expected = whole.statistic[first : first + rows - REACH + 1]
        np.testing.assert_array_equal(part.statistic, expected)


def test_a_level_has_moved_where_one_length_shows_it() -> None:
    """From 0 to 0.5 some hours ago: the newest 3 tell it, then 6 … 24, until most of it is so."""
    for hours, same in ((0, True), (1, True), (2, False), (20, False), (40, False), (49, True)):
        values = column(*[0.5] * hours)
        assert bool(unmoved(values, 0.4)[-1, 0]) == same, hours
        assert unmoved(values, 0.6)[-1, 0]


def test_what_is_not_known_has_not_moved() -> None:
    assert unmoved(np.full((REACH + 1, 2), np.nan), 0.1).all()
    half = np.full((REACH, 1), np.nan)
    half[-24:] = 1.0
    assert unmoved(half, 0.1).all()
