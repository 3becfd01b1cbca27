"""When to learn: the quick answer is that of asking each minute."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.judging.learning import Learned
from auditor.refreshing.due import (
    FIRST_TRY,
    NEWCOMER_FROM,
    NEWCOMER_TRY,
    NEWCOMER_UNTIL,
    Rhythm,
    Waiting,
    is_due,
    next_due,
)
from auditor.refreshing.groups import renewed
from baselines.baseline import Baseline
from baselines.series import SeriesKey

DAILY = Rhythm(every=1440, span=2880)


def waiting(first: int, *events: int) -> Waiting:
    return Waiting(first, np.array(events, dtype=np.int64))


def due(at: int, last: int | None, *series: Waiting, in_force: bool = True) -> bool:
    return is_due(at, last, DAILY, in_force=in_force, waiting=series)


def test_the_first_look_learns() -> None:
    assert due(5, None, in_force=False)


def test_it_is_tried_often_until_something_is_in_force() -> None:
    assert not due(99 + FIRST_TRY, 100, in_force=False)
    assert due(100 + FIRST_TRY, 100, in_force=False)
    assert not due(100 + FIRST_TRY, 100)
    assert not due(1539, 100)
    assert due(1540, 100)


def test_a_rhythm_quicker_than_the_tries_is_kept() -> None:
    quick = Rhythm(every=3)
    assert is_due(103, 100, quick, in_force=False, waiting=())
    assert is_due(103, 100, quick, in_force=True, waiting=())
    assert not is_due(102, 100, quick, in_force=False, waiting=())


def test_a_newcomer_with_a_day_behind_it_is_learned_within_the_hour() -> None:
    fresh = waiting(1000, 1000 + NEWCOMER_FROM)
    at = 1001 + NEWCOMER_FROM
    assert not due(at, at - NEWCOMER_TRY + 1, fresh)
    assert due(at, at - NEWCOMER_TRY, fresh)
    # its last event is not over yet
    assert not due(at - 1, at - 1 - NEWCOMER_TRY, fresh)


def test_a_series_that_was_heard_of_once_is_no_newcomer() -> None:
    """Nor one that still cannot be judged after days: it waits for the daily refresh."""
    at = 1000 + NEWCOMER_FROM + 500
    assert not due(at, at - NEWCOMER_TRY, waiting(1000, 1000))
    late = 1000 + NEWCOMER_UNTIL
    steady = waiting(1000, late - 2, late - 1)
    assert due(late - 1, late - 1 - NEWCOMER_TRY, steady)
    assert not due(late, late - NEWCOMER_TRY, steady)


def test_learning_from_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Rhythm(every=0)


def test_the_next_time_is_the_first_minute_that_is_due() -> None:
    """Beside a loop over minutes, for many rhythms, pasts and newcomers."""
    random = np.random.default_rng(5)
    found = []
    for _ in range(400):
        rhythm = Rhythm(every=int(random.choice([3, 45, 200, 1440])))
        after = int(random.integers(0, 3000))
        before = after + int(random.choice([60, 300, 2000]))
        last = None if random.random() < 0.1 else int(after - random.integers(0, 1500))
        series = []
        for _ in range(int(random.integers(0, 4))):
            first = int(random.integers(-6000, 3000))
            events = np.unique(random.integers(first, first + 5000, random.integers(1, 40)))
            series.append(Waiting(first, events))
        in_force = bool(random.random() < 0.8)
        slow = next(
            (
                at
                for at in range(after, before)
                if is_due(at, last, rhythm, in_force=in_force, waiting=series)
            ),
            None,
        )
        quick = next_due(after, before, last, rhythm, in_force=in_force, waiting=series)
        assert quick == slow
        found.append(quick)
    assert 20 < found.count(None) < 350


# What is in force afterwards ---------------------------------------------------------------------

OLD, NEW = SeriesKey("a", "old"), SeriesKey("a", "new")


def learned(*keys: SeriesKey, version: int, channels: tuple[str, ...] = ("x",)) -> Learned:
    return Learned(
        {key: Baseline(key, version, "UTC", 0, 9, 9, {}) for key in keys},
        {(key, channel): version for key in keys for channel in channels},  # type: ignore[misc]
        None,
        {},
    )


def test_a_series_that_was_refused_keeps_what_it_had() -> None:
    after = renewed(learned(OLD, NEW, version=1), learned(NEW, version=2))
    assert {key: each.version for key, each in after.baselines.items()} == {OLD: 1, NEW: 2}
    assert after.calibrations == {(OLD, "x"): 1, (NEW, "x"): 2}


def test_a_series_learned_again_keeps_no_calibration_of_before() -> None:
    after = renewed(learned(NEW, version=1, channels=("x", "y")), learned(NEW, version=2))
    assert after.calibrations == {(NEW, "x"): 2}


def test_finding_nothing_changes_nothing() -> None:
    before = learned(OLD, version=1)
    assert renewed(before, Learned({}, {}, None, {})) is before
