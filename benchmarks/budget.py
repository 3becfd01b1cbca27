"""Whether chance keeps to the alert budget on healthy weeks, and what is found at each budget.

    python -m benchmarks.budget [--series-weeks 504] [--weeks 2] [--seed 1] [--jobs 2]

Caches of very different traffic (benchmarks/healthy_traffic.py) are learned from two weeks and
scored for the --weeks after them. Into one week of every second series a loss of 30 % of the hits
is put for an hour; what opens around it is not counted as false. Learning and judging are done
once, only the fold knows the budget. Prints false observations a series-week with a 95 % Poisson
interval, recall of the losses, and both by shape, rate and what led; 1 when a budget is broken for
sure, that is when the whole interval lies above it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

if not __package__:  # called by its path
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from auditor.judging.judgement import Judged, judge
from auditor.judging.learning import Learned, learn
from auditor.observing.fold import fold
from auditor.observing.fold_settings import FoldSettings
from auditor.observing.observation import Opened
from auditor.statistics.forest import Forest, grown
from auditor.statistics.scene import CONTEXT
from auditor.statistics.whole_hours import hours_of
from baselines.series import SeriesKey, Windows
from benchmarks.budget_figures import BUDGETS, LEARNED_WEEKS, Alarm, SeriesWeek, report
from benchmarks.healthy_traffic import (
    DAY,
    START,
    WEEK,
    Cache,
    draw_cache,
    made,
    together,
    without_hits,
)

LOST_SHARE, LOST_MINUTES = 0.3, 60
GRACE_MINUTES = 30
"""After a loss, in which what opens is still of it."""
CACHES = 6
"""Learned together: about nine series, for the sake of memory."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A planted loss of hits, in rows of all windows."""

    key: SeriesKey
    since: int
    until: int


def batch(seed: int, first: int, weeks: int, caches: int = CACHES) -> list[SeriesWeek]:
    """Learns and scores so many caches from number `first` on."""
    drawn = [draw_cache(seed, first + at) for at in range(caches)]
    windows = together([made(each, (LEARNED_WEEKS + weeks) * WEEK) for each in drawn])
    learned = learn(windows.rows(0, LEARNED_WEEKS * WEEK), seed=seed)
    forest = None if learned.forest is None else grown(learned.forest)
    random = np.random.default_rng([seed, first, 2])
    found: list[SeriesWeek] = []
    for week in range(LEARNED_WEEKS, LEARNED_WEEKS + weeks):
        losses = _losses(random, drawn, week)
        changed = windows
        for loss in losses:
            column = windows.keys.index(loss.key)
            changed = without_hits(
                changed, column, loss.since, loss.until, LOST_SHARE, random
            )  # fmt: skip
        found += _week(drawn, changed, learned, forest, week, losses)
    return found


def _losses(random: np.random.Generator, caches: Sequence[Cache], week: int) -> list[Loss]:
    """One in the last implementation of every second cache; the others have theirs a week later."""
    out = []
    for cache in caches:
        since = week * WEEK + int(random.integers(DAY // 2, WEEK - DAY // 2))
        if (int(cache.seed[1]) + week) % 2 == 0:
            out.append(Loss(cache.keys[-1], since, since + LOST_MINUTES))
    return out


def _week(
    caches: Sequence[Cache],
    windows: Windows,
    learned: Learned,
    forest: Forest | None,
    week: int,
    losses: Sequence[Loss],
) -> list[SeriesWeek]:
    block = windows.rows(week * WEEK - CONTEXT, (week + 1) * WEEK)
    hours = hours_of(windows.rows((week - 1) * WEEK, (week + 1) * WEEK))
    judged = judge(block, learned, since=START + week * WEEK, forest=forest, hours=hours)
    told = {each: _opened(judged, each) for each in BUDGETS}
    known = np.isfinite(judged.surprise[judged.first :]).mean(axis=0)
    out = []
    for cache in caches:
        for key in cache.keys:
            loss = next((each for each in losses if each.key == key), None)
            near = next((each for each in losses if each.key in cache.keys), None)
            alarms, delays = {}, {}
            for budget, all_ in told.items():
                own = [each for each in all_ if key in each.observation.keys]
                inside = [each for each in own if near is not None and _is_of(each, near)]
                alarms[budget] = tuple(
                    Alarm(each.minute, _led(each, judged))
                    for each in own
                    if each not in inside and each.observation.key == key
                )
                if loss is not None:
                    first = min((each.minute for each in inside), default=None)
                    delays[budget] = None if first is None else first - START - loss.since
            share = float(known[windows.keys.index(key)])
            out.append(SeriesWeek(cache, key, week, share, alarms, delays))
    return out


def _opened(judged: Judged, budget: float) -> list[Opened]:
    changes = fold([], judged, FoldSettings(false_per_series_week=budget))
    return [each for each in changes if isinstance(each, Opened)]


def _is_of(opened: Opened, loss: Loss) -> bool:
    return loss.since <= opened.minute - START < loss.until + GRACE_MINUTES


def _led(opened: Opened, judged: Judged) -> str:
    """The family, and its channel that was loudest when it opened."""
    now = opened.observation
    row = opened.minute - judged.scene.windows.start
    parts = judged.contributions(row, judged.keys.index(now.key))
    own = [each for each in parts if each.metric == now.metric] or list(parts)
    loudest = max(own, key=lambda each: np.nan_to_num(each.surprise, nan=-1.0))
    return f"{now.metric} by {loudest.channel}"


def campaign(series_weeks: int, weeks: int, seed: int, jobs: int) -> Iterator[list[SeriesWeek]]:
    """Batches until there are enough series-weeks; with one job in this process, in order."""
    # CACHES caches with one and two implementations in turn hold half as many series again
    batches = -(-series_weeks // max(int(1.5 * CACHES * weeks), 1))
    firsts = [at * CACHES for at in range(batches)]
    if jobs == 1:
        yield from (batch(seed, first, weeks) for first in firsts)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=4) as pool:
        waiting = [pool.submit(batch, seed, first, weeks) for first in firsts]
        for done in as_completed(waiting):
            yield done.result()


def main(words: Sequence[str] | None = None) -> int:
    """Runs the campaign and prints the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--series-weeks", type=int, default=504)
    parser.add_argument("--weeks", type=int, default=2, help="scored after each learning")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args(words)
    began, found = time.monotonic(), []
    for done in campaign(chosen.series_weeks, chosen.weeks, chosen.seed, chosen.jobs):
        found += done
        took = time.monotonic() - began
        print(f"{len(found)} series-weeks, {took:.0f} s", file=sys.stderr, flush=True)
    found.sort(key=lambda each: (each.cache.seed, each.key, each.week))
    kept = report(found)
    print(f"\n{len(found)} series-weeks, seed {chosen.seed}; no budget is surely broken: {kept}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
