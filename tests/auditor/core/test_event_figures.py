"""The figures of the benchmark, by hand, and that it measures what it says."""

from __future__ import annotations

import re

import numpy as np
import pytest

from benchmarks import score_series
from benchmarks.event_figures import Events, event_counts, soft_labels, volume_under_pr
from benchmarks.labelled_series import CARRIERS, ROWS, labelled

EVENTS = ((10, 20, "spike"), (50, 60, "dip"))


def alerts(*rows: int) -> np.ndarray:
    opened = np.zeros(100, dtype=bool)
    opened[list(rows)] = True
    return opened


def test_an_event_counts_once_and_an_alert_outside_all_is_false() -> None:
    """Two in the first event, one just after the second, one nowhere."""
    found = event_counts(alerts(9, 15, 62, 80), EVENTS, slack=3)
    assert found == Events(found=2, all=2, false=1)
    assert found.f1 == pytest.approx(2 * (2 / 3) / (2 / 3 + 1))
    assert event_counts(alerts(8, 63), EVENTS, slack=3) == Events(0, 2, 2)
    assert event_counts(alerts(5), (), slack=3) == Events(0, 0, 1)


def test_labels_fade_on_both_sides() -> None:
    label = soft_labels(30, ((10, 12, "spike"),), 3)
    assert label[[10, 11]].tolist() == [1.0, 1.0]
    assert label[[9, 12]].tolist() == pytest.approx([np.sqrt(0.75)] * 2)
    assert label[[6, 15]].tolist() == [0.0, 0.0]


def test_a_perfect_ranking_fills_the_volume_and_a_turned_one_does_not() -> None:
    score = soft_labels(100, EVENTS, 12)
    assert volume_under_pr(score, EVENTS) > 0.9
    assert volume_under_pr(-score, EVENTS) < 0.4
    assert volume_under_pr(np.full(100, np.nan), EVENTS) < 0.4
    assert np.isnan(volume_under_pr(score, ()))


def test_runs_of_flagged_rows_are_one_alert_each() -> None:
    flagged = alerts(3, 4, 14, 40)
    assert np.flatnonzero(score_series.runs(flagged)).tolist() == [3, 40]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_what_is_planted_is_all_that_differs_before_and_in_the_events(carrier: str) -> None:
    """A labelled series is the healthy one up to its first event, and not in it."""
    step_s = 3600
    for seed in range(40, 60):
        healthy, planted = (labelled(carrier, step_s, seed, healthy=each) for each in (True, False))
        if not planted.events:
            assert np.array_equal(healthy.values, planted.values)
            continue
        since, until, _ = planted.events[0]
        assert np.array_equal(healthy.values[:since], planted.values[:since])
        assert 0.2 * ROWS[step_s] <= since < until <= ROWS[step_s]
        if not np.array_equal(healthy.values[since:until], planted.values[since:until]):
            return
    pytest.fail("nothing that was planted can be seen")


def test_the_benchmark_prints_a_line_for_each_and_ours_is_the_best(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert score_series.main(["--seeds", "1", "--carrier", "seasonal"]) == 0
    said = capsys.readouterr().out
    for name in ("score-series", "3 sigma, rolling", "IsolationForest"):
        assert re.search(rf"^{name} +\d+/\d+ +\d+ +[\d.]+", said, re.MULTILINE)
