"""What a statistic is worth against its own past."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from auditor.judging import calibration, tails
from auditor.judging.calibration import (
    MIN_WINDOWS,
    MINUTES_A_WEEK,
    MOST_SHAPE,
    TIMES,
    Calibration,
    cluster_maxima,
    from_dict,
    opening_surprise,
    score,
)
from auditor.judging.hours import (
    HOUR_STRENGTH,
    HOUR_TAIL,
    HOURS,
    LEAST_HOUR,
    MOST_HOUR,
    HourLines,
    hourly,
)
from baselines.errors import TooFewWindows
from baselines.series import BoolArray, FloatArray, IntArray, SeriesKey


def fit_calibration(
    statistic: FloatArray, *, least_scale: float, exclude: BoolArray | None = None
) -> Calibration:
    """Learned from minutes 0, 1, 2, ..."""
    on = HourLines.of(np.arange(statistic.size, dtype=np.int64))
    return calibration.fit_calibration(statistic, on, exclude=exclude, least_scale=least_scale)


def surprise(statistic: FloatArray, known: Sequence[Calibration | None]) -> FloatArray:
    """Of rows that begin at minute 0."""
    return tails.surprise(statistic, tails.tails(known), 0)


def past(seed: int, m: int = 2 * MINUTES_A_WEEK) -> FloatArray:
    return np.random.default_rng(seed).exponential(1.0, m)


@pytest.mark.parametrize("law", ["exponential", "normal", "autocorrelated"])
def test_the_budget_is_kept_on_the_time_after(law: str) -> None:
    """Learned on two weeks, the threshold for one alert a week gives about that in 40 others."""
    random = np.random.default_rng(21)
    m = 42 * MINUTES_A_WEEK
    if law == "exponential":
        values = random.exponential(1.0, m)
    elif law == "normal":
        values = random.normal(0, 1, m)
    else:
        noise = random.normal(0, 1, m + 9)
        values = np.convolve(noise, np.ones(10) / np.sqrt(10), mode="valid")
    learned = 2 * MINUTES_A_WEEK
    tail = fit_calibration(values[:learned], least_scale=0.05)
    later = surprise(values[learned:, None], [tail])[:, 0]
    alerts = cluster_maxima(later, opening_surprise(1.0)).size
    assert 40 / 5 <= alerts <= 40 * 3


def test_surprise_rises_with_the_statistic_and_has_no_ceiling() -> None:
    tail = fit_calibration(past(1), least_scale=0.1)
    found = surprise(np.array([[-5.0], [0.0], [0.5], [3.0], [8.0], [80.0], [8000.0]]), [tail])[:, 0]
    assert (np.diff(found) >= 0).all()
    assert found[-1] > 10 * found[-3]
    assert found[2] < 0.5


def test_the_median_is_worth_a_half() -> None:
    tail = fit_calibration(past(2), least_scale=0.1)
    assert surprise(np.array([[tail.median]]), [tail])[0, 0] == pytest.approx(np.log10(2))


def test_a_problem_in_the_past_is_no_yardstick() -> None:
    """Three unmarked incidents in the history hardly blunt the threshold."""
    clean = past(3)
    dirty = clean.copy()
    for at in (2000, 9000, 15000):
        dirty[at : at + 30] = 200.0
    line = [fit_calibration(each, least_scale=0.1) for each in (clean, dirty)]
    worth = [surprise(np.array([[20.0]]), [tail])[0, 0] for tail in line]
    assert worth[1] > 0.6 * worth[0]
    marked = fit_calibration(dirty, exclude=dirty == 200.0, least_scale=0.1)
    assert surprise(np.array([[20.0]]), [marked])[0, 0] == pytest.approx(worth[0], rel=0.1)


def test_shape_and_scale_are_held() -> None:
    wild = np.random.default_rng(5).pareto(0.5, MINUTES_A_WEEK)
    assert 0 <= fit_calibration(wild, least_scale=0.1).shape <= MOST_SHAPE
    tame = np.random.default_rng(5).uniform(0, 1e-6, MINUTES_A_WEEK)
    assert fit_calibration(tame, least_scale=0.3).scale == 0.3


def test_a_past_of_nothing_but_zeros_makes_zero_ordinary() -> None:
    """An error tail that never stirred: 0 is no surprise, and a clear one is."""
    tail = fit_calibration(np.zeros(MINUTES_A_WEEK), least_scale=0.43)
    found = surprise(np.array([[0.0], [3.0]]), [tail])[:, 0]
    assert found[0] == 0.0
    assert found[1] > opening_surprise(0.25)


def test_a_wild_night_does_not_blunt_the_day() -> None:
    """Six hours a day stray three times as far: the same value is ordinary there, not at noon."""
    m = 2 * MINUTES_A_WEEK
    hour = np.arange(m) // 60 % 24
    values = np.random.default_rng(8).exponential(1.0, m) * np.where(hour < 6, 3.0, 1.0)
    tail = fit_calibration(values, least_scale=0.05)
    even = fit_calibration(np.random.default_rng(8).exponential(1.0, m), least_scale=0.05)
    column = np.full((24 * 60, 1), 14.0)
    found = surprise(column, [tail])[:, 0]
    noon, night = found[12 * 60 + 30], found[3 * 60 + 30]
    assert night < noon - 1.5
    assert noon == pytest.approx(surprise(column, [even])[0, 0], rel=0.25)


def test_what_has_come_five_times_is_no_rarity() -> None:
    """Quiet but for six stretches of three empty minutes: a law of the rest would call it unheard
    of; five clusters in a fortnight are five in 20,160 minutes."""
    m = 2 * MINUTES_A_WEEK
    values = np.random.default_rng(9).exponential(0.1, m)
    for at in range(1000, 19_000, 3000):
        values[at : at + 3] = 30.0
    tail = fit_calibration(values, least_scale=0.05)
    found = surprise(np.array([[25.0], [60.0]]), [tail])[:, 0]
    assert found[0] <= np.log10(m / 5)
    assert found[1] > opening_surprise(0.25)


def test_too_little_past_is_not_judged() -> None:
    with pytest.raises(TooFewWindows) as caught:
        fit_calibration(np.zeros(MIN_WINDOWS - 1), least_scale=0.1)
    assert (caught.value.needed, caught.value.found) == (MIN_WINDOWS, MIN_WINDOWS - 1)
    assert np.isnan(
        surprise(np.array([[1.0, 1.0]]), [None, fit_calibration(past(6), least_scale=0.1)])[0, 0]
    )


def test_exceedances_within_ten_minutes_are_one_cluster() -> None:
    values = np.zeros(100)
    values[[10, 15, 24]] = [2.0, 5.0, 3.0]
    values[60] = 4.0
    assert cluster_maxima(values, 1.0).tolist() == [5.0, 4.0]
    assert cluster_maxima(values, 9.0).size == 0


def test_plain_numbers_survive_json_to_the_bit() -> None:
    tail = fit_calibration(past(7), least_scale=0.1)
    assert from_dict(json.loads(json.dumps(tail.to_dict()))) == tail


def test_the_budget_as_a_surprise_by_hand() -> None:
    """One a week is one in 10,080 minutes."""
    assert opening_surprise(1.0) == pytest.approx(np.log10(10_080))
    assert opening_surprise(0.1) == pytest.approx(np.log10(100_800))
    with pytest.raises(ValueError, match="above 0"):
        opening_surprise(0.0)


def test_scores_lie_within_0_and_1_and_keep_nan() -> None:
    found = score(np.array([0.0, 2.0, 4.0, 500.0, np.nan]))
    np.testing.assert_allclose(found, [0.0, 0.5, 0.75, 1.0, np.nan])


def slow_hours(away: FloatArray, hour: IntArray) -> FloatArray:
    """The slow twin of `hourly`: a quantile of each hour with its neighbours, one by one."""
    known = np.isfinite(away)
    overall = float(np.quantile(away[known], HOUR_TAIL))
    out = np.ones(HOURS)
    for each in range(HOURS):
        near = away[known & ((hour - each + 1) % HOURS <= 2)]
        if overall > 0 and near.size:
            own = float(np.quantile(near, HOUR_TAIL)) / overall
            out[each] = (near.size * own + HOUR_STRENGTH) / (near.size + HOUR_STRENGTH)
    return np.clip(out, LEAST_HOUR, MOST_HOUR)


@pytest.mark.parametrize(("rows", "missing"), [(200, 0.0), (1500, 0.3), (9000, 0.02), (70, 0.9)])
def test_hours_are_those_of_plain_loops(rows: int, missing: float) -> None:
    random = np.random.default_rng(rows)
    minutes = np.arange(rows, dtype=np.int64) + 29_449_440 + 345
    away = np.round(random.gumbel(0, 1 + (minutes // 60 % 24 < 6), rows), 2)
    away[random.random(rows) < missing] = -np.inf
    np.testing.assert_array_equal(
        hourly(away, HourLines.of(minutes)), slow_hours(away, minutes // 60 % HOURS)
    )


def test_nothing_strays_where_the_tail_is_flat() -> None:
    on = HourLines.of(np.arange(3000, dtype=np.int64))
    np.testing.assert_array_equal(hourly(np.zeros(3000), on), np.ones(HOURS))


def slow_surprise(value: float, of: Calibration, hour: int) -> float:
    """The slow twin of `surprise`: one value by the words of its docstring."""
    even = of.middle + (value - of.middle) / of.hours[hour]
    rarest = -np.log10(of.rate)
    if even < of.threshold:
        part = (even - of.median) / max(of.threshold - of.median, 1e-12)
        found = max(np.log10(2) + max(part, -1.0) * (rarest - np.log10(2)), 0.0)
    else:
        over = (even - of.threshold) / of.scale
        decades = np.log1p(of.shape * over) / of.shape if of.shape > 0 else over
        found = rarest + decades / np.log(10)
    for times, level in zip(TIMES, of.reached, strict=True):
        if even <= level:
            found = min(found, np.log10(of.windows / times))
    return 0.0 if even <= of.threshold <= of.median else found


@pytest.mark.parametrize("shape", ["heavy", "exponential", "mostly nothing", "short"])
def test_surprise_is_that_of_plain_words(shape: str) -> None:
    random = np.random.default_rng(17)
    m = 2000 if shape == "short" else MINUTES_A_WEEK
    values = {"heavy": random.standard_t(3, m), "mostly nothing": np.zeros(m)}.get(
        shape, random.exponential(1.0, m)
    )
    values = np.where(random.random(m) < 0.01, 9.0, values) if "noth" in shape else values
    tail = fit_calibration(values, least_scale=0.1)
    asked = np.concatenate([values[:1440], np.linspace(-3, 30, 200), tail.reached])
    found = surprise(asked[:, None], [tail])[:, 0]
    slow = [slow_surprise(each, tail, at // 60 % 24) for at, each in enumerate(asked)]
    np.testing.assert_allclose(found, slow, rtol=1e-12)


def test_series_side_by_side_have_the_bits_of_each_alone() -> None:
    random = np.random.default_rng(3)
    known: list[Calibration | None] = [
        fit_calibration(random.exponential(1.0, 4000) ** power, least_scale=0.1)
        for power in (0.5, 1.0, 2.0, 3.0)
    ]
    known.insert(2, None)
    asked = random.exponential(1.0, (2000, 5)) * np.linspace(-1, 12, 2000)[:, None]
    asked[random.random(asked.shape) < 0.01] = np.nan
    whole = surprise(asked, known)
    for column, one in enumerate(known):
        np.testing.assert_array_equal(
            whole[:, [column]], surprise(asked[:, [column]], [one]), strict=True
        )
        for row in range(0, 2000, 97):
            alone = tails.surprise(asked[row : row + 1], tails.tails(known), row)
            np.testing.assert_array_equal(whole[row : row + 1], alone, strict=True)
    assert np.isnan(whole[:, 2]).all()


def test_tails_are_kept_for_the_same_series_only() -> None:
    one = fit_calibration(past(6), least_scale=0.1)
    a, b = SeriesKey("a", "new"), SeriesKey("b", "new")
    kept = tails.TailsKept({(a, "x"): one, (b, "y"): one})
    first = kept.of("x", (a, b))
    assert kept.of("x", (a, b)) is first
    np.testing.assert_array_equal(np.isnan(first.median), [False, True])
    np.testing.assert_array_equal(np.isnan(kept.of("y", (a, b)).median), [True, False])
    np.testing.assert_array_equal(np.isnan(kept.of("x", (b, a)).median), [True, False])
