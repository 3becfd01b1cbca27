"""The demo's made-up weeks: the same each time, whole, and with what they say is in them."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.demo.weeks import FIRST, IMPORT, KEYS, UNHEARD, planted, weeks
from baselines.metrics import BY_NAME, values
from baselines.series import COLUMNS, Windows

DAY = 1440


@pytest.fixture(scope="module")
def made() -> Windows:
    return weeks()


def hit_rate(windows: Windows, column: int) -> float:
    """Of all its gets together, %."""
    hits = np.nansum(windows.column("hits")[:, column])
    return float(100 * hits / (hits + np.nansum(windows.column("misses")[:, column])))


def test_the_same_seed_gives_the_same_bits(made: Windows) -> None:
    again, other = weeks(), weeks(days=2, seed=21)
    for name, column in made.columns.items():
        np.testing.assert_array_equal(again.column(name), column)
    assert (other.column("hits") != made.between(FIRST, FIRST + 2 * DAY).column("hits")).any()


def test_counts_belong_together(made: Windows) -> None:
    """Gets are hits and misses, whole numbers, and both implementations see the same."""
    known = made.present()
    hits, misses, gets = (made.column(name)[known] for name in ("hits", "misses", "gets"))
    np.testing.assert_array_equal(hits + misses, gets)
    np.testing.assert_array_equal(gets, np.round(gets))
    assert (gets >= 0).all()
    assert (hits >= 0).all()
    assert (misses >= 0).all()
    np.testing.assert_array_equal(made.column("gets")[:, 2], made.column("gets")[:, 3])
    assert set(made.columns) <= set(COLUMNS)


def test_only_one_stretch_of_one_series_is_missing(made: Windows) -> None:
    expected = np.ones(made.shape, dtype=bool)
    expected[UNHEARD, 1] = False
    np.testing.assert_array_equal(made.present(), expected)


def test_the_import_comes_each_night_and_only_to_products(made: Windows) -> None:
    for day in range(20):
        night = made.rows(day * DAY + IMPORT.start, day * DAY + IMPORT.stop)
        before = made.rows(day * DAY + IMPORT.start - 60, day * DAY + IMPORT.start)
        assert all(hit_rate(before, at) - hit_rate(night, at) > 20 for at in (0, 1))
        assert all(abs(hit_rate(before, at) - hit_rate(night, at)) < 20 for at in (2, 3))


def test_each_planted_problem_is_where_it_is_said_to_be(made: Windows) -> None:
    """Its series depart from the half hour before; the others do not."""
    lost, slow = planted()
    for problem in (lost, slow):
        inside = made.between(problem.since, problem.until)
        before = made.between(problem.since - 30, problem.since)
        for at, key in enumerate(KEYS):
            drop = hit_rate(before, at) - hit_rate(inside, at)
            assert (drop > 25) == (problem is lost and key in lost.keys)
            loads = [
                np.nanmedian(values(BY_NAME["miss_latency_ms"], each)[0][:, at])
                for each in (before, inside)
            ]
            slower = problem is slow and key in slow.keys
            if at < 2:
                assert (loads[1] > 2 * loads[0]) == slower


def test_the_new_one_is_better_by_some_points(made: Windows) -> None:
    ordinary = made.rows(0, 19 * DAY)
    assert 2 < hit_rate(ordinary, 1) - hit_rate(ordinary, 0) < 4
    assert abs(hit_rate(ordinary, 3) - hit_rate(ordinary, 2)) < 1
