"""Looking again and again, and an A/A pair dealt out of one series."""

from __future__ import annotations

import numpy as np
import pytest
from side_by_side import CACHE, DAY, HOUR, LEGACY, MONDAY, NEW, drawn, two, without

from auditor.comparing.compare import compare
from auditor.comparing.errors import UnknownImplementation
from auditor.comparing.halves import NAMES, WHOLE, halves
from auditor.comparing.looks import looks
from auditor.comparing.settings import ComparisonSettings
from baselines.series import SeriesKey, Windows

QUICK = ComparisonSettings(pairs=10, warm_up_minutes=0)


@pytest.fixture(scope="module")
def days() -> Windows:
    return drawn(2 * DAY, 5, hit_share=(0.90, 0.93))


def test_each_look_is_the_comparison_of_the_windows_so_far(days: Windows) -> None:
    """Nothing of a later window is in it; the last one is that of all, with its A/A check."""
    found = list(looks(days, CACHE, "legacy", "new", QUICK, every_minutes=8 * HOUR))
    assert [each.until - MONDAY for each in found] == [8 * HOUR * n for n in range(1, 7)]
    alone = compare(days.rows(0, DAY), CACHE, "legacy", "new", QUICK)
    assert repr(found[2].differences) == repr(alone.differences)  # NaN is not NaN
    assert [each.self_check is None for each in found] == [True] * 5 + [False]
    assert repr(found[-1]) == repr(compare(days, CACHE, "legacy", "new", QUICK))


def test_looks_before_the_first_common_hour_are_left_out() -> None:
    late = without(two(6 * HOUR), slice(0, 3 * HOUR), 1)
    found = list(looks(late, CACHE, "legacy", "new", QUICK))
    assert [each.blocks for each in found] == [1, 2, 3]


def test_a_look_every_no_minutes_is_refused(days: Windows) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        next(looks(days, CACHE, "legacy", "new", QUICK, every_minutes=0))


def test_halves_add_up_to_the_whole(days: Windows) -> None:
    """Every count and sum of times is shared out, and nothing is added."""
    dealt, one = halves(days, NEW, seed=3), days.only([NEW])
    for name in ("gets", "total_operations", "hits", "misses", "errors"):
        np.testing.assert_array_equal(dealt.column(name).sum(axis=1), one.column(name)[:, 0])
    loads = dealt.column("miss_latency_sum_ms")
    np.testing.assert_allclose(loads.sum(axis=1), one.column("miss_latency_sum_ms")[:, 0])
    assert dealt.keys == tuple(SeriesKey(CACHE, name) for name in NAMES)
    assert set(WHOLE) <= set(dealt.columns)


def test_the_lot_is_fair_and_falls_again_the_same(days: Windows) -> None:
    """Of about 580,000 gets one half differs from 50 % by more than 0.4 points once in 10^9."""
    first, again, other = (halves(days, NEW, seed=seed) for seed in (3, 3, 4))
    gets = first.column("gets").sum(axis=0)
    assert abs(gets[0] / gets.sum() - 0.5) < 0.004
    np.testing.assert_array_equal(first.column("hits"), again.column("hits"))
    assert (first.column("hits") != other.column("hits")).any()


def test_halves_of_one_series_are_never_told_apart(days: Windows) -> None:
    """The two that differ are, at some look; the halves of either are not, at any."""
    whole = looks(days, CACHE, "legacy", "new", QUICK, every_minutes=4 * HOUR)
    assert "better" in {each.verdict for each in whole}
    for key in (LEGACY, NEW):
        alike = looks(halves(days, key), CACHE, *NAMES, QUICK, every_minutes=4 * HOUR)
        assert {each.verdict for each in alike} <= {"equivalent", "not enough evidence"}


def test_a_missing_window_stays_missing(days: Windows) -> None:
    dealt = halves(without(days, slice(10, 20), 1), NEW)
    expected = np.ones((2 * DAY, 2), dtype=bool)
    expected[10:20] = False
    np.testing.assert_array_equal(dealt.present(), expected)


def test_a_series_that_is_not_there_is_named(days: Windows) -> None:
    with pytest.raises(UnknownImplementation, match="there is legacy, new"):
        halves(days, SeriesKey(CACHE, "newer"))
