"""What a backtest came to."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.backtesting.episodes import Difference, Episode
from auditor.backtesting.summary import Summary


@dataclass(frozen=True, slots=True)
class Replayed:
    """Observations and summary of one backtest.

    against: the summary by the other settings, None without; difference: from theirs.
    """

    summary: Summary
    episodes: tuple[Episode, ...]
    against: Summary | None = None
    difference: Difference | None = None
