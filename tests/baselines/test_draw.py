"""The week as text."""

from __future__ import annotations

import numpy as np
import pytest
from ordinary import KEY, hour_rows, ordinary

from baselines.draw import BLOCKS, FLAT, MetricNotLearned, draw
from baselines.fit import fit


def test_a_week_is_seven_rows_of_24_blocks() -> None:
    hour = hour_rows(14 * 1440)
    history = ordinary(14, rate=np.where((hour >= 8) & (hour < 20), 600.0, 60.0))
    lines = draw(fit(history, KEY, time_zone="UTC"), "traffic")
    assert lines[0] == "traffic of sessions/new, hour by hour (UTC)"
    assert lines[1] == "     0     6     12    18"
    days = lines[2:9]
    assert [line[:3] for line in days] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    for line in days:
        assert len(line) == 5 + 24
        assert line[5 + 2] == BLOCKS[0]
        assert line[5 + 12] in BLOCKS[6:]
    assert lines[9].startswith(f"{BLOCKS[0]} ")
    assert "/min" in lines[9]
    assert lines[10].startswith("learned from 20,160 windows")


def test_a_flat_week_is_said_to_be_flat() -> None:
    lines = draw(fit(ordinary(7), KEY), "p95_response_time_ms")
    assert {line[5:] for line in lines[2:9]} == {FLAT * 24}
    assert lines[9] == f"{FLAT} 30 ms all week"


def test_a_metric_that_was_not_learned_is_named() -> None:
    with pytest.raises(MetricNotLearned, match="no baseline of 'luck'; it has hit_rate"):
        draw(fit(ordinary(2), KEY), "luck")
