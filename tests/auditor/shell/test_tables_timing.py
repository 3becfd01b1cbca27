"""Which sums of times a table's windows have: what nobody timed is missing, not 0."""

from __future__ import annotations

import numpy as np

from auditor.tables.timing import without_untimed

NAN = np.nan


def read(starts: list[int], **columns: list[float]) -> list[list[float]]:
    """All, hit and miss sums of the windows that begin at these rows."""
    numbers = {name: np.array(values) for name, values in columns.items()}
    sums = ("latency_sum_ms", "hit_latency_sum_ms", "miss_latency_sum_ms")
    at = np.array(starts)
    summed = {name: np.add.reduceat(numbers[name], at) for name in sums}
    found = without_untimed(numbers, summed, at)
    return np.column_stack([found[name] for name in sums]).tolist()


def test_a_time_of_0_is_kept_where_a_quantile_says_that_it_was_measured() -> None:
    """Three windows: misses timed at 0 ms, misses without any time, no misses at all."""
    found = read(
        [0, 1, 2], hits=[4, 4, 4], misses=[5, 5, 0], hit_p50_ms=[2, 2, 2],
        miss_p50_ms=[0, NAN, NAN], latency_sum_ms=[8, 8, 8], hit_latency_sum_ms=[8, 8, 8],
        miss_latency_sum_ms=[0, 0, 0],
    )  # fmt: skip
    np.testing.assert_array_equal(found, [[8, 8, 0], [NAN, 8, NAN], [8, 8, 0]])


def test_one_node_without_times_makes_the_series_untimed() -> None:
    found = read(
        [0, 2], hits=[4, 4, 4], misses=[0, 0, 0], latency_sum_ms=[8, 0, 8],
        hit_latency_sum_ms=[8, 0, 8], miss_latency_sum_ms=[0, 0, 0],
    )  # fmt: skip
    np.testing.assert_array_equal(found, [[NAN, NAN, 0], [8, 8, 0]])
