"""What a replay came to, in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.backtesting.episodes import Episode
from auditor.backtesting.lines import instant
from auditor.backtesting.replay import Replay
from auditor.observing.severity import Severity

MINUTES_A_WEEK = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of one replay.

    since, until: of its windows, None without any. windows: rows of series and minute that exist;
    judged of them have a score; not_judged: the others by reason. learned: how often something was.
    judged_series_weeks: judged windows in weeks of one series. observations: how many; open of them
    were not over at the end; by_severity: by the highest that each had. per_series_week: of judged
    time, None where nothing was judged. budget_per_series_week: false ones that were asked for.
    """

    since: datetime | None
    until: datetime | None
    series: int
    windows: int
    judged: int
    not_judged: dict[str, int]
    learned: int
    judged_series_weeks: float
    observations: int
    open: int
    by_severity: dict[str, int]
    per_series_week: float | None
    budget_per_series_week: float


def summary(replayed: Replay, episodes: Sequence[Episode]) -> Summary:
    """Sums up what was fed so far and what was told of it."""
    tally = replayed.tally
    judged = tally.judged.total()
    weeks = judged / MINUTES_A_WEEK
    return Summary(
        since=None if tally.since is None else instant(tally.since),
        until=None if tally.until is None else instant(tally.until),
        series=len([key for key, count in tally.windows.items() if count]),
        windows=tally.windows.total(),
        judged=judged,
        not_judged={why: count for why, count in sorted(tally.not_judged.items()) if count},
        learned=replayed.refreshes,
        judged_series_weeks=weeks,
        observations=len(episodes),
        open=sum(each.until is None for each in episodes),
        by_severity={
            each.word: sum(one.severity == each for one in episodes) for each in reversed(Severity)
        },
        per_series_week=len(episodes) / weeks if weeks else None,
        budget_per_series_week=replayed.settings.fold.false_per_series_week,
    )
