"""The alert budget that was asked for, against the false observations that people found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

MINUTES_A_WEEK = 7 * 24 * 60
LEVEL = 0.95
"""Of the interval: chance leaves it on either side in one of forty."""

Answer = Literal["kept", "over", "not known yet"]


@dataclass(frozen=True, slots=True)
class Watched:
    """What was told of one cache.

    judged_minutes: windows that had a score, over its series. false_alarms: observations that a
    person called so. unsigned: those of which nobody said what they were. real: the others.
    """

    cache_name: str
    judged_minutes: int
    false_alarms: int
    unsigned: int
    real: int

    @property
    def series_weeks(self) -> float:
        """How long its series were watched, all together."""
        return self.judged_minutes / MINUTES_A_WEEK


@dataclass(frozen=True, slots=True)
class Achieved:
    """One line of the report; rates are false observations a series and week.

    cache_name: None for all together. at_least, at_most: the rate if none of the unsigned was
    false, and if all were. lower, upper: LEVEL limits of chance around these; all of them NaN
    where nothing was watched.
    """

    cache_name: str | None
    asked: float
    series_weeks: float
    false_alarms: int
    unsigned: int
    real: int
    at_least: float
    at_most: float
    lower: float
    upper: float
    answer: Answer


def poisson_limits(count: int, exposure: float, level: float = LEVEL) -> tuple[float, float]:
    """Exact limits of a rate from a count (Garwood 1936): chi-square quantiles, by its dualism.

    exposure: what the count was found in, above 0; the rate is a unit of it.
    Raises ValueError for a negative count or no exposure.
    """
    if count < 0 or not exposure > 0:
        raise ValueError(f"a rate needs a count of 0 or more and exposure, not {count}, {exposure}")
    # a doctor who finds no false alarm does not wait for scipy
    from scipy.stats import chi2

    outside = (1 - level) / 2
    lower = float(chi2.ppf(outside, 2 * count)) / 2 if count else 0.0
    return lower / exposure, float(chi2.ppf(1 - outside, 2 * count + 2)) / 2 / exposure


def achieved(watched: Watched, asked: float) -> Achieved:
    """What one cache's series achieved against `asked` false observations a series and week.

    kept: even if every unsigned one was false, and allowing for chance. over: the false alarms
    alone are more than chance explains.
    """
    weeks = watched.series_weeks
    at_least = at_most = lower = upper = float("nan")
    answer: Answer = "not known yet"
    if weeks > 0:
        most = watched.false_alarms + watched.unsigned
        at_least, at_most = watched.false_alarms / weeks, most / weeks
        lower = poisson_limits(watched.false_alarms, weeks)[0]
        upper = poisson_limits(most, weeks)[1]
        answer = "over" if lower > asked else "kept" if upper <= asked else "not known yet"
    return Achieved(
        watched.cache_name, asked, weeks, watched.false_alarms, watched.unsigned, watched.real,
        at_least, at_most, lower, upper, answer,
    )  # fmt: skip


def together(lines: Iterable[Achieved]) -> Achieved:
    """All caches as one; asked is the mean over what was watched, plain where nothing was."""
    every = list(lines)
    weeks = sum(each.series_weeks for each in every)
    wanted = sum(each.asked * each.series_weeks for each in every)
    whole = Watched(
        "",
        round(weeks * MINUTES_A_WEEK),
        sum(each.false_alarms for each in every),
        sum(each.unsigned for each in every),
        sum(each.real for each in every),
    )
    plain = sum(each.asked for each in every) / len(every) if every else float("nan")
    found = achieved(whole, wanted / weeks if weeks > 0 else plain)
    return replace(found, cache_name=None)
