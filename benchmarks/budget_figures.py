"""What the campaign over healthy weeks counts, and its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from baselines.series import SeriesKey
from benchmarks.healthy_traffic import Cache

BUDGETS = (0.1, 0.25, 1.0)
LEARNED_WEEKS = 2


@dataclass(frozen=True, slots=True)
class Alarm:
    """A false observation. minute: epoch; led: family and the channel that was loudest in it."""

    minute: int
    led: str


@dataclass(frozen=True, slots=True)
class SeriesWeek:
    """One series in one scored week. judged: share of its windows with a score. alarms: by budget.
    delays: by budget the minutes until the loss was told, None where it was not; empty without."""

    cache: Cache
    key: SeriesKey
    week: int
    judged: float
    alarms: dict[float, tuple[Alarm, ...]]
    delays: dict[float, int | None]


def interval(count: int, weeks: float) -> tuple[float, float]:
    """95 % limits of a Poisson rate, from the chi-square law (Garwood 1936)."""
    low = float(chi2.ppf(0.025, 2 * count)) / 2 if count else 0.0
    return low / weeks, float(chi2.ppf(0.975, 2 * count + 2)) / 2 / weeks


def line(name: str, found: Sequence[SeriesWeek], budget: float) -> str:
    """False observations and recall of some series-weeks at one budget."""
    weeks = sum(each.judged for each in found)
    false = sum(len(each.alarms[budget]) for each in found)
    low, high = interval(false, max(weeks, 1e-9))
    delays = [each.delays[budget] for each in found if each.delays]
    heard = sorted(each for each in delays if each is not None)
    recall = f"{len(heard) / len(delays):6.2f}" if delays else "     -"
    median = f"{heard[len(heard) // 2]:4d}" if heard else "   -"
    rate = false / max(weeks, 1e-9)
    span = f"{low:5.2f} to {high:5.2f}"
    return (
        f"{name:24} {weeks:7.1f} {false:6d} {rate:7.3f} {span} {len(delays):7d} {recall} {median}"
    )


def report(found: Sequence[SeriesWeek]) -> bool:
    """Prints all tables; whether every budget may be kept, as far as chance can tell."""
    head = f"{'weeks':>7} {'false':>6} {'a week':>7} {'95 % limits':>14} {'losses':>7} recall  min"
    print(f"{'budget a series-week':24} {head}")
    for budget in BUDGETS:
        print(line(f"{budget:g}", found, budget))
    ways: dict[str, Callable[[SeriesWeek], str]] = {
        "shape": lambda each: each.cache.shape,
        "gets a minute": lambda each: f"from {10.0 ** np.floor(np.log10(each.cache.rate)):g}",
        "implementations": lambda each: str(each.cache.implementations),
        "week after learning": lambda each: str(each.week - LEARNED_WEEKS + 1),
    }
    for title, of in ways.items():
        print(f"\nby {title}, budget {BUDGETS[1]:g}")
        names = dict.fromkeys(sorted((of(each) for each in found), key=_in_order))
        for name in names:
            print(line(name, [each for each in found if of(each) == name], BUDGETS[1]))
    for budget in BUDGETS:
        led = Counter(one.led for each in found for one in each.alarms[budget])
        print(f"\nwhat led false observations, budget {budget:g}")
        for name, count in led.most_common(12):
            print(f"{count:6d} {name}")
    weeks = sum(each.judged for each in found)
    counts = {each: sum(len(one.alarms[each]) for one in found) for each in BUDGETS}
    return all(interval(count, weeks)[0] <= each for each, count in counts.items())


def _in_order(name: str) -> tuple[float, str]:
    last = name.split()[-1]
    return (float(last), name) if last.replace(".", "").isdigit() else (0.0, name)
