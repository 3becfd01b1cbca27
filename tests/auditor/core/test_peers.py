"""`benchmarks.peers`, small: figures by hand, and peers that flag what is plain."""

from __future__ import annotations

import numpy as np
import pytest

from baselines.series import SeriesKey, Windows
from benchmarks.alert_figures import Figures, alert_lines, judged
from benchmarks.healthy_traffic import DAY, Cache, made, without_hits
from benchmarks.peer_detectors import adaptive_bands, isolation_forest, measures, peers, three_sigma
from benchmarks.peer_workloads import whole
from benchmarks.peers import main
from benchmarks.planted_incidents import generated

KEYS = (SeriesKey("one", "new"), SeriesKey("two", "new"))


def blank(minutes: int) -> Windows:
    return Windows(0, KEYS, {"total_operations": np.ones((minutes, 2))})


def test_runs_incidents_and_delays_are_counted_by_hand() -> None:
    """Series one: told at 0 and 3 of its first incident, at 9 of its second; twice false. Series
    two: nothing told."""
    windows = blank(1000)
    flags = np.zeros((1000, 2), dtype=bool)
    flags[[10, 200, 203, 409, 600, 604, 800], 0] = True
    events = [(0, 200, 230), (0, 400, 430), (1, 500, 550)]
    found = judged(windows, alert_lines(windows, flags), events, first=100)
    assert found.incidents == 3
    assert (found.within, found.ever, found.false) == (1, 2, 2)
    assert found.delays == (0.0, 9.0, 50.0)
    assert found.weeks == pytest.approx(2 * 900 / (7 * DAY))


def test_f1_is_of_recall_in_time_and_precision_over_what_was_ever_found() -> None:
    """8 of 10 in time, 9 ever, 3 false: 2 (0.8) (0.75) / 1.55."""
    found = Figures(4, 3, 4, 1, 1.0, ()) + Figures(6, 5, 5, 2, 1.0, ())
    assert found.f1 == pytest.approx(1.2 / 1.55)


def test_peers_flag_a_plain_loss_and_the_bands_hold_still_before_it() -> None:
    """Half of the hits gone for an hour on the third day of a flat cache."""
    healthy = made(Cache("any", "flat", 2000.0, 1, (4, 1)), 3 * DAY)
    since = 2 * DAY + 700
    windows = without_hits(healthy, 0, since, since + 60, 0.5, np.random.default_rng(1))
    for name, peer in peers().items():
        flags = peer(windows, DAY)
        assert flags.shape == windows.shape, name
        assert flags[since : since + 10].any(), name
    assert adaptive_bands(windows, DAY)[2 * DAY : since].mean() < 0.02


def test_what_a_peer_says_of_a_window_does_not_hang_on_later_ones() -> None:
    """The same flags on the same windows, cut behind them."""
    windows = made(Cache("any", "bursty", 50.0, 2, (4, 2)), 2 * DAY)
    part = windows.rows(0, DAY + 400)
    for peer in (isolation_forest, three_sigma, adaptive_bands):
        assert np.array_equal(peer(windows, DAY)[: DAY + 400], peer(part, DAY))


def test_a_quiet_minute_keeps_the_ratios_of_the_one_before() -> None:
    """No gets, so no hit share of its own; before the first get it is 0."""
    gets = np.array([[0.0], [10.0], [0.0]])
    columns = {
        name: np.array([[0.0], [5.0], [0.0]])
        for name in ("misses", "latency_sum_ms", "errors", "evictions")
    }
    found = measures(Windows(0, KEYS[:1], {"gets": gets, **columns}))
    assert found[:, 0, 0].tolist() == [0.0, 10.0, 0.0]
    assert found[:, 0, 1].tolist() == [0.0, 0.5, 0.5]


def test_blocks_of_different_series_become_one() -> None:
    """What a block does not have is missing in its minutes."""
    one = Windows(0, KEYS[:1], {"hits": np.ones((2, 1))})
    two = Windows(2, KEYS, {"hits": np.full((1, 2), 2.0)})
    found = whole([one, two])
    assert found.keys == KEYS
    np.testing.assert_array_equal(found.column("hits"), [[1, np.nan], [1, np.nan], [2, 2]])


def test_one_run_prints_a_line_for_each_with_quality_and_speed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Four generated caches, three days of which one is learned, ours left out."""
    assert main(["--without-ours"], [generated(1, days=3, first=2)]) == 0
    said = capsys.readouterr().out
    for name in peers():
        assert name in said
    assert "generated 1: 17,280 windows" in said
