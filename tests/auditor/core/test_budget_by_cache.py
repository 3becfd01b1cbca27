"""A cache with a budget of its own opens earlier or later than the others, by that alone."""

from __future__ import annotations

import numpy as np
import pytest
from planted import DAY

from auditor.judging.judgement import judge
from auditor.judging.learning import Learned
from auditor.observing.fold_settings import FoldSettings
from auditor.observing.opening import opening_bar, opens
from auditor.statistics.forest import Forest
from baselines.series import Windows


@pytest.mark.parametrize("budget", [0.001, 100.0])
def test_the_bar_is_that_of_the_cache(
    learned: Learned, forest: Forest, next_days: Windows, budget: float
) -> None:
    judged = judge(next_days.rows(0, DAY), learned, since=next_days.start + 600, forest=forest)
    for by_cache, own in (({"sessions": budget}, budget), ({"pages": budget}, 0.25)):
        how = FoldSettings(by_cache=by_cache)
        assert how.budget("sessions") == own
        expected = judged.surprise >= opening_bar(own)
        assert np.array_equal(opens(judged, how), expected)


def test_a_wider_budget_has_a_lower_bar() -> None:
    bars = [opening_bar(budget) for budget in (0.001, 0.25, 100.0)]
    assert bars == sorted(bars, reverse=True)
    assert len(set(bars)) == 3
