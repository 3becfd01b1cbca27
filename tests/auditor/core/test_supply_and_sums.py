"""What is expected in the sums that detectors judge, on scenes made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from by_hand import scene_by_hand

from auditor.detectors import ratio_tail, supply
from auditor.detectors.detector import Evidence
from baselines.series import FloatArray

ROWS = 70


def evicted(gets: float, evictions: float, week: dict[str, float]) -> Evidence:
    """What supply says of the evictions of one minute."""
    columns = {"gets": np.full(ROWS, gets), "evictions": np.full(ROWS, evictions)}
    columns |= {name: np.zeros(ROWS) for name in ("expirations", "deletes")}
    found = supply.DETECTOR.score(scene_by_hand(columns, week))
    (one,) = [e for e in found if (e.channel.metric, e.channel.minutes) == ("evictions", 1)]
    return one


WEEK = {"traffic": 100.0, "evictions": 10.0, "expirations": 10.0, "deletes": 10.0}


@pytest.mark.parametrize(
    ("gets", "expected"),
    [
        (100.0, 10.0),
        (300.0, 30.0),  # three times the gets make three times the evictions
        (50.0, 10.0),  # fewer gets promise no fewer
        (5000.0, 100.0),  # more than ten times is no longer traffic
    ],
)
def test_more_traffic_makes_more_leave(gets: float, expected: float) -> None:
    assert evicted(gets, 40.0, WEEK).expected[-1, 0] == pytest.approx(expected)


def test_where_the_week_s_traffic_is_unknown_the_week_s_evictions_stand() -> None:
    unknown = {name: usual for name, usual in WEEK.items() if name != "traffic"}
    assert evicted(300.0, 40.0, unknown).expected[-1, 0] == pytest.approx(10.0)


def test_a_busy_minute_s_evictions_are_less_strange_than_a_quiet_one_s() -> None:
    busy, quiet = (evicted(gets, 40.0, WEEK).statistic[-1, 0] for gets in (400.0, 100.0))
    assert busy < 0.5 < 5 < quiet


def ratios(hits: FloatArray | float, hour: float, week: float) -> dict[str, Evidence]:
    """Of a hit rate that both the last hour and the week have an opinion of, by channel."""
    all_hits = np.broadcast_to(np.asarray(hits), (ROWS,))
    columns = {"hits": all_hits, "misses": 100.0 - all_hits}
    columns |= {"errors": np.zeros(ROWS), "total_operations": np.full(ROWS, 100.0)}
    scene = scene_by_hand(columns, {"hit_rate": hour, "error_rate": 0.0}, {"hit_rate": week})
    return {each.channel.name: each for each in ratio_tail.DETECTOR.score(scene)}


def test_a_slow_loss_that_the_hour_has_learned_is_told_against_the_week() -> None:
    """81 % is no less than the last hour had, and nine points below the week."""
    found = ratios(hits=81.0, hour=80.0, week=90.0)
    for minutes in (1, 3, 5, 15):
        one = found[f"ratio_tail.hit_rate.{minutes}"]
        assert one.expected[-1, 0] == pytest.approx(80.0)
        assert one.statistic[-1, 0] == 0.0
    for minutes in (15, 60):
        one = found[f"ratio_tail.hit_rate.{minutes}.week"]
        assert one.expected[-1, 0] == pytest.approx(90.0)
        assert one.count[-1, 0] == 100 * minutes
        assert one.statistic[-1, 0] > 10


def test_a_loss_against_the_hour_alone_is_none_against_the_week() -> None:
    found = ratios(hits=81.0, hour=90.0, week=80.0)
    assert found["ratio_tail.hit_rate.15"].statistic[-1, 0] > 10
    assert found["ratio_tail.hit_rate.15.week"].statistic[-1, 0] == 0.0
    assert found["ratio_tail.hit_rate.60.week"].statistic[-1, 0] == 0.0


def test_a_long_sum_says_nothing_of_what_is_over() -> None:
    """Ten minutes at half the hits, and five as usual: the 15 still hold the loss, as they say."""
    hits = np.where(np.arange(ROWS) >= ROWS - 5, 91.0, 50.0)
    for found in (ratios(hits, 90.0, 90.0), ratios(np.roll(hits, 5), 90.0, 90.0)):
        for name in ("15", "15.week", "60.week"):
            over = found["ratio_tail.hit_rate.5"].value[-1, 0] > 90
            statistic = found[f"ratio_tail.hit_rate.{name}"].statistic[-1, 0]
            assert found[f"ratio_tail.hit_rate.{name}"].value[-1, 0] < 80
            assert statistic == 0.0 if over else statistic > 10
