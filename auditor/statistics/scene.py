"""What detectors, costs and causes look at: a block of windows and what was to be expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from auditor.statistics.forest import Forest
from auditor.statistics.thresholds import Thresholds
from auditor.statistics.whole_hours import Hours
from baselines.baseline import Baseline
from baselines.expectation import LOOKBACK, Expectation, Expectations, expect_all
from baselines.series import BoolArray, SeriesKey, Windows

LONGEST_POOL = 60
"""Minutes that the longest pooled statistic adds up."""
GATE = 3
"""Minutes in a row for which latency alone must be strange."""
EPISODE = 30
"""The longest stretch of a problem that its cause is told from, minutes."""
REACH = 105
"""Rows before a problem that its cause is told from: the hour before, and how full it was then."""
CONTEXT = LOOKBACK + max(LONGEST_POOL, EPISODE + REACH) + GATE
"""Rows before the first judged one that give it the same bits as any longer past would."""


@dataclass(frozen=True, slots=True)
class Scene:
    """windows: (m, n), context rows first. expectations: metric name -> arrays of shape (m, n).

    forest: the fitted isolation forest, or None when there is none yet. thresholds: of the static
    rules. hours: those before the rows' own, for what is told over days; None: not known.
    """

    windows: Windows
    baselines: Mapping[SeriesKey, Baseline]
    expectations: Mapping[str, Expectation]
    forest: Forest | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    hours: Hours | None = None

    def after(self, row: int) -> Scene:
        """The scene from a row on, its expectations kept as the rows before made them."""
        whole = self.expectations
        cut = Expectations(lambda name: whole[name].after(row))
        windows = self.windows.rows(row, self.windows.shape[0])
        return replace(self, windows=windows, expectations=cut)


def scene(
    windows: Windows,
    baselines: Mapping[SeriesKey, Baseline],
    forest: Forest | None = None,
    thresholds: Thresholds | None = None,
    set_aside: BoolArray | None = None,
    hours: Hours | None = None,
) -> Scene:
    """The block with its expectations worked out once for all who look at it.

    set_aside: shape (m, n), windows that the level of the last hour is not taken from.
    """
    expectations = expect_all(windows, baselines, set_aside)
    return Scene(windows, baselines, expectations, forest, thresholds or Thresholds(), hours)
