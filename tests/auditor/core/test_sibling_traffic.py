"""A part of one implementation's events missing, and what only looks like it."""

from __future__ import annotations

import numpy as np
import pytest
from planted import DAY, changed, scaled_traffic

from auditor.judging.judgement import Judged, judge
from auditor.judging.learning import Learned
from auditor.judging.materiality import FAMILIES
from auditor.observing.fold_settings import FoldSettings
from auditor.observing.opening import opens
from auditor.statistics.forest import Forest
from auditor.statistics.scene import CONTEXT
from baselines.series import Windows

SINCE, UNTIL = CONTEXT + 60, CONTEXT + 90


@pytest.fixture(scope="module")
def noon(next_days: Windows) -> Windows:
    return next_days.rows(DAY + 360, DAY + 360 + CONTEXT + 120)


def judged(windows: Windows, learned: Learned, forest: Forest) -> Judged:
    return judge(windows, learned, since=windows.start + CONTEXT, forest=forest)


def opened(found: Judged) -> np.ndarray:
    """Rows, counted from the first judged one, that open for either series, shape (m, n)."""
    return opens(found, FoldSettings())[found.first :]


def test_a_third_missing_of_one_is_found_within_minutes(
    noon: Windows, learned: Learned, forest: Forest
) -> None:
    part = scaled_traffic(noon, SINCE, UNTIL, 0.67, slice(1, 2))
    found = judged(part, learned, forest)
    where = opened(found)
    rows = np.flatnonzero(where[:, 1])
    assert SINCE - CONTEXT <= rows[0] <= SINCE - CONTEXT + 5
    assert not where[:, 0].any()
    leader = found.voices.leader[found.first + rows[0], 1]
    assert FAMILIES[leader] == "traffic"


def test_a_third_less_for_both_is_peoples_affair(
    noon: Windows, learned: Learned, forest: Forest
) -> None:
    assert not opened(judged(scaled_traffic(noon, SINCE, UNTIL, 0.67), learned, forest)).any()


def test_users_that_move_to_the_other_are_no_loss(
    noon: Windows, learned: Learned, forest: Forest
) -> None:
    lost = scaled_traffic(noon, SINCE, UNTIL, 0.67, slice(1, 2))
    names = ("gets", "hits", "misses", "sets", "hit_latency_sum_ms", "miss_latency_sum_ms")
    new = {name: lost.column(name).copy() for name in (*names, "latency_sum_ms")}
    for name, values in new.items():
        values[SINCE:UNTIL, 0] += noon.column(name)[SINCE:UNTIL, 1] - values[SINCE:UNTIL, 1]
    new["total_operations"] = new["gets"] + new["sets"]
    assert not opened(judged(changed(lost, **new), learned, forest)).any()
