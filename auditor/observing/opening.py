"""Where an observation opens: beyond what chance would reach within the alert budget."""

from __future__ import annotations

import numpy as np

from auditor.judging.calibration import opening_surprise
from auditor.judging.judgement import Judged
from auditor.judging.materiality import FAMILIES
from auditor.observing.fold_settings import FoldSettings
from auditor.rules.rule import MOST_MINUTES
from baselines.series import BoolArray


def opening_bar(false_per_series_week: float) -> float:
    """The surprise that a series must reach; each family may be falsely alarmed, so each has its
    share of the budget. Raises ValueError unless the budget is above 0."""
    return opening_surprise(false_per_series_week / len(FAMILIES))


def opens(judged: Judged, settings: FoldSettings) -> BoolArray:
    """Where a window is strange and material enough to open an observation, shape (m, n)."""
    bars = [opening_bar(settings.budget(key.cache_name)) for key in judged.keys]
    return np.asarray(judged.surprise >= np.array(bars, dtype=np.float64))


def begins(judged: Judged, strange: BoolArray) -> BoolArray:
    """Where a problem may open or reopen, shape (m, n): nowhere in maintenance.

    strange: as `opens` has it. Within the hour after maintenance the newest minute must be beyond a
    rule's bound by itself: sums over more minutes still reach into what was meant to happen.
    """
    where = strange
    for each in judged.fired:
        where = where | (each.where & (each.fresh | (judged.age >= MOST_MINUTES)))
    return np.asarray(where & ~judged.held)
