"""Judging a stored window once more, with the minutes that led to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.explaining.judgement import Judgement, judgement
from auditor.judging.calibration import Calibration
from auditor.judging.judgement import Judged, judge
from auditor.judging.learning import Learned
from auditor.maintaining.maintenance import Maintenance
from auditor.statistics.scene import CONTEXT, EPISODE
from auditor.statistics.thresholds import Thresholds
from auditor.statistics.whole_hours import HOUR, Hours, first_hour
from baselines.metrics import BY_NAME, values
from baselines.series import SeriesKey, Windows

BEFORE = 5
"""Minutes ahead of the problem that are shown, for comparison."""


@dataclass(frozen=True, slots=True)
class Minute:
    """The leading metric in one window against its band; NaN = not measured or no baseline.

    value, expected, lower, upper: of this minute alone, in the metric's unit. surprise: of the
    window as a whole.
    """

    minute: int
    value: float
    expected: float
    lower: float
    upper: float
    surprise: float

    @property
    def deviates(self) -> bool:
        """Whether the value lies outside the band."""
        return self.value < self.lower or self.value > self.upper


@dataclass(frozen=True, slots=True)
class Again:
    """A window judged again. minutes: up to it, it is the last. calibrations: by channel."""

    judgement: Judgement
    minutes: tuple[Minute, ...]
    calibrations: Mapping[str, Calibration]

    @property
    def first_deviating(self) -> int | None:
        """First minute of the unbroken run outside the band that ends in this window.

        None where this minute alone is inside: the departure is in the sum of several.
        """
        found = None
        for each in reversed(self.minutes):
            if not each.deviates:
                break
            found = each.minute
        return found


def span(since: int, minute: int) -> tuple[int, int]:
    """(first minute to judge, first minute that it takes) for a problem since `since`."""
    first = max(since - BEFORE, minute + 1 - EPISODE)
    return first, first - CONTEXT


def hours_span(since: int, minute: int) -> tuple[int, int]:
    """The half-open span of epoch hours that the minutes of `span` are judged by."""
    first, _ = span(since, minute)
    return first_hour(first), minute // HOUR


def judge_again(
    windows: Windows,
    learned: Learned,
    hours: Hours,
    *,
    key: SeriesKey,
    minute: int,
    since: int,
    thresholds: Thresholds,
    maintenances: Sequence[Maintenance] = (),
) -> Again:
    """The judgement on one series' window by what was in force then.

    windows, hours: those of `span` and `hours_span`, of all series of the cache. learned: with the
    forest's sample. maintenances: what held in them.
    Raises ValueError when the series is not in the block.
    """
    first, _ = span(since, minute)
    upto = windows.between(windows.start, minute + 1)
    judged = judge(
        upto, learned, since=first, thresholds=thresholds, maintenances=maintenances, hours=hours
    )
    column = judged.keys.index(key)
    last = minute - judged.scene.windows.start
    found = judgement(judged, last, column, since)
    return Again(
        found,
        _minutes(judged, column, found.leading_metric, last),
        {channel: each for (whose, channel), each in learned.calibrations.items() if whose == key},
    )


def _minutes(judged: Judged, column: int, metric_name: str | None, last: int) -> tuple[Minute, ...]:
    if metric_name is None:
        return ()
    value, _ = values(BY_NAME[metric_name], judged.scene.windows)
    expected = judged.scene.expectations[metric_name]
    return tuple(
        Minute(
            judged.minute(row),
            float(value[row, column]),
            float(expected.centre[row, column]),
            float(expected.lower[row, column]),
            float(expected.upper[row, column]),
            float(judged.surprise[row, column]),
        )
        for row in range(judged.first, last + 1)
    )
