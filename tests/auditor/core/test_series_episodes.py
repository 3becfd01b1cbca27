"""Bits become episodes: one alert for one problem, at a height that the own past calls for."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.metric_series.episodes import (
    BUDGET_ROWS,
    BUDGET_STEP_S,
    EXCURSION,
    LAW,
    QUIET_ROWS,
    Episodes,
    episodes,
    opening_surprise,
)
from baselines.series import FloatArray

M = 3000
HIGH = 8.0


def judged(bits: FloatArray, opening: float = 3.6) -> Episodes:
    return episodes(bits, np.full(bits.size, opening), 0)


def quiet(*peaks: tuple[int, int, float]) -> FloatArray:
    """Two bits everywhere, and others from a row to a row."""
    bits = np.full(M, 2.0)
    for since, until, height in peaks:
        bits[since:until] = height
    return bits


def rows(found: Episodes) -> list[int]:
    return np.flatnonzero(found.opened).tolist()


def test_an_episode_opens_once_and_is_held_open_until_it_has_been_quiet() -> None:
    found = judged(quiet((100, 120, HIGH)))
    assert rows(found) == [100]
    assert np.flatnonzero(found.episode == 1).tolist() == list(range(100, 120 + QUIET_ROWS))


def test_a_short_lull_belongs_to_the_episode_and_a_long_one_ends_it() -> None:
    lull, pause = QUIET_ROWS - 1, QUIET_ROWS
    assert rows(judged(quiet((100, 110, HIGH), (110 + lull, 130 + lull, HIGH)))) == [100]
    again = judged(quiet((100, 110, HIGH), (110 + pause, 130 + pause, HIGH)))
    assert rows(again) == [100, 110 + pause]
    assert again.episode.max() == 2


def test_what_is_not_rare_enough_to_open_still_holds_open() -> None:
    mild = EXCURSION + 0.2
    assert rows(judged(quiet((100, 200, mild)))) == []
    found = judged(quiet((100, 105, HIGH), (105, 200, mild)))
    assert (found.episode[100:200] == 1).all()


def test_the_surprise_is_the_laws_when_there_is_no_past() -> None:
    """-log10 of the rate at which 8 bits come by the law, at the first row."""
    found = judged(quiet((0, 1, HIGH)))
    assert found.surprise[0] == pytest.approx(LAW[0] * HIGH + LAW[1])


def test_a_series_that_is_often_strange_must_be_stranger_to_open() -> None:
    """The same height surprises less after each excursion that reached it, and in the end it is
    this series' way."""
    found = judged(quiet(*((row, row + 3, 6.5) for row in range(100, M, 100))))
    peaks = found.surprise[100::100]
    assert (np.diff(peaks[:20]) < 0).all()
    assert found.opened[:500].any()
    assert not found.opened[1500:].any()


def test_a_higher_one_opens_all_the_same() -> None:
    bits = quiet(*((row, row + 3, 6.5) for row in range(100, 2500, 100)))
    bits[2800:2803] = 10.0
    assert rows(judged(bits))[-1] == 2800


def test_more_bits_are_never_less_surprising() -> None:
    heights = np.linspace(0, 20, 200)
    found = [float(judged(quiet((1000, 1001, height))).surprise[1000]) for height in heights]
    assert (np.diff(found) >= 0).all()


def test_rows_before_the_first_judged_one_have_no_surprise_and_open_nothing() -> None:
    found = episodes(quiet((10, 20, HIGH), (60, 70, HIGH)), np.full(M, 3.6), 50)
    assert np.isnan(found.surprise[:50]).all()
    assert rows(found) == [60]


def test_the_budget_is_one_in_four_thousand_rows_at_five_minutes_and_goes_with_the_root() -> None:
    steps = BUDGET_STEP_S * np.array([1.0, 4.0, 0.25, np.nan, 1e9, 1e-9])
    allowed = 10 ** -opening_surprise(steps) * BUDGET_ROWS
    assert allowed.tolist() == pytest.approx([1.0, 2.0, 0.5, 1.0, 8.0, 0.2])
