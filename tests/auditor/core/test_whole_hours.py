"""Hours are the sums of their minutes, whatever is missing and wherever a block begins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from planted import DAY, LEGACY, MONDAY, NEW, healthy, unheard

from auditor.statistics.whole_hours import HOUR, REACH, Hours, by_hour, first_hour, hours_of
from baselines.series import FloatArray, SeriesKey, Windows

NOBODY = SeriesKey("pages", "new")
FIRST = MONDAY // HOUR
"""Epoch hour at which the planted Monday begins."""


def by_hand(windows: Windows, column: int, hour: int) -> tuple[float, float]:
    """Hits and misses of one hour, minute by minute; NaN without a minute."""
    hits, misses, any_ = 0.0, 0.0, False
    for row in range(windows.shape[0]):
        if (windows.start + row) // HOUR == hour and windows.present()[row, column]:
            any_ = True
            hits += float(windows.column("hits")[row, column])
            misses += float(windows.column("misses")[row, column])
    return (hits, misses) if any_ else (float("nan"), float("nan"))


@pytest.fixture(scope="module")
def torn() -> Windows:
    """Seven hours that begin at twenty past, with gaps; one series has nothing for two hours."""
    block = healthy(0.3, seed=3).rows(20, 420)
    block = unheard(block, 30, 55)
    return unheard(block, 90, 250, slice(1, 2))


def test_an_hour_is_the_sum_of_what_there_is_of_it(torn: Windows) -> None:
    found = hours_of(torn)
    assert (found.start, found.end, found.keys) == (FIRST, FIRST + 7, (LEGACY, NEW))
    for hour in range(found.start, found.end):
        for column in range(2):
            at = (hour - found.start, column)
            expected = by_hand(torn, column, hour)
            np.testing.assert_array_equal((found.hits[at], found.misses[at]), expected)
    assert np.isnan(found.hits[:, 1]).sum() == 2
    assert not np.isnan(found.hits[:, 0]).any()


def test_hours_of_a_cut_block_are_those_of_the_whole(torn: Windows) -> None:
    """Cut on the hour they are equal; elsewhere only the hour that is cut differs."""
    whole = hours_of(torn)
    for first in (40, 100, 111):
        part = hours_of(torn.rows(first, torn.shape[0]))
        inner = slice(0 if (torn.start + first) % HOUR == 0 else 1, None)
        behind = whole.between(part.start, part.end, part.keys)
        np.testing.assert_array_equal(part.hits[inner], behind.hits[inner])
        np.testing.assert_array_equal(part.misses[inner], behind.misses[inner])


@pytest.mark.parametrize(("start", "lengths"), [(0, [60, 60, 5]), (59, [1, 60, 60]), (30, [7])])
def test_rows_fall_into_the_hour_of_their_minute(start: int, lengths: Sequence[int]) -> None:
    rows = np.ones((sum(lengths), 1))
    assert by_hour(start, rows)[:, 0].tolist() == lengths


def test_no_windows_are_no_hours() -> None:
    none = hours_of(healthy(0.1, seed=1).rows(0, 0))
    assert (none.hits.shape, none.misses.shape, none.end) == ((0, 2), (0, 2), none.start)


def grid(*rows: Sequence[float]) -> FloatArray:
    return np.array(rows, dtype=np.float64)


HOURS = Hours(100, (LEGACY, NEW), grid([1, 2], [3, 4], [5, 6]), grid([10, 20], [30, 40], [50, 60]))
NAN = float("nan")


def test_a_span_of_some_series_has_nan_where_nothing_is_known() -> None:
    """Earlier and later hours, a series that is not there, another order of the columns."""
    found = HOURS.between(101, 104, (NEW, NOBODY, LEGACY))
    assert (found.start, found.keys) == (101, (NEW, NOBODY, LEGACY))
    np.testing.assert_array_equal(found.hits, grid([4, NAN, 3], [6, NAN, 5], [NAN, NAN, NAN]))
    np.testing.assert_array_equal(HOURS.between(98, 101, (NEW,)).misses, grid([NAN], [NAN], [20]))
    assert np.isnan(HOURS.between(103, 105, (NEW,)).hits).all()
    assert np.isnan(HOURS.between(90, 100, (NEW,)).hits).all()
    assert HOURS.between(102, 101, (NEW,)).hits.shape == (0, 1)


def test_hours_are_put_end_to_end_and_cut() -> None:
    """A series that comes, and one that goes: it is there while it has an hour."""
    later = Hours(103, (NOBODY, NEW), grid([7, 8]), grid([70, 80]))
    both = HOURS.followed_by(later)
    assert both.keys == (NOBODY, LEGACY, NEW)
    np.testing.assert_array_equal(both.hits[2:], grid([NAN, 5, 6], [7, NAN, 8]))
    last = both.since(103)
    assert (last.start, last.keys) == (103, (NOBODY, NEW))
    np.testing.assert_array_equal(last.misses, grid([70, 80]))


def test_what_is_left_out_is_not_known() -> None:
    found = HOURS.without(np.array([[True, False], [False, False], [False, True]]))
    np.testing.assert_array_equal(found.hits, grid([NAN, 2], [3, 4], [5, NAN]))
    np.testing.assert_array_equal(found.misses, grid([NAN, 20], [30, 40], [50, NAN]))


def test_three_days_before_a_minutes_own_hour_are_looked_at() -> None:
    assert first_hour(MONDAY) == first_hour(MONDAY + 59) == FIRST - REACH
    assert first_hour(MONDAY + DAY - 1) == FIRST + 23 - REACH
