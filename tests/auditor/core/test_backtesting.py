"""A replay looks at nothing that is still to come, and does not care how its input is cut."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from planted import DAY, LEGACY, MONDAY, NEW, changed, healthy, lost_hits, slow_loads, unheard

from auditor.backtesting.lines import line
from auditor.backtesting.replay import Replay, ReplaySettings, Told, replay
from auditor.backtesting.tally import NO_BASELINE, NO_CALIBRATION
from auditor.observing.fold_settings import FoldSettings
from auditor.observing.observation import Opened, Resolved
from auditor.refreshing.due import FIRST_TRY, Rhythm
from baselines.fit import MIN_WINDOWS
from baselines.series import SeriesKey, Windows

SETTINGS = ReplaySettings(rhythm=Rhythm(every=DAY, span=2 * DAY))
FIRST, SECOND, THIRD = DAY + 260, DAY + 760, 2 * DAY + 120
"""Rows at which a loss of hits, slow loads and another loss begin."""
YOUNG = SeriesKey("sessions", "canary")
BORN = 600


@cache
def story() -> Windows:
    """Two days and a few hours: three problems; a third series is born and another one ends."""
    windows = lost_hits(healthy(2.15, seed=21), FIRST, FIRST + 20, 0.5)
    windows = slow_loads(windows, SECOND, SECOND + 30, 4.0)
    windows = lost_hits(windows, THIRD, THIRD + 15, 0.6)
    young = unheard(healthy(2.15, seed=22), 0, BORN)
    keys = (YOUNG, LEGACY, NEW)
    columns = {
        name: np.column_stack([young.column(name)[:, 1], values])
        for name, values in windows.columns.items()
    }
    return unheard(Windows(windows.start, keys, columns), THIRD + 90, windows.shape[0], slice(1, 2))


def cut(windows: Windows, lengths: Iterable[int]) -> Iterator[Windows]:
    """Blocks of these lengths, and what is left as the last."""
    at = 0
    for length in lengths:
        yield windows.rows(at, at + length)
        at += length
        if at >= windows.shape[0]:
            return
    yield windows.rows(at, windows.shape[0])


def written(told: Iterable[Told]) -> list[str]:
    """The lines, with every bit of every number."""
    return [json.dumps(line(each), default=str) for each in told]


@pytest.fixture(scope="module")
def told() -> list[Told]:
    """What the story comes to, read a day at a time."""
    return list(replay(cut(story(), [DAY, DAY]), SETTINGS))


@pytest.fixture(scope="module")
def lines(told: list[Told]) -> list[str]:
    return written(told)


def rows_of(told: Iterable[Told], kind: type) -> list[tuple[int, str]]:
    return [
        (each.change.minute - MONDAY, each.observation.key.implementation_type)
        for each in told
        if isinstance(each.change, kind)
    ]


def test_the_planted_problems_are_told_in_the_order_of_time(told: list[Told]) -> None:
    """Each within minutes of its beginning, known at the end of the window that opened it."""
    assert [each.at for each in told] == sorted(each.at for each in told)
    assert all(each.at == each.change.minute + 1 for each in told)
    opened = rows_of(told, Opened)
    for began in (FIRST, SECOND, THIRD):
        assert any(began <= row < began + 15 for row, _ in opened)
    assert len(rows_of(told, Resolved)) >= 3


@pytest.mark.parametrize("length", [173, 3 * DAY])
def test_the_length_of_the_blocks_changes_no_bit(lines: list[str], length: int) -> None:
    assert written(replay(cut(story(), [length] * 30), SETTINGS)) == lines


def test_minute_by_minute_is_the_same_to_the_bit(lines: list[str]) -> None:
    """The hours around two problems, as a daemon gets them."""
    lengths = [FIRST - 10, *[1] * 60, SECOND - FIRST - 60, *[1] * 60]
    assert written(replay(cut(story(), lengths), SETTINGS)) == lines


@pytest.mark.parametrize("end", [FIRST + 1, FIRST + 2, THIRD + 3])
def test_what_is_still_to_come_changes_nothing(
    told: list[Told], lines: list[str], end: int
) -> None:
    """The input ends early: the lines that had come by then are the same, and there are no more."""
    short = written(replay(cut(story().rows(0, end), [DAY, DAY]), SETTINGS))
    until = story().start + end
    assert short == [text for each, text in zip(told, lines, strict=True) if each.at <= until]


def test_nothing_is_judged_before_it_was_learned() -> None:
    """The worst that can happen on the first day is not said; the tally says why."""
    engine = Replay(SETTINGS)
    broken = lost_hits(healthy(1, seed=21), 300, 400, 0.9)
    assert list(engine.feed(broken)) == []
    assert engine.tally.judged == Counter({LEGACY: 0, NEW: 0})
    first = 1 + FIRST_TRY * -(-(MIN_WINDOWS - 1) // FIRST_TRY)
    assert engine.tally.not_judged[NO_BASELINE] == 2 * first
    assert engine.tally.not_judged[NO_CALIBRATION] == 2 * (DAY - first)
    assert engine.tally.windows == Counter({LEGACY: DAY, NEW: DAY})


def test_a_series_that_comes_later_is_judged_a_day_later() -> None:
    """Its first minutes wait for its own past, not for the daily refresh."""
    engine = Replay(SETTINGS)
    story_minutes = story().start
    for block in cut(story(), [DAY + BORN]):
        list(engine.feed(block))
        if block.start == story_minutes:
            assert engine.tally.judged[YOUNG] == 0
            assert engine.tally.judged[NEW] > 0
    judged = engine.tally.judged[YOUNG]
    left = story().shape[0] - DAY - BORN
    assert left - 60 <= judged <= left


def test_a_problem_is_not_learned(told: list[Told]) -> None:
    """What is in force at the end was learned from all windows but those of the problems."""
    engine = Replay(SETTINGS)
    list(engine.feed(story()))
    baseline = engine.learned.baselines[NEW]
    problems = [
        (each.observation.started, each.observation.last_strange + 1)
        for each in told
        if isinstance(each.change, Resolved) and each.observation.key == NEW
    ]
    left_out = sum(max(min(until, baseline.end) - since, 0) for since, until in problems)
    assert left_out >= 20
    assert baseline.sample_size == baseline.end - baseline.start - left_out


def test_minutes_without_any_window_are_lived_through() -> None:
    """A gap between two blocks is the same as rows of nothing."""
    windows = unheard(story().rows(0, FIRST + 90), FIRST + 30, FIRST + 60)
    gap = [windows.rows(0, FIRST + 30), windows.rows(FIRST + 60, windows.shape[0])]
    assert written(replay(gap, SETTINGS)) == written(replay([windows], SETTINGS))


def test_a_smaller_budget_says_less() -> None:
    """The settings are those of the fold: nothing strange enough for one in 10^12 weeks."""
    quiet = replace(SETTINGS, fold=FoldSettings(false_per_series_week=1e-300))
    assert list(replay([story()], quiet)) == []


def test_columns_that_come_later_are_known_from_then_on() -> None:
    """The first block knows nothing of errors; what is said is the same as with NaN in it."""
    windows = story().rows(0, FIRST + 60)
    without = {k: v for k, v in windows.columns.items() if k != "errors"}
    first = Windows(windows.start, windows.keys, without).rows(0, 700)
    errors = windows.column("errors").copy()
    errors[:700] = np.nan
    told = replay([first, windows.rows(700, windows.shape[0])], SETTINGS)
    assert written(told) == written(replay([changed(windows, errors=errors)], SETTINGS))


def test_problems_that_are_over_are_forgotten_with_their_windows() -> None:
    """Memory does not grow with the number of problems."""
    engine = Replay(replace(SETTINGS, rhythm=Rhythm(every=720, span=DAY + 200)))
    for block in cut(story(), [DAY, DAY]):
        list(engine.feed(block))
    kept = engine._problems.known([LEGACY, NEW, YOUNG], story().end)
    oldest = story().end - DAY - 200 - 720
    assert all(each.until is None or each.until >= oldest for each in kept)
    assert len(kept) >= 1
    assert len(engine.standing) <= 3
