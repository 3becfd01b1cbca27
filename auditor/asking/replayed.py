"""Backtests: what the command, notebooks and benchmarks ask for."""

from __future__ import annotations

from collections.abc import Callable

from auditor.asking.source import DAY, Source
from auditor.backtesting.episodes import Episodes, difference
from auditor.backtesting.replay import Replay, ReplaySettings, Told
from auditor.backtesting.replayed import Replayed
from auditor.backtesting.summary import summary


def backtest(
    source: Source,
    settings: ReplaySettings,
    *,
    against: ReplaySettings | None = None,
    block_minutes: int = DAY,
    on_told: Callable[[Told], None] = lambda _told: None,
    progress: Callable[[float], None] = lambda _minutes: None,
) -> Replayed:
    """Replays a source once, by one or two settings beside each other.

    on_told: hears of each change by the first settings as it comes; progress: of the minutes done.
    """
    here = Replay(source.asked(settings))
    other = None if against is None else Replay(source.asked(against))
    found, elsewhere = Episodes(), Episodes()
    for block in source.blocks(block_minutes):
        for told in here.feed(block):
            found.note(told)
            on_told(told)
        if other is not None:
            for told in other.feed(block):
                elsewhere.note(told)
        progress(block.shape[0])
    mine = tuple(found.found())
    if other is None:
        return Replayed(summary(here, mine), mine)
    theirs = tuple(elsewhere.found())
    return Replayed(summary(here, mine), mine, summary(other, theirs), difference(mine, theirs))
