"""What each minute should look like."""

from __future__ import annotations

import numpy as np
import pytest
from ordinary import DAY, KEY, MONDAY, hour_rows, ordinary

from baselines.expectation import LOOKBACK, expect, expect_all
from baselines.fit import fit
from baselines.metrics import BY_NAME
from baselines.series import Windows
from baselines.trailing import GAP, SPAN, level


def test_most_ordinary_minutes_lie_in_the_band() -> None:
    baselines = {KEY: fit(ordinary(14), KEY)}
    later = ordinary(1, seed=2, start=MONDAY + 14 * DAY)
    for name in ("hit_rate", "traffic", "hit_latency_ms", "miss_latency_ms"):
        expected = expect(BY_NAME[name], later, baselines)
        metric = BY_NAME[name]
        above, below = (
            later.column(metric.numerator[0]),
            later.column((metric.denominator or ("x",))[0]),
        )
        found = {
            "hit_rate": 100 * later.column("hits") / later.column("gets"),
            "traffic": later.column("gets"),
        }.get(name, above / np.maximum(below, 1))
        inside = (found >= expected.lower) & (found <= expected.upper)
        assert 0.98 < inside.mean() <= 1.0


def test_the_profile_of_two_days_runs_without_steps_between_hours() -> None:
    """Two days cannot tell a step that comes every day from chance: linear between the hours."""
    hour = hour_rows(2 * DAY)
    history = ordinary(2, rate=np.where(hour % 2 == 0, 100.0, 300.0))
    baselines = {KEY: fit(history, KEY)}
    seasonal = expect(BY_NAME["traffic"], history, baselines).seasonal[:DAY, 0]
    assert np.abs(np.diff(np.log(seasonal))).max() < 0.03
    assert seasonal.max() / seasonal.min() > 1.2


def test_a_step_that_comes_every_day_is_expected_on_the_minute() -> None:
    """Thirteen days of a switch on the hour: the expected value is right five minutes after it."""
    hour = hour_rows(14 * DAY)
    history = ordinary(14, rate=np.where(hour % 2 == 0, 100.0, 300.0))
    baselines = {KEY: fit(history, KEY)}
    seasonal = expect(BY_NAME["traffic"], history, baselines).seasonal[:DAY, 0]
    truth = np.where(hour[:DAY] % 2 == 0, 100.0, 300.0)
    assert np.abs(seasonal / truth - 1).max() < 0.15


def test_without_a_baseline_nothing_is_expected() -> None:
    for expected in expect_all(ordinary(0.1), {}).values():
        assert np.isnan(expected.centre).all()


def test_an_expectation_is_worked_out_once_when_it_is_asked_for() -> None:
    block = ordinary(0.2, seed=5, start=MONDAY + 14 * DAY)
    baselines = {KEY: fit(ordinary(3), KEY)}
    found = expect_all(block, baselines)
    alone = expect(BY_NAME["hit_rate"], block, baselines)
    assert found["hit_rate"] is found["hit_rate"]
    np.testing.assert_array_equal(found["hit_rate"].upper, alone.upper)
    assert list(found) == list(BY_NAME)
    assert "luck" not in found
    with pytest.raises(KeyError):
        found["luck"]


def test_the_past_hour_is_followed_within_its_bound() -> None:
    """Traffic at a half is taken for granted after an hour; a hundredth is not."""
    baselines = {KEY: fit(ordinary(14, rho=0.001), KEY)}
    for rate, lowest in ((150.0, 140.0), (3.0, 60.0)):
        block = ordinary(0.2, seed=5, start=MONDAY + 14 * DAY, rate=rate)
        centre = expect(BY_NAME["traffic"], block, baselines).centre[-1, 0]
        assert lowest < centre < 300


def test_a_beginning_problem_does_not_move_its_own_expectation() -> None:
    baselines = {KEY: fit(ordinary(14), KEY)}
    block = ordinary(0.2, seed=5, start=MONDAY + 14 * DAY)
    dropped = {name: each.copy() for name, each in block.columns.items()}
    dropped["gets"][200:] = 0.0
    found = expect(BY_NAME["traffic"], Windows(block.start, block.keys, dropped), baselines)
    before = expect(BY_NAME["traffic"], block, baselines)
    np.testing.assert_array_equal(found.centre[: 200 + GAP + 1], before.centre[: 200 + GAP + 1])
    assert found.centre[260, 0] < before.centre[260, 0] - 10


@pytest.mark.parametrize("name", ["hit_rate", "traffic", "miss_latency_ms"])
def test_expectation_looks_back_exactly_as_far_as_it_says(name: str) -> None:
    baselines = {KEY: fit(ordinary(7), KEY)}
    block = ordinary(0.3, seed=6, start=MONDAY + 7 * DAY)
    whole = expect(BY_NAME[name], block, baselines)
    for first in (LOOKBACK, 200, 399):
        part = expect(BY_NAME[name], block.rows(first - LOOKBACK, first + 30), baselines)
        np.testing.assert_array_equal(part.centre[LOOKBACK:], whole.centre[first : first + 30])
        np.testing.assert_array_equal(part.upper[LOOKBACK:], whole.upper[first : first + 30])


def test_the_level_of_a_count_by_hand() -> None:
    """An hour at twice the expected 10 a minute: log((1200 + 5) / (600 + 5))."""
    above = np.full((LOOKBACK + 1, 1), 20.0)
    found = level(BY_NAME["traffic"], above, np.ones_like(above), np.full_like(above, 10.0), above)
    assert SPAN == 60
    assert found[LOOKBACK, 0] == pytest.approx(np.log(1205 / 605))
    assert found[GAP, 0] == 0.0


def test_a_problem_of_half_an_hour_is_not_followed() -> None:
    """Minutes far outside what ordinary days have shown do not drag the expectation along."""
    baselines = {KEY: fit(ordinary(14, rho=0.002), KEY)}
    block = ordinary(0.2, seed=5, start=MONDAY + 14 * DAY, rho=0.002)
    hits = block.column("hits").copy()
    hits[200:] = np.round(0.5 * hits[200:])
    lost = {**block.columns, "hits": hits, "misses": block.column("gets") - hits}
    found = expect(BY_NAME["hit_rate"], Windows(block.start, block.keys, lost), baselines).centre
    before = expect(BY_NAME["hit_rate"], block, baselines).centre
    assert np.abs(found[200:260] - before[200:260]).max() < 1.0
