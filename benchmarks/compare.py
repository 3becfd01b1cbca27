"""How often `compare` errs, and how soon it decides: the campaign over made-up pairs.

python -m benchmarks.compare [--pairs N] [--every HOURS] [--seed N]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from auditor.comparing.compare import compare
from auditor.comparing.settings import ComparisonSettings
from auditor.comparing.verdict import Verdict
from benchmarks.pairs import BASELINE, CACHE, CANDIDATE, HOUR, Kind, make_pair

SETTINGS = ComparisonSettings(pairs=0)
"""The defaults, without the A/A check of each look, which changes no verdict."""
POINTS = 2.0
ALLOWED, WANTED = 0.05, 0.90
DAY_H, WEEK_H = 24, 168


@dataclass(frozen=True, slots=True)
class Looks:
    """One pair looked at again and again: the verdict at each look, by hours since its start."""

    hours: tuple[int, ...]
    verdicts: tuple[Verdict, ...]
    measures: tuple[tuple[str, ...], ...]

    def first(self, *wanted: Verdict) -> float:
        """Hours until one of some verdicts; infinite where there is none."""
        for hour, verdict in zip(self.hours, self.verdicts, strict=True):
            if verdict in wanted:
                return float(hour)
        return float("inf")


def look_at(seed: int, kind: Kind, hours: Iterable[int]) -> Looks:
    """One pair, and what is said of it after so many hours of the candidate."""
    pair = make_pair(seed, kind)
    at, verdicts, measures = [], [], []
    for hour in hours:
        windows, times = pair.until(pair.first + HOUR * hour)
        if windows.end <= pair.first:
            continue
        found = compare(windows, CACHE, BASELINE, CANDIDATE, SETTINGS, response_times=times)
        at.append(hour)
        verdicts.append(found.verdict)
        measures.append(tuple(e.name for e in found.differences if e.status in ("better", "worse")))
    return Looks(tuple(at), tuple(verdicts), tuple(measures))


def shown(count: int, of: int) -> str:
    """A share with its 95 % interval (Clopper and Pearson 1934)."""
    low = betaincinv(count, of - count + 1, 0.025) if count else 0.0
    high = betaincinv(count + 1, of - count, 0.975) if count < of else 1.0
    return f"{count:4d} of {of} = {100 * count / of:5.1f} %  ({100 * low:.1f} to {100 * high:.1f})"


def alike(pairs: int, seed: int, every: int) -> int:
    """Pairs without a difference, for a week: how many are ever called better or worse."""
    wrong: list[tuple[int, float, tuple[str, ...]]] = []
    equivalent = []
    for number in range(pairs):
        looks = look_at(
            seed + number, Kind(histograms=number % 4 > 0), range(every, WEEK_H + 1, every)
        )
        first = looks.first("better", "worse", "mixed")
        if np.isfinite(first):
            place = looks.hours.index(int(first))
            wrong.append((seed + number, first, looks.measures[place]))
        equivalent.append(looks.verdicts[-1] == "equivalent")
    print(f"A/A, a look every {every} h for a week")
    print(f"  ever better or worse     {shown(len(wrong), pairs)}   goal: at most 5 %")
    print(f"  equivalent after a week  {shown(sum(equivalent), pairs)}")
    for number, hour, names in wrong:
        print(f"    seed {number}: after {hour:.0f} h by {', '.join(names)}")
    return len(wrong)


def apart(pairs: int, seed: int, every: int, kind: Kind, title: str) -> int:
    """Pairs that differ by POINTS, half of them up: how many are decided rightly in a day."""
    hours, wrong = [], 0
    for number in range(pairs):
        up = number % 2 == 0
        planted = Kind(
            points=POINTS if up else -POINTS,
            gets=kind.gets,
            mirrored=kind.mirrored,
            share=kind.share,
            days=kind.days,
            histograms=number % 4 > 0,
        )
        looks = look_at(seed + number, planted, range(every, DAY_H * kind.days + 1, every))
        right: Verdict = "better" if up else "worse"
        first = looks.first(right)
        other = looks.first("worse" if up else "better", "mixed", "equivalent")
        wrong += other < first
        hours.append(first if first < other else float("inf"))
    right_in_a_day = int((np.array(hours) <= DAY_H).sum())
    print(f"{POINTS:g} points of hit rate, {title}")
    print(f"  right within 24 h        {shown(right_in_a_day, pairs)}   goal: at least 90 %")
    print(f"  wrong before it is right {shown(wrong, pairs)}")
    middle, late = np.median(hours), np.quantile(hours, 0.9, method="higher")
    print(f"  hours, median and p90    {middle:.0f}, {late:.0f}")
    return right_in_a_day


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--every", type=int, default=1, help="hours between two looks")
    parser.add_argument("--seed", type=int, default=1000)
    given = parser.parse_args(words)
    wrong = alike(given.pairs, given.seed, given.every)
    kind = Kind(gets=200.0, days=2)
    right = apart(given.pairs, given.seed + 10_000, given.every, kind, "200 gets a minute")
    return int(wrong > ALLOWED * given.pairs or right < WANTED * given.pairs)


if __name__ == "__main__":
    sys.exit(main())
