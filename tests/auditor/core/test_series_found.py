"""What is planted into a series is found, what is ordinary is not, whatever the carrier."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.metric_series.scoring import JUDGED_FROM, Scored, score_series
from baselines.series import FloatArray
from benchmarks.labelled_series import CARRIERS, ROWS, START, labelled

STEP_S = 300
ROWS_A_DAY = 288


def noise(m: int = 2000, seed: int = 0, size: float = 1.0) -> FloatArray:
    return 50 + np.random.default_rng(seed).normal(0, size, m)


def daily(days: int, seed: int = 0) -> FloatArray:
    rows = np.arange(days * ROWS_A_DAY)
    return noise(rows.size, seed) + 20 * np.sin(2 * np.pi * rows / ROWS_A_DAY)


def scored(values: FloatArray) -> Scored:
    return score_series(START + STEP_S * np.arange(float(len(values))), values)


def opened(values: FloatArray) -> list[int]:
    return [int(row) for row in np.flatnonzero(scored(values).episode_opened)]


def one_within(values: FloatArray, since: int, until: int) -> None:
    """One episode opened, and it lies in the span."""
    (row,) = opened(values)
    assert since <= row < until


def test_a_spike_of_a_few_rows_is_one_episode() -> None:
    values = noise()
    values[1500:1503] += 12
    one_within(values, 1500, 1506)


def test_a_lasting_shift_is_one_episode_and_not_one_a_row() -> None:
    values = noise()
    values[1200:] += 8
    one_within(values, 1200, 1210)


def test_a_small_shift_that_lasts_is_found_by_waiting() -> None:
    """One and a half deviations: no single row says it, many together do."""
    values = noise(3000)
    values[2000:] += 1.8
    score = scored(values).voices["shift"]
    assert np.median(score[2020:2060]) > np.median(score[1000:2000]) + 4


def test_a_flat_line_in_a_noisy_series_is_found() -> None:
    values = noise()
    values[1500:1560] = values[1500]
    one_within(values, 1500, 1560)


def test_a_day_without_its_season_is_found_though_every_value_was_seen_before() -> None:
    values = daily(12)
    since = 10 * ROWS_A_DAY + 20
    values[since : since + 100] = noise(100, 9)
    one_within(values, since, since + 100)


def test_a_constant_series_is_ordinary_until_it_changes() -> None:
    values = np.full(800, 3.0)
    assert opened(values) == []
    values[600:610] = 4.0
    one_within(values, 600, 610)


def test_a_metric_of_whole_numbers_is_no_alarm() -> None:
    values = np.random.default_rng(2).integers(0, 4, 2000).astype(float)
    assert opened(values) == []


def test_a_counter_is_judged_by_its_growth() -> None:
    """Always at a new height and once restarted, which is ordinary; standing still is not."""
    random = np.random.default_rng(6)
    growth = random.poisson(100, 2000).astype(float)
    values = np.cumsum(growth)
    values[900:] -= values[900]
    assert opened(values) == []
    growth[1500:1530] = 0.0
    one_within(np.cumsum(growth), 1500, 1530)


def test_a_restart_lies_inside_nothing_strange() -> None:
    """What is expected of a counter is where it was and its usual growth on top."""
    values = np.cumsum(np.random.default_rng(7).poisson(100, 500)).astype(float)
    judgement = scored(values)
    rows = np.arange(200, 500)
    away = values[rows] - judgement.expected[rows, 0]
    assert np.abs(away).max() < 50
    inside = (values >= judgement.lower[:, 0]) & (values <= judgement.upper[:, 0])
    assert inside[rows].mean() > 0.97


def test_the_band_follows_the_season_and_holds_what_is_ordinary() -> None:
    values = daily(10, seed=3)
    judgement = scored(values)
    rows = np.arange(4 * ROWS_A_DAY, values.size)
    away = np.abs(values[rows] - judgement.expected[rows, 0])
    assert np.median(away) < 1.2
    inside = (values >= judgement.lower[:, 0]) & (values <= judgement.upper[:, 0])
    assert 0.97 < inside[rows].mean() <= 1.0


def test_an_oddity_in_how_columns_go_together_is_found() -> None:
    """Two columns that always move alike part for a while, each within what it always does."""
    random = np.random.default_rng(8)
    shared = np.cumsum(random.normal(0, 1, 3000)) * 0.02 + random.normal(0, 1, 3000)
    columns = np.column_stack([shared + random.normal(0, 0.05, 3000) for _ in range(4)])
    columns[2500:2520, 0] = columns[2100:2120, 0]
    voices = scored(columns).voices
    assert voices["residual"][2500:2520].max() > np.nanquantile(voices["residual"][:2500], 0.999)
    alone = scored(columns[:, 0])
    assert alone.surprise[2500:2520].max() < 3


def test_the_leading_column_is_the_one_that_is_strange() -> None:
    columns = np.column_stack([noise(1500, seed) for seed in range(5)])
    columns[1200:1210, 3] += 15
    judgement = scored(columns)
    assert set(judgement.leading[1202:1210].tolist()) == {3}
    assert judgement.episode_opened[1200:1210].any()


def test_the_first_rows_are_not_judged_rather_than_called_ordinary() -> None:
    judgement = scored(noise(300))
    assert np.isnan(judgement.score[:JUDGED_FROM]).all()
    assert np.isfinite(judgement.score[JUDGED_FROM:]).all()
    assert judgement.first_judged == JUDGED_FROM
    assert scored(noise(JUDGED_FROM)).first_judged is None


def test_a_score_is_between_0_and_1_and_goes_with_the_surprise() -> None:
    values = noise()
    values[1500:1510] += 30
    judgement = scored(values)
    known = np.isfinite(judgement.score)
    assert ((judgement.score[known] >= 0) & (judgement.score[known] < 1)).all()
    order = np.argsort(judgement.surprise[known])
    assert (np.diff(judgement.score[known][order]) >= 0).all()


def test_false_episodes_stay_near_the_budget_on_healthy_series() -> None:
    """One a half week is allowed at five minutes; every carrier for two weeks has 26 weeks, so
    13 are expected and 24 or more come by chance less than once in 300 times."""
    found = [
        int(score_series(each.times, each.values).episode_opened.sum())
        for each in (labelled(carrier, STEP_S, 77, healthy=True) for carrier in CARRIERS)
    ]
    assert len(CARRIERS) * ROWS[STEP_S] // (7 * ROWS_A_DAY) == 26
    assert sum(found) < 24


@pytest.mark.parametrize("size", [1e-12, 1e-3, 1e6, 1e140])
def test_the_unit_of_a_metric_is_nobodys_business(size: float) -> None:
    values = noise(600)
    values[500:503] += 15
    assert opened(values * size) == opened(values)


def test_values_that_no_number_holds_are_missing() -> None:
    values = noise(400)
    values[[150, 200]] = np.inf, -np.inf
    judgement = scored(values)
    assert np.isnan(judgement.score[[150, 200]]).all()
    assert np.isfinite(judgement.score[201:]).all()


@pytest.mark.parametrize("rows", range(1, 60, 3))
def test_however_few_rows_there_are_none_is_a_fault(rows: int) -> None:
    assert np.isnan(score_series(None, noise(rows)).score).all()


def test_one_giant_value_makes_nobody_blind() -> None:
    """After a value of a million, fifteen deviations are found all the same."""
    values = noise(3000)
    values[500] = 1e6
    values[2000:2004] += 15
    first, second = opened(values)
    assert 500 <= first <= 502
    assert 2000 <= second <= 2004


def test_no_rows_and_no_values_are_no_fault() -> None:
    assert score_series(np.empty(0), np.empty(0)).score.size == 0
    nothing = score_series(None, np.full((50, 2), np.nan))
    assert np.isnan(nothing.score).all()
    assert (nothing.leading == -1).all()


@pytest.mark.parametrize(
    ("times", "values"),
    [
        (np.array([1.0, 0.0]), np.zeros(2)),
        (np.array([0.0, np.nan]), np.zeros(2)),
        (np.zeros(3), np.zeros(2)),
        (None, np.zeros((2, 0))),
        (None, np.zeros((2, 2, 2))),
    ],
)
def test_what_does_not_fit_is_refused(times: FloatArray | None, values: FloatArray) -> None:
    with pytest.raises(ValueError, match=r"times|values"):
        score_series(times, values)
