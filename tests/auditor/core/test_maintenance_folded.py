"""Maintenance in the fold: nothing opens in it, and what is still wrong after it opens then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from planted import DAY, NEW, lost_hits

from auditor.judging.judgement import Judged, judge
from auditor.judging.learning import Learned
from auditor.maintaining.maintenance import Maintenance, Once
from auditor.observing.fold import fold
from auditor.observing.observation import (
    Change,
    Escalated,
    Extended,
    Observation,
    Opened,
    Resolved,
)
from auditor.statistics.forest import Forest
from baselines.series import SeriesKey, Windows

NOON = DAY + 720
Judge = Callable[..., Judged]


@pytest.fixture
def judged(learned: Learned, forest: Forest) -> Judge:
    """Judges rows first..last, with maintenance in the rows of each span."""

    def judged(
        windows: Windows, last: int, *spans: tuple[int, int], first: int = NOON - 10
    ) -> Judged:
        several = [
            Maintenance(Once(at(windows, since), at(windows, until))) for since, until in spans
        ]
        return judge(
            windows.rows(0, last), learned, since=windows.start + first, forest=forest,
            maintenances=several,
        )  # fmt: skip

    return judged


def at(windows: Windows, row: int) -> datetime:
    return datetime.fromtimestamp((windows.start + row) * 60, UTC)


def of_new(changes: list[Change]) -> list[Change]:
    return [each for each in changes if each.observation.key == NEW]


def opened_in(changes: list[Change], start: int) -> list[int]:
    return [each.minute - start for each in of_new(changes) if isinstance(each, Opened)]


@pytest.mark.parametrize("length", [20, 180])
def test_what_is_still_wrong_when_it_ends_opens_in_that_minute(
    judged: Judge, next_days: Windows, length: int
) -> None:
    """However long it lasted: what happened in it is not the ordinary of the last hour."""
    windows = lost_hits(next_days, NOON, NOON + length + 30, 0.6)
    found = fold([], judged(windows, NOON + length + 30, (NOON - 5, NOON + length)))
    assert opened_in(found, windows.start) == [NOON + length]
    without = fold([], judged(windows, NOON + length + 30))
    assert opened_in(without, windows.start)[0] - NOON <= 2


def test_what_was_over_before_it_ends_opens_nothing(judged: Judge, next_days: Windows) -> None:
    """Also not in the first minutes after it, whose sums still reach into it."""
    windows = lost_hits(next_days, NOON, NOON + 29, 0.9)
    assert of_new(fold([], judged(windows, NOON + 120, (NOON, NOON + 30)))) == []


def test_what_opened_before_goes_on_silently_and_escalates_after(
    judged: Judge, next_days: Windows
) -> None:
    """Mild for ten minutes, deep in maintenance and after it; what it cost in it is not counted."""
    mild = lost_hits(next_days, NOON, NOON + 10, 0.1)
    windows, span = lost_hits(mild, NOON + 10, NOON + 60, 0.9), (NOON + 10, NOON + 40)
    known = of_new(fold([], judged(windows, NOON + 10)))[-1].observation
    silent = of_new(fold([known], judged(windows, NOON + 40, span, first=NOON + 10)))
    assert [type(each) for each in silent] == [Extended]
    on = silent[-1].observation
    assert (on.severity, on.damage, on.rank) == (known.severity, known.damage, known.rank)
    after = of_new(fold([on], judged(windows, NOON + 60, span, first=NOON + 40)))
    loud = [each.minute - windows.start for each in after if isinstance(each, Escalated)]
    assert loud[:1] == [NOON + 40]


def test_what_opened_before_may_resolve_in_it(judged: Judge, next_days: Windows) -> None:
    windows = lost_hits(next_days, NOON, NOON + 15, 0.6)
    found = of_new(fold([], judged(windows, NOON + 60, (NOON + 10, NOON + 60))))
    assert isinstance(found[0], Opened)
    assert isinstance(found[-1], Resolved)
    assert found[-1].minute < windows.start + NOON + 50


def test_minute_by_minute_is_the_same_as_in_one_block(judged: Judge, next_days: Windows) -> None:
    windows, span = lost_hits(next_days, NOON, NOON + 50, 0.6), (NOON - 5, NOON + 30)
    whole = fold([], judged(windows, NOON + 70, span))
    standing: dict[SeriesKey, Observation] = {}
    told: list[Change] = []
    for row in range(NOON - 10, NOON + 70):
        changes = fold(list(standing.values()), judged(windows, row + 1, span, first=row))
        standing |= {each.observation.key: each.observation for each in changes}
        told += [each for each in changes if not isinstance(each, Extended)]
    # by their text: NaN is equal to nothing
    loud = [each for each in whole if not isinstance(each, Extended)]
    assert loud
    assert sorted(map(repr, told)) == sorted(map(repr, loud))
