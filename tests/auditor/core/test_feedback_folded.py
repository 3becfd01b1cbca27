"""Feedback in the fold: what it silences has no row, and every minute of it is noted."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from planted import DAY, LEGACY, NEW, lost_hits

from auditor.backtesting.problems import Problems
from auditor.judging.judgement import Judged, judge
from auditor.judging.learning import Learned
from auditor.observing.feedback import Feedback, Reason, scope
from auditor.observing.fold import Folded, folded
from auditor.observing.observation import Opened, Reopened
from auditor.observing.severity import Severity
from auditor.refreshing.problems import Problem
from auditor.statistics.forest import Forest
from baselines.series import SeriesKey, Windows

NOON = DAY + 720
Said = Callable[..., Feedback]


@pytest.fixture
def said(next_days: Windows) -> Said:
    """Feedback on all of the cache, at any severity, that counts in rows from..until."""

    def said(
        reason: Reason = "expected",
        until: int | None = None,
        revoked: int | None = None,
        at: int = NOON - 100,
        bar: float = 1e9,
        severity: Severity = Severity.CRITICAL,
    ) -> Feedback:
        start = next_days.start
        return Feedback(
            id=7, observation_id=UUID(int=1), reason=reason,
            scope=scope("cache", NEW.cache_name, None, None), signed_by="ann", at=start + at,
            expires=None if until is None else start + until,
            revoked=None if revoked is None else start + revoked,
            since=start + at, bar=bar, severity=severity,
        )  # fmt: skip

    return said


@pytest.fixture
def judged(learned: Learned, forest: Forest, next_days: Windows) -> Judged:
    """A quarter of an hour of deep loss, and forty quiet minutes."""
    windows = lost_hits(next_days, NOON, NOON + 15, 0.6).rows(0, NOON + 40)
    return judge(windows, learned, since=windows.start + NOON - 10, forest=forest)


def opened_at(found: Folded, windows: Windows) -> list[int]:
    return [each.minute - windows.start for each in found.changes if isinstance(each, Opened)]


def test_what_is_expected_has_no_row_and_is_noted(
    judged: Judged, next_days: Windows, said: Said
) -> None:
    (opened,) = opened_at(folded([], judged), next_days)
    found = folded([], judged, feedback=[said()])
    assert found.changes == []
    minutes = [each.minute - next_days.start for each in found.silenced if each.key == NEW]
    assert minutes[0] == opened
    assert len(minutes) >= NOON + 15 - opened
    assert {each.feedback_id for each in found.silenced} == {7}


@pytest.mark.parametrize("ends", ["until", "revoked"])
def test_it_opens_in_the_minute_in_which_feedback_ends(
    judged: Judged, next_days: Windows, said: Said, ends: str
) -> None:
    found = folded([], judged, feedback=[said(**{ends: NOON + 8})])
    assert opened_at(found, next_days) == [NOON + 8]
    assert max(each.minute for each in found.silenced) == next_days.start + NOON + 7


def test_what_is_worse_than_what_was_signed_speaks(
    judged: Judged, next_days: Windows, said: Said
) -> None:
    found = folded([], judged, feedback=[said(severity=Severity.INFO)])
    assert opened_at(found, next_days) == opened_at(folded([], judged), next_days)
    louder = folded([], judged, feedback=[said("false-alarm", bar=0.0)])
    assert opened_at(louder, next_days) == opened_at(folded([], judged), next_days)


def test_what_is_silenced_does_not_reopen(
    learned: Learned, forest: Forest, next_days: Windows, said: Said
) -> None:
    windows = lost_hits(lost_hits(next_days, NOON, NOON + 6, 0.6), NOON + 30, NOON + 36, 0.6)

    def run(*feedback: Feedback) -> list[bool]:
        block = windows.rows(0, NOON + 60)
        judgement = judge(block, learned, since=block.start + NOON - 10, forest=forest)
        changes = folded([], judgement, feedback=feedback).changes
        return [isinstance(each, Reopened) for each in changes]

    assert any(run())
    silent = run(said(at=NOON + 25))
    assert silent
    assert not any(silent)


@pytest.mark.parametrize(
    ("reason", "revoked", "learned_anyway"),
    [("expected", None, False), ("false-alarm", None, True), ("false-alarm", NOON + 20, False)],
)
def test_a_backtest_learns_what_was_silenced_only_where_that_was_said(
    judged: Judged,
    next_days: Windows,
    said: Said,
    reason: Reason,
    revoked: int | None,
    learned_anyway: bool,
) -> None:
    """As a daemon does; what is revoked later was no less silenced."""
    feedback = said(reason, revoked=revoked)
    problems = Problems([feedback])
    found = folded([], judged, feedback=[feedback])
    problems.note([each.observation for each in found.changes], found.silenced)
    known = problems.known([LEGACY, NEW], next_days.start + NOON + 30)
    silenced = [
        Problem(each.key, each.minute, each.minute + 1, "expected") for each in found.silenced
    ]
    assert silenced
    assert [each for each in known if each in silenced] == ([] if learned_anyway else silenced)


def test_a_new_normal_of_a_cache_is_that_of_all_its_series(next_days: Windows, said: Said) -> None:
    feedback = said("new-normal")
    elsewhere = SeriesKey("pages", "new")
    known = Problems([feedback]).known([LEGACY, NEW, elsewhere], feedback.at)
    assert known == [Problem(key, feedback.since, None, "new-normal") for key in (LEGACY, NEW)]
    assert Problems([feedback]).known([NEW], feedback.at - 1) == []
