"""The block of windows that every statistic takes in."""

from __future__ import annotations

import numpy as np
import pytest
from ordinary import KEY, MONDAY, ordinary

from baselines.errors import MismatchedWindows
from baselines.metrics import BY_NAME, METRICS, values
from baselines.series import COLUMNS, SeriesKey, Windows


def test_rows_and_times_cut_the_same() -> None:
    block = ordinary(1)
    cut = block.rows(10, 20)
    assert (cut.start, cut.end) == (MONDAY + 10, MONDAY + 20)
    np.testing.assert_array_equal(cut.column("hits"), block.column("hits")[10:20])
    same = block.between(MONDAY + 10, MONDAY + 20)
    np.testing.assert_array_equal(same.column("hits"), cut.column("hits"))
    assert block.between(MONDAY - 50, MONDAY + 3).shape == (3, 1)
    assert block.between(MONDAY + 9000, MONDAY + 9010).shape == (0, 1)


def test_padding_brings_missing_windows() -> None:
    block = ordinary(1).rows(0, 5).padded(MONDAY - 3)
    assert (block.start, block.shape) == (MONDAY - 3, (8, 1))
    assert block.present()[:, 0].tolist() == [False] * 3 + [True] * 5


def test_a_column_never_measured_is_missing_everywhere() -> None:
    assert np.isnan(ordinary(0.1).column("evictions")).all()


def test_a_column_of_another_shape_is_refused() -> None:
    with pytest.raises(MismatchedWindows, match=r"hits has shape \(2, 1\)"):
        Windows(0, (KEY,), {"gets": np.zeros((3, 1)), "hits": np.zeros((2, 1))})


def test_series_are_chosen_by_key() -> None:
    other = SeriesKey("sessions", "legacy")
    both = Windows(0, (KEY, other), {"gets": np.array([[1.0, 2.0]])})
    assert both.only([other]).column("gets").tolist() == [[2.0]]
    with pytest.raises(ValueError, match="not in"):
        both.only([SeriesKey("nobody", "new")])


def test_every_metric_is_made_of_columns_that_are_read() -> None:
    for metric in METRICS:
        assert set(metric.numerator) | set(metric.denominator) <= set(COLUMNS)
        assert (
            metric.kind == "count"
            or metric.denominator
            or metric.unit == "ms"
            or metric.name == "entries"
        )


def test_ratios_come_in_percent_with_their_count() -> None:
    block = Windows(
        0,
        (KEY,),
        {"hits": np.array([[9.0], [0.0], [np.nan]]), "misses": np.array([[1.0], [0], [1]])},
    )
    found, count = values(BY_NAME["hit_rate"], block)
    np.testing.assert_array_equal(found, [[90.0], [np.nan], [np.nan]])
    np.testing.assert_array_equal(count, [[10.0], [0.0], [np.nan]])
